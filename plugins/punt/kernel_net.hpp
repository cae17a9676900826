// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <array>
#include <compare>
#include <cstdint>
#include <set>

#include "vnet/device/host_link.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip6.hpp"

namespace punt {

/// An address of the router, of either family.
struct HostAddress {
    /// AF_INET or AF_INET6.
    uint8_t family = 0;
    /// In network order; of IPv4, the first four.
    std::array<uint8_t, 16> bytes{};

    static HostAddress of(vnet::wire::Ip4Address address);
    static HostAddress of(vnet::wire::Ip6Address address);
    size_t size() const noexcept;
    auto operator<=>(const HostAddress&) const = default;
};

/// What the kernel knows of the router's addresses, at its own end of a tun: the addresses
/// themselves, each alone in its network, a routing table whose only route leads to the tun, and
/// for each address a rule that what is sent from it uses that table. Asked for by rtnetlink, in
/// the namespace that the tun is in. Control thread.
class KernelNet {
public:
    /// The tun outlives it.
    explicit KernelNet(const vnet::device::HostLink& tun) : tun_(tun) {}
    ~KernelNet();
    KernelNet(const KernelNet&) = delete;
    KernelNet& operator=(const KernelNet&) = delete;

    /// Has the kernel know these addresses and no others; the tun is up. Also after it was moved to
    /// another namespace. What it refuses of one family takes nothing from the other.
    /// PERMISSION_DENIED, or UNAVAILABLE with what the kernel says.
    absl::Status set(const std::set<HostAddress>& addresses);
    /// How many addresses the kernel has.
    size_t known() const noexcept { return known_.size(); }
    /// Takes back all of it. What the kernel refuses is gone with the tun.
    void clear();

private:
    bool reach();
    absl::Status put(const HostAddress& address);
    void take(const HostAddress& address);
    absl::Status lead_out(uint8_t family);
    void forget_leftovers();
    absl::Status set_family(uint8_t family, const std::set<HostAddress>& addresses);
    absl::Status refused(const char* what, uint8_t family, int error) const;

    const vnet::device::HostLink& tun_;
    /// A netlink socket in the namespace that has this number.
    int socket_ = -1;
    uint64_t where_ = 0;
    uint32_t index_ = 0;
    std::set<HostAddress> known_;
};

}  // namespace punt
