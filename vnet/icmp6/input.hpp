// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip4/local.hpp"

namespace vnet::icmp6 {

/// Takes the ICMPv6 messages that are addressed to the router (RFC 4443): answers echo requests,
/// those to a group too, and gives neighbor discovery to nd-input and queries of multicast listener
/// discovery to mld-input. Other messages to
/// an address that means something beyond the link are for whoever takes what nobody else does.
/// Where nobody does they are dropped by name.
class Input {
public:
    enum class Next : graph::Edge { lookup, neighbor_discovery, listener_query };
    enum class Drop : graph::Edge { truncated, bad_checksum, no_address, unknown_type };
    static constexpr auto info = graph::node<Next, Drop>(
        "icmp6-input",
        {{Next::lookup, "ip6-lookup"},
         {Next::neighbor_discovery, "nd-input"},
         {Next::listener_query, "mld-input"}},
        {{Drop::truncated, "truncated", "an ICMPv6 message shorter than its header"},
         {Drop::bad_checksum, "bad-checksum", "the ICMPv6 checksum is wrong"},
         {Drop::no_address, "no-source-address",
          "an echo request to a group, and no address to answer it from"},
         {Drop::unknown_type, "not-for-router",
          "an ICMPv6 message that the router has no use for"}});

    Input(const interface::Table& interfaces, const ip4::LocalTable& local)
        : interfaces_(interfaces), local_(local) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet) const noexcept;

private:
    const interface::Table& interfaces_;
    const ip4::LocalTable& local_;
};

}  // namespace vnet::icmp6
