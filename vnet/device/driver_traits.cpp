// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/driver_traits.hpp"

#include <fcntl.h>
#include <rte_alarm.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <semaphore>

namespace vnet::device {

namespace {

/// A number among a socket's options; -1 for what is no socket.
int option(int fd, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

DriverTraits traits_of(std::string_view driver) {
    DriverTraits traits;
    if (driver == "net_af_packet") {
        traits.restarts = false;
        traits.fills_while_down = true;
        traits.socket_domain = AF_PACKET;
        traits.sockets_at_once = true;
    } else if (driver == "net_af_xdp") {
        traits.fills_while_down = true;
        traits.leaves_sockets = true;
        traits.socket_domain = AF_XDP;
    } else if (driver == "net_ring" || driver == "net_pcap") {
        traits.takes_any_mac = true;
        traits.chains = driver == "net_pcap";
    } else if (driver == "net_memif" || driver == "net_vhost") {
        traits.takes_any_mac = true;
        traits.queues_in_pairs = true;
        traits.chains = true;
    } else if (driver == "net_virtio_user" || driver == "net_virtio") {
        traits.queues_in_pairs = true;
    }
    return traits;
}

std::vector<OpenSocket> open_sockets(int domain) {
    std::vector<OpenSocket> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const int fd = std::atoi(entry.path().filename().c_str());
        struct stat info {};
        if (option(fd, SO_DOMAIN) == domain && fstat(fd, &info) == 0) {
            found.emplace_back(fd, info.st_ino);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<OpenSocket> opened_since(const std::vector<OpenSocket>& before, int domain) {
    std::vector<OpenSocket> found = open_sockets(domain);
    std::erase_if(found, [&](const OpenSocket& socket) {
        return std::find(before.begin(), before.end(), socket) != before.end();
    });
    return found;
}

void close_sockets(const std::vector<OpenSocket>& sockets) {
    for (const auto& [fd, inode] : sockets) {
        struct stat info {};
        if (fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) && info.st_ino == inode) {
            close(fd);
        }
    }
}

void silence_listener(const std::string& name) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const int fd = std::atoi(entry.path().filename().c_str());
        if (option(fd, SO_DOMAIN) != AF_UNIX || option(fd, SO_ACCEPTCONN) != 1) {
            continue;
        }
        sockaddr_un address{};
        socklen_t size = sizeof(address) - 1;
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
        // An abstract name begins with a zero byte.
        const char* bound = address.sun_path[0] == 0 ? address.sun_path + 1 : address.sun_path;
        if (name != bound) {
            continue;
        }
        const int silent = eventfd(0, EFD_CLOEXEC);
        if (silent >= 0) {
            dup3(silent, fd, O_CLOEXEC);
            close(silent);
        }
        return;
    }
}

void wait_for_interrupt_thread() {
    // Outlives a ring that comes after the wait for it was given up.
    static std::counting_semaphore<> rung{0};
    // Alarms are run by that thread, and what one round takes off its list is freed in the next
    // one.
    for (unsigned round = 0; round < 2; ++round) {
        if (rte_eal_alarm_set(
                1, [](void*) { rung.release(); }, nullptr) != 0) {
            return;
        }
        rung.try_acquire_for(std::chrono::seconds(1));
    }
}

}  // namespace vnet::device
