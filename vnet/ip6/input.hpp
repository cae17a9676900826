// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip6/joined_groups.hpp"
#include "vnet/ip6/range_table.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::ip6 {

/// The checks that a router makes of every IPv6 packet (RFC 8200, RFC 4291 2.5 to 2.7, RFC 7045),
/// before any other part looks at it. What passes is on the arc "ip6-unicast", or, where the router
/// listens to the group, with ip6-local. Padding behind the packet is cut off. Extension headers
/// are walked with a bound (wire::walk_ip6); l4_offset is where the upper layer begins, or, in a
/// fragment that is not the first, where its piece of it begins.
class Input {
public:
    enum class Next : graph::Edge { local, icmp_error };
    enum class Drop : graph::Edge {
        truncated,
        version,
        payload_length,
        source,
        destination,
        not_enabled,
        link_group,
        not_joined,
        beyond_scope,
        bad_extensions,
        extension_limit,
        bad_options,
        unknown_option,
    };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip6-input", {{Next::local, "ip6-local"}, {Next::icmp_error, "icmp6-error"}},
        {{Drop::truncated, "truncated", "fewer bytes than an IPv6 header"},
         {Drop::version, "bad-version", "the version is not 6"},
         {Drop::payload_length, "bad-payload-length", "the payload goes beyond the packet"},
         {Drop::source, "bad-source", "no host may send from this source address (RFC 4291 2.5)"},
         {Drop::destination, "bad-destination",
          "no packet may be sent to this destination address"},
         {Drop::not_enabled, "not-enabled", "IPv6 is not enabled on the interface"},
         {Drop::link_group, "link-group",
          "a unicast packet in a link-layer broadcast or multicast"},
         {Drop::not_joined, "not-joined",
          "to a group that the router does not listen to on the interface"},
         {Drop::beyond_scope, "beyond-scope",
          "from or to a link-local address, and not for the router: it does not leave its link "
          "(RFC 4291 2.5.6); the sender is told"},
         {Drop::bad_extensions, "bad-extensions",
          "extension headers that are cut or in a wrong order, or a malformed fragment"},
         {Drop::extension_limit, "extension-limit",
          "more extension headers than are looked at (RFC 8883); the sender is told"},
         {Drop::bad_options, "bad-options", "malformed hop-by-hop options; the sender is told"},
         {Drop::unknown_option, "unknown-option",
          "a hop-by-hop option that is not known and says that the packet is to be dropped then "
          "(RFC 8200 4.2)"}});

    /// The checks of a packet depend on no other.
    static constexpr bool any_order = true;

    Input(const interface::Table& interfaces, const fib::Tables<RangeTable>& tables,
          const fib::ForwardingTable& forwarding, const JoinedGroups& groups, icmp6::ErrorSlot slot,
          graph::ArcId unicast_arc)
        : interfaces_(interfaces),
          tables_(tables),
          forwarding_(forwarding),
          groups_(groups),
          slot_(slot),
          arc_(unicast_arc) {}

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
        bool enabled_ = false;
        /// The upper half of the first byte of a right header; of none, where IPv6 is not enabled.
        uint8_t wanted_ = no_header;
        static constexpr uint8_t no_header = 0xff;
    };
    graph::To<Next, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;

private:
    graph::To<Next, Drop> check(graph::Packet& packet, Pass& pass) const noexcept;
    graph::To<Next, Drop> of_link(graph::Packet& packet, const wire::Ip6Header& ip,
                                  Pass& pass) const noexcept;
    graph::To<Next, Drop> bad_chain(graph::Packet& packet, const wire::Ip6Chain& chain,
                                    Pass& pass) const noexcept;
    graph::To<Next, Drop> check_options(graph::Packet& packet, Pass& pass,
                                        bool& passed) const noexcept;
    graph::To<Next, Drop> tell(graph::Packet& packet, Pass& pass, Drop reason,
                               wire::Icmp6ParameterProblem code, uint32_t pointer) const noexcept;
    bool is_local(wire::Ip6Address address, interface::Index interface) const noexcept;

    const interface::Table& interfaces_;
    const fib::Tables<RangeTable>& tables_;
    const fib::ForwardingTable& forwarding_;
    const JoinedGroups& groups_;
    icmp6::ErrorSlot slot_;
    graph::ArcId arc_;
};

}  // namespace vnet::ip6

extern template void graph::drive<vnet::ip6::Input>(const void*, graph::Dispatch&,
                                                    graph::Frame&) noexcept;
