// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/kernel_net.hpp"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "plugins/punt/netlink.hpp"

namespace punt {

namespace {

/// Our rules stand in front of the main table's, and are known by who made them.
constexpr uint32_t rule_priority = 900;
constexpr uint8_t made_by_us = 0x53;
/// A routing table of our own for each tun: its number in this, its upper bits.
constexpr uint32_t table_base = 0x53'00'00'00;
constexpr uint32_t table_index_mask = 0x00'ff'ff'ff;

std::span<const std::byte> bytes_of(const HostAddress& address) {
    return std::as_bytes(std::span(address.bytes.data(), address.size()));
}

fib_rule_hdr rule_header(uint8_t family) {
    fib_rule_hdr header{};
    header.family = family;
    header.action = FR_ACT_TO_TBL;
    return header;
}

/// The number of the interface that has this name, in the socket's namespace; 0: none.
uint32_t index_of(int socket, const std::string& name) {
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    return ioctl(socket, SIOCGIFINDEX, &request) == 0 ? uint32_t(request.ifr_ifindex) : 0;
}

bool is_there(int socket, uint32_t index) {
    ifreq request{};
    request.ifr_ifindex = int(index);
    return ioctl(socket, SIOCGIFNAME, &request) == 0;
}

netlink::Request rule_request(uint16_t type, uint16_t flags, const HostAddress& from,
                              uint32_t table) {
    netlink::Request request(type, flags);
    fib_rule_hdr header = rule_header(from.family);
    header.src_len = uint8_t(from.size() * 8);
    request.header(header);
    request.attribute(FRA_SRC, bytes_of(from));
    request.attribute(FRA_TABLE, table);
    request.attribute(FRA_PRIORITY, rule_priority);
    request.attribute(FRA_PROTOCOL, made_by_us);
    return request;
}

netlink::Request address_request(uint16_t type, uint16_t flags, const HostAddress& address,
                                 uint32_t interface) {
    netlink::Request request(type, flags);
    ifaddrmsg header{};
    header.ifa_family = address.family;
    header.ifa_prefixlen = uint8_t(address.size() * 8);
    header.ifa_index = interface;
    request.header(header);
    if (address.family == AF_INET6) {
        // The router has found out that nobody else has it.
        request.attribute(IFA_FLAGS, uint32_t(IFA_F_NODAD));
    }
    request.attribute(IFA_LOCAL, bytes_of(address));
    request.attribute(IFA_ADDRESS, bytes_of(address));
    return request;
}

}  // namespace

HostAddress HostAddress::of(vnet::wire::Ip4Address address) {
    HostAddress host;
    host.family = AF_INET;
    const uint32_t value = address.value();
    for (int i = 0; i < 4; ++i) {
        host.bytes[size_t(i)] = uint8_t(value >> (24 - 8 * i));
    }
    return host;
}

HostAddress HostAddress::of(vnet::wire::Ip6Address address) {
    HostAddress host;
    host.family = AF_INET6;
    for (int i = 0; i < 8; ++i) {
        host.bytes[size_t(i)] = uint8_t(address.high() >> (56 - 8 * i));
        host.bytes[size_t(8 + i)] = uint8_t(address.low() >> (56 - 8 * i));
    }
    return host;
}

size_t HostAddress::size() const noexcept {
    return family == AF_INET ? 4 : 16;
}

KernelNet::~KernelNet() {
    clear();
    if (socket_ >= 0) {
        close(socket_);
    }
}

absl::Status KernelNet::refused(const char* what, uint8_t family, int error) const {
    if (error == EACCES && family == AF_INET6) {
        return absl::UnavailableError(fmt::format(
            "IPv6 is switched off at '{0}'; sysctl net.ipv6.conf.{0}.disable_ipv6=0 switches it on",
            tun_.name()));
    }
    if (error == EPERM || error == EACCES) {
        return absl::PermissionDeniedError(
            fmt::format("the router may not {} at '{}'; run it as root or give it CAP_NET_ADMIN",
                        what, tun_.name()));
    }
    return absl::UnavailableError(fmt::format("the kernel does not let the router {} at '{}': {}",
                                              what, tun_.name(), std::strerror(error)));
}

/// Opens the socket anew where the tun was moved, and knows nothing there.
bool KernelNet::reach() {
    const uint64_t where = tun_.where();
    if (socket_ < 0 || where != where_) {
        if (socket_ >= 0) {
            close(socket_);
        }
        socket_ = tun_.open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
        where_ = where;
        known_.clear();
        // The kernel answers at once; were it not so, the router would not wait for it.
        const timeval patience{1, 0};
        (void)setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        forget_leftovers();
    }
    index_ = socket_ < 0 ? 0 : index_of(socket_, tun_.name());
    return index_ != 0;
}

void KernelNet::forget_leftovers() {
    netlink::Request request(RTM_GETRULE, NLM_F_DUMP);
    request.header(rule_header(AF_UNSPEC));
    struct Rule {
        HostAddress from;
        uint32_t table;
    };
    std::vector<Rule> dead;
    (void)netlink::dump(socket_, request, [&](uint16_t type, std::span<const std::byte> message) {
        fib_rule_hdr header;
        if (type != RTM_NEWRULE || message.size() < sizeof(header)) {
            return;
        }
        std::memcpy(&header, message.data(), sizeof(header));
        const auto attributes = message.subspan(sizeof(header));
        const auto maker = netlink::find(attributes, FRA_PROTOCOL);
        const auto from = netlink::find(attributes, FRA_SRC);
        const auto table = netlink::find(attributes, FRA_TABLE);
        Rule rule{{header.family, {}}, 0};
        if (maker.size() != 1 || uint8_t(maker[0]) != made_by_us ||
            from.size() != rule.from.size() || table.size() != sizeof(rule.table)) {
            return;
        }
        std::memcpy(rule.from.bytes.data(), from.data(), from.size());
        std::memcpy(&rule.table, table.data(), sizeof(rule.table));
        if (!is_there(socket_, rule.table & table_index_mask)) {
            dead.push_back(rule);
        }
    });
    for (const Rule& rule : dead) {
        (void)netlink::ask(socket_, rule_request(RTM_DELRULE, 0, rule.from, rule.table));
    }
}

absl::Status KernelNet::lead_out(uint8_t family) {
    netlink::Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
    rtmsg header{};
    header.rtm_family = family;
    header.rtm_protocol = made_by_us;
    header.rtm_scope = RT_SCOPE_LINK;
    header.rtm_type = RTN_UNICAST;
    request.header(header);
    request.attribute(RTA_TABLE, table_base | index_);
    request.attribute(RTA_OIF, index_);
    const int error = netlink::ask(socket_, request);
    return error == 0 ? absl::OkStatus() : refused("add a route", family, error);
}

absl::Status KernelNet::put(const HostAddress& address) {
    int error = netlink::ask(
        socket_, address_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address, index_));
    if (error != 0) {
        return refused("add an address", address.family, error);
    }
    error = netlink::ask(socket_, rule_request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, address,
                                               table_base | index_));
    if (error != 0 && error != EEXIST) {
        return refused("add a rule", address.family, error);
    }
    known_.insert(address);
    return absl::OkStatus();
}

void KernelNet::take(const HostAddress& address) {
    (void)netlink::ask(socket_, rule_request(RTM_DELRULE, 0, address, table_base | index_));
    (void)netlink::ask(socket_, address_request(RTM_DELADDR, 0, address, index_));
    known_.erase(address);
}

absl::Status KernelNet::set(const std::set<HostAddress>& addresses) {
    const bool reached = reach();
    if (socket_ < 0) {
        return absl::PermissionDeniedError(fmt::format(
            "the router may not enter the network namespace that '{}' was moved to; move it back, "
            "or give the router CAP_SYS_ADMIN and no RestrictNamespaces",
            tun_.name()));
    }
    if (!reached) {
        return absl::UnavailableError(
            "the kernel's end of the interface is gone; delete the interface and add it again");
    }
    for (const HostAddress& address : std::set(known_)) {
        if (!addresses.contains(address)) {
            take(address);
        }
    }
    absl::Status status = set_family(AF_INET, addresses);
    status.Update(set_family(AF_INET6, addresses));
    return status;
}

absl::Status KernelNet::set_family(uint8_t family, const std::set<HostAddress>& addresses) {
    absl::Status status;
    bool led_out = false;
    for (const HostAddress& address : addresses) {
        if (!status.ok() || address.family != family) {
            continue;
        }
        // The route goes when the tun goes down, so it is laid each time.
        if (!led_out) {
            status = lead_out(family);
            led_out = true;
        }
        if (status.ok() && !known_.contains(address)) {
            status = put(address);
        }
    }
    return status;
}

void KernelNet::clear() {
    if (!known_.empty() && reach()) {
        for (const HostAddress& address : std::set(known_)) {
            take(address);
        }
    }
    known_.clear();
}

}  // namespace punt
