// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/testing/host.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace vnet::device::testing {

namespace {

bool ask(const std::string& interface, unsigned long what, ifreq& request) {
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool done = ioctl(fd, what, &request) == 0;
    close(fd);
    return done;
}

}  // namespace

std::string enter_own_network() {
    if (unshare(CLONE_NEWNET) != 0) {
        return std::string("a network namespace of its own needs root: ") + std::strerror(errno);
    }
    if (access("/dev/net/tun", R_OK | W_OK) != 0) {
        return "/dev/net/tun is missing";
    }
    return "";
}

bool run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

bool host_exists(const std::string& interface) {
    return if_nametoindex(interface.c_str()) != 0;
}

bool host_is_up(const std::string& interface) {
    ifreq request{};
    return ask(interface, SIOCGIFFLAGS, request) && (request.ifr_flags & IFF_UP) != 0;
}

bool set_host_up(const std::string& interface, bool up) {
    ifreq request{};
    if (!ask(interface, SIOCGIFFLAGS, request)) {
        return false;
    }
    request.ifr_flags = short(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    return ask(interface, SIOCSIFFLAGS, request);
}

int host_mtu(const std::string& interface) {
    ifreq request{};
    return ask(interface, SIOCGIFMTU, request) ? request.ifr_mtu : 0;
}

wire::MacAddress host_mac(const std::string& interface) {
    ifreq request{};
    ask(interface, SIOCGIFHWADDR, request);
    std::array<uint8_t, 6> bytes;
    std::memcpy(bytes.data(), request.ifr_hwaddr.sa_data, bytes.size());
    return wire::MacAddress(bytes);
}

HostSocket::HostSocket(const std::string& interface)
    : fd_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = int(if_nametoindex(interface.c_str()));
    if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
        throw std::runtime_error("no raw socket on " + interface + ": " + std::strerror(errno));
    }
    // Room for all that a test sends before it looks, and no place lost to what this side sends.
    const int bytes = 8 << 20;
    const int yes = 1;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    setsockopt(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes));
}

HostSocket::~HostSocket() {
    close(fd_);
}

bool HostSocket::send(const Bytes& frame) const {
    return write(fd_, frame.data(), frame.size()) == ssize_t(frame.size());
}

Bytes HostSocket::receive(uint16_t ether_type) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
        pollfd ready{fd_, POLLIN, 0};
        if (poll(&ready, 1, 100) <= 0) {
            continue;
        }
        Bytes frame(65536);
        sockaddr_ll from{};
        socklen_t size = sizeof(from);
        const ssize_t length =
            recvfrom(fd_, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (length >= 14 && from.sll_pkttype != PACKET_OUTGOING &&
            from.sll_protocol == htons(ether_type)) {
            frame.resize(size_t(length));
            return frame;
        }
    }
    return {};
}

OtherNetwork::OtherNetwork() {
    int ready[2];
    if (pipe(ready) != 0 || (pid_ = fork()) < 0) {
        throw std::runtime_error(std::strerror(errno));
    }
    if (pid_ == 0) {
        const bool away = unshare(CLONE_NEWNET) == 0;
        (void)!write(ready[1], &away, sizeof(away));
        pause();
        _exit(0);
    }
    bool away = false;
    (void)!read(ready[0], &away, sizeof(away));
    close(ready[0]);
    close(ready[1]);
}

OtherNetwork::~OtherNetwork() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

}  // namespace vnet::device::testing
