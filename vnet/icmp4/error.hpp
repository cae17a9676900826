// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/rate_limit.hpp"
#include "graph/slots.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/wire/icmp4.hpp"

namespace vnet::icmp4 {

/// What a node asks of icmp4-error: the error that is to be told to the sender of this packet.
struct ErrorRequest {
    wire::Icmp4Type type;
    uint8_t code;
    uint16_t reserved;
    /// The four bytes behind the checksum, host byte order: next-hop MTU, pointer << 24, gateway.
    uint32_t rest;
};
using ErrorSlot = graph::Slot<ErrorRequest>;

/// Fills the slot; the caller then sends the packet to "icmp4-error".
inline void ask(const ErrorSlot& slot, graph::Packet& packet, wire::Icmp4Type type, uint8_t code,
                uint32_t rest = 0) noexcept {
    slot.of(packet) = {type, code, 0, rest};
}

/// Turns a packet into the ICMP error about it (RFC 792, RFC 1812 4.3.2), to be routed back to its
/// sender. The error quotes the packet from its IP header on, up to 576 bytes in all. No error is
/// made about an ICMP error, a fragment behind the first, or a packet that was not from and to one
/// host (RFC 1812 4.3.2.7), and only so many a second (4.3.2.8). Each suppressed one is a drop with
/// a name.
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
        "icmp4-error", {{Next::lookup, "ip4-lookup"}},
        {{Drop::about_error, "about-icmp-error", "no ICMP error is sent about an ICMP error"},
         {Drop::about_group, "about-group",
          "no ICMP error is sent about a broadcast or multicast packet"},
         {Drop::about_fragment, "about-fragment",
          "no ICMP error is sent about a fragment behind the first"},
         {Drop::about_source, "about-source", "the packet's source is not one host's address"},
         {Drop::no_address, "no-source-address",
          "the interface has no IPv4 address to send the error from"},
         {Drop::rate_limited, "rate-limited", "more ICMP errors than may be sent in a second"},
         {Drop::no_headroom, "no-headroom",
          "no room in front of the packet for the error's headers"}});

    /// For each worker.
    using Limit = graph::RateLimit::Limit;

    Error(const interface::Table& interfaces, ErrorSlot slot, unsigned workers, Limit limit)
        : interfaces_(interfaces), slot_(slot), limit_(workers, limit) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;
    /// Which error it was asked for.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const interface::Table& interfaces_;
    ErrorSlot slot_;
    graph::RateLimit limit_;
};

}  // namespace vnet::icmp4
