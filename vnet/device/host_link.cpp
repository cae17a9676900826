// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/host_link.hpp"

#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace vnet::device {

namespace {

int plain_socket() {
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/// A descriptor of the namespace that the kernel's side is in, and the namespace's number; closed
/// with it. Without one on an old kernel, or without the right to ask: the tap is taken to be where
/// it was made.
struct Home {
    explicit Home(int tap_fd) : fd(ioctl(tap_fd, TUNGETDEVNETNS)) {
        struct stat info {};
        if (fd >= 0 && fstat(fd, &info) == 0) {
            number = info.st_ino;
        }
    }
    ~Home() {
        if (fd >= 0) {
            close(fd);
        }
    }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;

    /// A socket belongs for ever to the namespace it was made in, so that only a thread of its own
    /// has to go there.
    int open_socket(int domain, int type, int protocol) const {
        int made = -1;
        std::thread([&] {
            made =
                setns(fd, CLONE_NEWNET) == 0 ? socket(domain, type | SOCK_CLOEXEC, protocol) : -1;
        }).join();
        return made;
    }

    const int fd;
    uint64_t number = 0;
};

uint64_t own_namespace() {
    struct stat info {};
    return stat("/proc/self/ns/net", &info) == 0 ? info.st_ino : 0;
}

/// A request about an interface by name.
ifreq request_for(const std::string& name) {
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    return request;
}

absl::Status refusal(const std::string& name, std::string_view what) {
    if (name.empty()) {
        return absl::NotFoundError(
            "the host's side of the tap is gone; delete the interface and add it again");
    }
    return absl::UnavailableError(
        fmt::format("host interface '{}' {}: {}", name, what, std::strerror(errno)));
}

}  // namespace

HostLink::~HostLink() {
    if (socket_ >= 0) {
        close(socket_);
    }
}

std::string HostLink::name() const {
    ifreq request{};
    return ioctl(tap_fd_, TUNGETIFF, &request) == 0 ? request.ifr_name : "";
}

int HostLink::socket_there() const {
    const Home home(tap_fd_);
    if (home.number == 0) {
        if (socket_ < 0) {
            socket_ = plain_socket();
        }
        return socket_;
    }
    if (socket_ < 0 || namespace_ != home.number) {
        const int made = home.open_socket(AF_INET, SOCK_DGRAM, 0);
        if (socket_ >= 0) {
            close(socket_);
        }
        socket_ = made >= 0 ? made : plain_socket();
        namespace_ = home.number;
    }
    return socket_;
}

uint64_t HostLink::where() const {
    return Home(tap_fd_).number;
}

int HostLink::open_socket(int domain, int type, int protocol) const {
    const Home home(tap_fd_);
    // To go where one is already needs a right that a service may not have.
    return home.number == 0 || home.number == own_namespace()
               ? socket(domain, type | SOCK_CLOEXEC, protocol)
               : home.open_socket(domain, type, protocol);
}

bool HostLink::up() const {
    ifreq request = request_for(name());
    return request.ifr_name[0] != 0 && ioctl(socket_there(), SIOCGIFFLAGS, &request) == 0 &&
           (request.ifr_flags & IFF_UP) != 0;
}

absl::Status HostLink::set_up(bool up) {
    const std::string host = name();
    ifreq request = request_for(host);
    const int fd = socket_there();
    if (host.empty() || ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        return refusal(host, "cannot be asked for its state");
    }
    request.ifr_flags = short(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
        return refusal(host, up ? "cannot be set up" : "cannot be set down");
    }
    return absl::OkStatus();
}

absl::Status HostLink::set_mtu(uint32_t mtu) {
    const std::string host = name();
    ifreq request = request_for(host);
    request.ifr_mtu = int(mtu);
    if (host.empty() || ioctl(socket_there(), SIOCSIFMTU, &request) != 0) {
        return refusal(host, fmt::format("does not take an MTU of {}", mtu));
    }
    return absl::OkStatus();
}

absl::StatusOr<wire::MacAddress> HostLink::mac() const {
    const std::string host = name();
    ifreq request = request_for(host);
    if (host.empty() || ioctl(socket_there(), SIOCGIFHWADDR, &request) != 0) {
        return refusal(host, "does not tell its MAC address");
    }
    std::array<uint8_t, 6> bytes;
    std::memcpy(bytes.data(), request.ifr_hwaddr.sa_data, bytes.size());
    return wire::MacAddress(bytes);
}

}  // namespace vnet::device
