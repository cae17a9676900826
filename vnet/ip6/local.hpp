// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/ip6/range_table.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::ip6 {

/// Who takes what is addressed to the router.
using ip4::LocalTable;

/// Takes in packets that are for the router or for a group: refuses what pretends to come from it
/// and extension headers that a destination has to refuse (RFC 8200 4.2, 4.4), and has fragments
/// put together, which it then gets whole. What passes is on the arc "ip6-local".
class Local {
public:
    enum class Next : graph::Edge { icmp_error, reassemble };
    enum class Drop : graph::Edge {
        truncated,
        spoofed_source,
        routing_header,
        unknown_option,
        bad_options,
        bad_headers,
        fragmented_discovery
    };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip6-local", {{Next::icmp_error, "icmp6-error"}, {Next::reassemble, "ip6-reassemble"}},
        {{Drop::truncated, "truncated", "shorter than its header"},
         {Drop::spoofed_source, "spoofed-source", "its source is an address of the router itself"},
         {Drop::routing_header, "routing-header",
          "a routing header with segments left, which is not followed (RFC 5095); the sender is "
          "told"},
         {Drop::unknown_option, "unknown-option",
          "a destination option that is not known and says that the packet is to be dropped then "
          "(RFC 8200 4.2)"},
         {Drop::bad_options, "bad-options", "malformed destination options; the sender is told"},
         {Drop::bad_headers, "bad-headers",
          "extension headers of a packet that came in fragments, which do not lead to its end"},
         {Drop::fragmented_discovery, "fragmented-discovery",
          "neighbor discovery behind a fragment header, which is never heard (RFC 6980 5)"}});

    Local(const fib::Tables<RangeTable>& tables, const fib::ForwardingTable& forwarding,
          icmp6::ErrorSlot slot, graph::ArcId arc)
        : tables_(tables), forwarding_(forwarding), slot_(slot), arc_(arc) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;

private:
    graph::To<Next, Drop> with_extensions(graph::Packet& packet, const wire::Ip6Header& ip,
                                          graph::Dispatch& dispatch) const noexcept;
    graph::To<Next, Drop> tell(graph::Packet& packet, graph::Dispatch& dispatch, Drop reason,
                               wire::Icmp6ParameterProblem code, uint32_t pointer) const noexcept;
    bool is_local(wire::Ip6Address address, interface::Index interface) const noexcept;

    const fib::Tables<RangeTable>& tables_;
    const fib::ForwardingTable& forwarding_;
    icmp6::ErrorSlot slot_;
    graph::ArcId arc_;
};

/// The end of the arc "ip6-local": to the node that took the protocol or port, else the sender is
/// told that there is nobody (RFC 4443 3.1, 3.4).
class Deliver {
public:
    enum class Next : graph::Edge { icmp_error };
    enum class Drop : graph::Edge { truncated, no_protocol, no_port, no_listener, no_payload };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip6-deliver", {{Next::icmp_error, "icmp6-error"}},
        {{Drop::truncated, "truncated", "shorter than its transport header"},
         {Drop::no_protocol, "no-protocol", "an IP protocol that nobody takes; the sender is told"},
         {Drop::no_port, "no-port", "a TCP or UDP port that nobody takes; the sender is told"},
         {Drop::no_listener, "no-listener", "a multicast packet that nobody takes"},
         {Drop::no_payload, "no-payload",
          "nothing follows its headers (RFC 8200 4.7), so it is for nobody"}});

    Deliver(const LocalTable& local, icmp6::ErrorSlot slot) : local_(local), slot_(slot) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;

private:
    graph::To<Next, Drop> nobody(graph::Packet& packet, const wire::Ip6Header& ip, Drop reason,
                                 wire::Icmp6Type type, uint8_t code, uint32_t rest,
                                 graph::Dispatch& dispatch) const noexcept;
    const LocalTable& local_;
    icmp6::ErrorSlot slot_;
};

}  // namespace vnet::ip6
