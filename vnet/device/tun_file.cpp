// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/tun_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace vnet::device {

namespace {

constexpr const char* clone_device = "/dev/net/tun";
/// Buffers of one packet that are written.
constexpr unsigned most_segments = 16;

std::string_view word(TunLayer layer) {
    return layer == TunLayer::tap ? "tap" : "tun";
}

}  // namespace

absl::Status check_host_name(const std::string& name) {
    // The kernel reads a '%' as a pattern.
    const bool good = name.size() < IFNAMSIZ && name != "." && name != ".." &&
                      std::all_of(name.begin(), name.end(), [](unsigned char c) {
                          return std::isgraph(c) != 0 && c != '/' && c != ':' && c != '%';
                      });
    if (!good) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' cannot name a host interface; use up to {} letters, digits and - _ .",
                        name, IFNAMSIZ - 1));
    }
    return absl::OkStatus();
}

absl::StatusOr<int> open_tun(TunLayer layer, const std::string& name) {
    const int fd = open(clone_device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == EACCES || errno == EPERM
                   ? absl::PermissionDeniedError(
                         fmt::format("a {} needs {}, which may not be opened; run the router as "
                                     "root or give it CAP_NET_ADMIN",
                                     word(layer), clone_device))
                   : absl::UnavailableError(fmt::format(
                         "a {} needs {}, which cannot be opened ({}); load the kernel's "
                         "module 'tun' or make the device node",
                         word(layer), clone_device, std::strerror(errno)));
    }
    ifreq request{};
    request.ifr_flags =
        short((layer == TunLayer::tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_TUN_EXCL);
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) == 0) {
        return fd;
    }
    const int error = errno;
    close(fd);
    if (error == EBUSY || error == EEXIST ||
        (error == EINVAL && if_nametoindex(name.c_str()) != 0)) {
        return absl::AlreadyExistsError(fmt::format(
            "host interface '{}' is there already; name another or delete it first", name));
    }
    if (error == EPERM || error == EACCES) {
        return absl::PermissionDeniedError(fmt::format(
            "the router may not make a {}; run it as root or give it CAP_NET_ADMIN", word(layer)));
    }
    return absl::UnavailableError(fmt::format("the kernel does not make the {} '{}': {}",
                                              word(layer), name.empty() ? word(layer) : name,
                                              std::strerror(error)));
}

int write_packet(int fd, graph::Packet& packet) noexcept {
    iovec parts[most_segments];
    unsigned count = 0;
    for (rte_mbuf* segment = packet.mbuf(); segment != nullptr; segment = segment->next) {
        if (count == most_segments) {
            return EMSGSIZE;
        }
        parts[count++] = {rte_pktmbuf_mtod(segment, void*), segment->data_len};
    }
    ssize_t written = 0;
    do {
        written = count == 1 ? write(fd, parts[0].iov_base, parts[0].iov_len)
                             : writev(fd, parts, int(count));
    } while (written < 0 && errno == EINTR);
    return written < 0 ? errno : 0;
}

}  // namespace vnet::device
