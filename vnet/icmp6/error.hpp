// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/rate_limit.hpp"
#include "graph/slots.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip6/range_table.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::icmp6 {

/// What a node asks of icmp6-error: the error that is to be told to the sender of this packet.
struct ErrorRequest {
    wire::Icmp6Type type;
    uint8_t code;
    uint16_t reserved;
    /// The four bytes behind the checksum, host byte order: next-hop MTU, pointer.
    uint32_t rest;
};
using ErrorSlot = graph::Slot<ErrorRequest>;

/// Fills the slot; the caller then sends the packet to "icmp6-error".
inline void ask(const ErrorSlot& slot, graph::Packet& packet, wire::Icmp6Type type, uint8_t code,
                uint32_t rest = 0) noexcept {
    slot.of(packet) = {type, code, 0, rest};
}

/// Turns a packet into the ICMPv6 error about it (RFC 4443), to be routed back to its sender. The
/// error quotes the packet from its IPv6 header on, up to 1280 bytes in all. It comes from the
/// address that the packet was for, where that is the router's own (2.2 a). No error is made about
/// an ICMPv6 error or redirect, a fragment behind the first, a packet from no one host, or one to a
/// group, but for those that RFC 4443 2.4 (e.3) allows; and only so many a second (2.4 f). Each
/// suppressed one is a drop with a name.
class Error {
public:
    enum class Next : graph::Edge { lookup };
    enum class Drop : graph::Edge {
        about_error,
        about_group,
        about_fragment,
        about_source,
        no_address,
        rate_limited,
        no_headroom,
    };
    static constexpr auto info = graph::node<Next, Drop>(
        "icmp6-error", {{Next::lookup, "ip6-lookup"}},
        {{Drop::about_error, "about-icmp-error",
          "no ICMPv6 error is sent about an ICMPv6 error or redirect"},
         {Drop::about_group, "about-group", "no ICMPv6 error is sent about a multicast packet"},
         {Drop::about_fragment, "about-fragment",
          "no ICMPv6 error is sent about a fragment behind the first"},
         {Drop::about_source, "about-source", "the packet's source is not one host's address"},
         {Drop::no_address, "no-source-address",
          "the router has no IPv6 address to send the error from"},
         {Drop::rate_limited, "rate-limited", "more ICMPv6 errors than may be sent in a second"},
         {Drop::no_headroom, "no-headroom",
          "no room in front of the packet for the error's headers"}});
    /// For each worker.
    using Limit = graph::RateLimit::Limit;

    Error(const interface::Table& interfaces, const fib::Tables<ip6::RangeTable>& tables,
          const fib::ForwardingTable& forwarding, ErrorSlot slot, unsigned workers, Limit limit)
        : interfaces_(interfaces),
          tables_(tables),
          forwarding_(forwarding),
          slot_(slot),
          limit_(workers, limit) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;
    /// Which error it was asked for.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    wire::Ip6Address source(const wire::Ip6Header& about,
                            interface::Index interface) const noexcept;

    const interface::Table& interfaces_;
    const fib::Tables<ip6::RangeTable>& tables_;
    const fib::ForwardingTable& forwarding_;
    ErrorSlot slot_;
    graph::RateLimit limit_;
};

}  // namespace vnet::icmp6
