// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/devargs.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <regex>

namespace vnet::device {

namespace {

constexpr std::string_view examples =
    "net_af_packet0,iface=veth0, net_af_xdp0,iface=veth0, net_memif0,..., net_vhost0,..., or a PCI "
    "address such as "
    "0000:01:00.0";

bool listens(const Devargs& devargs, std::string& path) {
    if (devargs.driver == "net_memif") {
        const auto role = devargs.argument("role", "client");
        // DPDK's own default is an abstract socket, which leaves nothing behind.
        path = devargs.argument("socket-abstract", "yes") == "no"
                   ? devargs.argument("socket", "/run/memif.sock")
                   : "";
        return role == "server" || role == "master";
    }
    if (devargs.driver == "net_vhost" || devargs.driver == "eth_vhost") {
        path = devargs.argument("iface");
        return devargs.argument("client", "0") == "0";
    }
    return false;
}

/// Whether this process may ask the kernel for XDP programs by their numbers, as AF_XDP's library
/// does to find the one on an interface: CAP_BPF does not do.
bool may_find_xdp_programs() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
    return syscall(SYS_capget, &header, data) != 0 ||
           (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN)) != 0;
}

}  // namespace

std::string_view Devargs::argument(std::string_view key, std::string_view otherwise) const {
    const auto found = arguments.find(key);
    return found == arguments.end() ? otherwise : std::string_view(found->second);
}

std::string_view Devargs::host_interface() const {
    if (driver == "net_af_packet" || driver == "net_af_xdp" || driver == "net_pcap") {
        return argument("iface", argument("rx_iface", argument("tx_iface")));
    }
    return {};
}

std::string Devargs::memif_listener() const {
    const auto role = argument("role", "client");
    return driver == "net_memif" && (role == "server" || role == "master")
               ? std::string(argument("socket", "/run/memif.sock"))
               : std::string();
}

std::string Devargs::host_queue() const {
    return fmt::format("{}/{}", host_interface(), argument("start_queue", "0"));
}

absl::StatusOr<Devargs> parse_devargs(std::string_view text) {
    Devargs devargs;
    devargs.name = text.substr(0, text.find(','));
    std::string_view rest = text.substr(devargs.name.size());
    static const std::regex pci("([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]");
    static const std::regex virtual_device("[A-Za-z][A-Za-z0-9_-]*");
    if (std::regex_match(devargs.name, pci)) {
        if (devargs.name.size() == std::strlen("01:00.0")) {
            devargs.name.insert(0, "0000:");
        }
        std::transform(devargs.name.begin(), devargs.name.end(), devargs.name.begin(),
                       [](unsigned char c) { return char(std::tolower(c)); });
    } else if (std::regex_match(devargs.name, virtual_device)) {
        devargs.driver = devargs.name.substr(0, devargs.name.find_last_not_of("0123456789") + 1);
    } else {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is no device; give one such as {}", text, examples));
    }
    devargs.text = devargs.name;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::string_view word = rest.substr(0, rest.find(','));
        const std::string_view key = word.substr(0, word.find('='));
        rest.remove_prefix(word.size());
        if (key.empty()) {
            return absl::InvalidArgumentError(fmt::format(
                "device '{}' has an argument without a name; write them as name=value", text));
        }
        devargs.arguments[std::string(key)] = word.substr(std::min(word.size(), key.size() + 1));
        devargs.text.append(",").append(word);
    }
    return devargs;
}

bool unlink_stale_socket(const std::string& path) {
    sockaddr_un address{};
    struct stat info {};
    if (path.empty() || path.size() >= sizeof(address.sun_path) ||
        lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return false;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    // A datagram socket cannot connect to one that listens, so that a living listener notices
    // nothing: it answers EPROTOTYPE, a dead one ECONNREFUSED.
    const int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool dead = probe >= 0 &&
                      connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 &&
                      errno == ECONNREFUSED;
    if (probe >= 0) {
        close(probe);
    }
    return dead && unlink(path.c_str()) == 0;
}

absl::Status prepare(const Devargs& devargs) {
    for (const std::string_view key : {"iface", "rx_iface", "tx_iface"}) {
        const std::string host(devargs.argument(key));
        if (!host.empty() && !devargs.host_interface().empty() &&
            if_nametoindex(host.c_str()) == 0) {
            return absl::NotFoundError(
                fmt::format("device '{}' asks for host interface '{}', which is not there; make it "
                            "first or name another",
                            devargs.name, host));
        }
    }
    if ((devargs.driver == "net_af_packet" || devargs.driver == "net_af_xdp") &&
        devargs.argument("iface").empty()) {
        return absl::InvalidArgumentError(fmt::format(
            "device '{0}' needs a host interface; write {0},iface=<name>", devargs.name));
    }
    if (devargs.driver == "net_af_xdp" && devargs.argument("xdp_prog").empty() &&
        !may_find_xdp_programs()) {
        return absl::PermissionDeniedError(fmt::format(
            "device '{}' needs CAP_SYS_ADMIN, without which the kernel shows nobody its "
            "XDP programs; give the daemon that right, or take net_af_packet0,iface={}",
            devargs.name, devargs.argument("iface")));
    }
    if (const std::string capture(devargs.argument("rx_pcap"));
        !capture.empty() && access(capture.c_str(), R_OK) != 0) {
        return absl::NotFoundError(fmt::format("device '{}' cannot read the capture file '{}': {}",
                                               devargs.name, capture, std::strerror(errno)));
    }
    if (devargs.driver == "net_virtio_user") {
        if (devargs.argument("server", "0") != "0") {
            return absl::InvalidArgumentError(
                fmt::format("device '{}' would wait for its peer with server=1 and hold the router "
                            "up; let the other side "
                            "listen, or use net_vhost0,iface=<socket> here",
                            devargs.name));
        }
        if (const std::string path(devargs.argument("path"));
            path.empty() || access(path.c_str(), F_OK) != 0) {
            return absl::NotFoundError(
                fmt::format("device '{}' finds no socket '{}'; start the vhost side first and give "
                            "its socket as path=",
                            devargs.name, path));
        }
    }
    if (std::string path; listens(devargs, path)) {
        unlink_stale_socket(path);
    }
    return absl::OkStatus();
}

}  // namespace vnet::device
