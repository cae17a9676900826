// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/ip4/local.hpp"

namespace vnet::icmp4 {

/// Answers echo requests that are addressed to the router (RFC 792, RFC 1122 3.2.2.6). Other
/// messages are for whoever takes what nobody else does, but redirects, which a router does not
/// follow (RFC 1812 5.2.7.2). Where nobody does they are dropped by name.
class Input {
public:
    enum class Next : graph::Edge { lookup };
    enum class Drop : graph::Edge { truncated, bad_checksum, broadcast, unknown_type };
    static constexpr auto info = graph::node<Next, Drop>(
        "icmp4-input", {{Next::lookup, "ip4-lookup"}},
        {{Drop::truncated, "truncated", "an ICMP message shorter than its header"},
         {Drop::bad_checksum, "bad-checksum", "the ICMP checksum is wrong"},
         {Drop::broadcast, "broadcast-echo", "an echo request to a broadcast or multicast address"},
         {Drop::unknown_type, "not-for-router", "an ICMP message that the router has no use for"}});

    explicit Input(const ip4::LocalTable& local) : local_(local) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet) const noexcept;

private:
    const ip4::LocalTable& local_;
};

}  // namespace vnet::icmp4
