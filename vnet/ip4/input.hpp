// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::ip4 {

/// The checks that a router makes of every IPv4 packet (RFC 1812 5.2.2, 5.3.4, 5.3.7), before any
/// other part looks at it. What passes is on the arc "ip4-unicast", or, as broadcast and multicast
/// of IP or of the link, with ip4-local. Padding behind the packet is cut off; l4_offset is set.
class Input {
public:
    enum class Next : graph::Edge { local, icmp_error };
    enum class Drop : graph::Edge {
        truncated,
        version,
        header_length,
        total_length,
        fragment_overrun,
        checksum,
        source,
        destination,
        not_enabled,
        bad_options,
        source_routed,
    };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip4-input", {{Next::local, "ip4-local"}, {Next::icmp_error, "icmp4-error"}},
        {{Drop::truncated, "truncated", "fewer bytes than an IPv4 header"},
         {Drop::version, "bad-version", "the version is not 4"},
         {Drop::header_length, "bad-header-length",
          "the header length is under 20 or beyond the packet"},
         {Drop::total_length, "bad-total-length",
          "the total length is under the header's or beyond the packet"},
         {Drop::fragment_overrun, "fragment-overrun",
          "a fragment that would end behind 65535 bytes"},
         {Drop::checksum, "bad-checksum", "the header checksum is wrong"},
         {Drop::source, "bad-source", "no host may send from this source address (RFC 1812 5.3.7)"},
         {Drop::destination, "bad-destination",
          "no packet may be sent to this destination address"},
         {Drop::not_enabled, "not-enabled", "the interface has no IPv4 address"},
         {Drop::bad_options, "bad-options", "malformed options; the sender is told"},
         {Drop::source_routed, "source-routed", "source routes are not followed (RFC 7126 4.3)"}});

    /// The checks of a packet depend on no other.
    static constexpr bool any_order = true;

    Input(const interface::Table& interfaces, icmp4::ErrorSlot slot, graph::ArcId unicast_arc)
        : interfaces_(interfaces), slot_(slot), arc_(unicast_arc) {}

    /// What is known of the interface of the packets at hand.
    class Pass {
    public:
        Pass(const Input& node, graph::Dispatch& dispatch) noexcept
            : interfaces_(node.interfaces_),
              dispatch_(dispatch),
              arc_(dispatch.entrance(node.arc_)) {}

    private:
        friend class Input;
        void turn_to(interface::Index index) noexcept;

        const interface::Table& interfaces_;
        graph::Dispatch& dispatch_;
        graph::ArcEntrance arc_;
        interface::Index index_ = graph::no_interface;
        /// It has an address.
        bool enabled_ = false;
        /// The first byte of an ordinary header; of none, where the interface has no address.
        uint64_t wanted_ = no_header;
        static constexpr uint64_t no_header = ~uint64_t(0);
    };
    graph::To<Next, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;

private:
    graph::To<Next, Drop> check(graph::Packet& packet, Pass& pass) const noexcept;
    graph::To<Next, Drop> with_options(graph::Packet& packet, Pass& pass) const noexcept;
    graph::To<Next, Drop> not_unicast(const wire::Ip4Header& ip) const noexcept;

    const interface::Table& interfaces_;
    icmp4::ErrorSlot slot_;
    graph::ArcId arc_;
};

}  // namespace vnet::ip4

extern template void graph::drive<vnet::ip4::Input>(const void*, graph::Dispatch&,
                                                    graph::Frame&) noexcept;
