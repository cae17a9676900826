// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/driver_traits.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace vnet::device {

DriverTraits traits_of(std::string_view driver) {
    DriverTraits traits;
    if (driver == "net_af_packet") {
        traits.restarts = false;
        traits.fills_while_down = true;
    } else if (driver == "net_af_xdp") {
        traits.fills_while_down = true;
        traits.leaves_sockets = true;
    } else if (driver == "net_ring" || driver == "net_pcap") {
        traits.takes_any_mac = true;
    } else if (driver == "net_memif" || driver == "net_vhost") {
        traits.takes_any_mac = true;
        traits.queues_in_pairs = true;
    } else if (driver == "net_virtio_user" || driver == "net_virtio") {
        traits.queues_in_pairs = true;
    }
    return traits;
}

std::vector<std::pair<int, ino_t>> xdp_sockets() {
    std::vector<std::pair<int, ino_t>> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const int fd = std::atoi(entry.path().filename().c_str());
        int domain = 0;
        socklen_t size = sizeof(domain);
        struct stat info {};
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_XDP &&
            fstat(fd, &info) == 0) {
            found.emplace_back(fd, info.st_ino);
        }
    }
    return found;
}

void close_sockets(const std::vector<std::pair<int, ino_t>>& sockets) {
    for (const auto& [fd, inode] : sockets) {
        struct stat info {};
        if (fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) && info.st_ino == inode) {
            close(fd);
        }
    }
}

}  // namespace vnet::device
