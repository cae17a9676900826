// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/node.hpp"
#include "plugins/nat44/packet.hpp"

namespace nat44 {

/// Why a packet is not translated and goes no further; of all nodes.
enum class Drop : graph::Edge {
    truncated,
    bad_quote,
    no_session,
    filtered,
    no_address,
    no_port,
    no_block,
    host_ports,
    clash,
    host_limit,
    table_full,
    host_rate,
    hosts_full,
    mappings_full,
    no_vrf,
};
inline constexpr graph::DropReason<Drop> drop_reasons[] = {
    {Drop::truncated, "truncated", "its ports and checksum are not all there"},
    {Drop::bad_quote, "bad-quote",
     "an ICMP error that quotes what nobody sent, or with a wrong checksum (RFC 5508 REQ-3)"},
    {Drop::no_session, "no-session", "nobody inside has a session or a mapping for it"},
    {Drop::filtered, "filtered",
     "to a port of a host that did not speak with the sender (RFC 4787 5)"},
    {Drop::no_address, "no-address", "the pool has no address for the host"},
    {Drop::no_port, "no-port", "no port of the outside address is left"},
    {Drop::no_block, "no-block", "no block of ports of the outside address is left for the host"},
    {Drop::host_ports, "host-ports",
     "the host has all the ports that it may have: blocks, or those of its own"},
    {Drop::clash, "clash", "its answers could not be told from another session's"},
    {Drop::host_limit, "host-limit", "the host has as many sessions as it may have"},
    {Drop::table_full, "table-full", "there is no room for a session"},
    {Drop::host_rate, "host-rate", "the host begins more sessions a second than it may"},
    {Drop::hosts_full, "hosts-full", "there is no room for a host that has no session yet"},
    {Drop::mappings_full, "mappings-full", "there is no room for a mapping"},
    {Drop::no_vrf, "no-vrf", "of a session that is ending, to a VRF that nothing is for any more"},
};

constexpr graph::Hop drop(Drop reason) noexcept {
    return graph::Hop::drop(graph::Edge(reason));
}
/// Nobody inside may be told of the packet; the router itself may still be whom it is for.
constexpr bool is_nobodys(Verdict verdict) noexcept {
    return verdict == Verdict::no_session || verdict == Verdict::filtered;
}
constexpr Drop drop_for(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::filtered:
            return Drop::filtered;
        case Verdict::no_address:
            return Drop::no_address;
        case Verdict::no_port:
            return Drop::no_port;
        case Verdict::no_block:
            return Drop::no_block;
        case Verdict::host_ports:
            return Drop::host_ports;
        case Verdict::clash:
            return Drop::clash;
        case Verdict::host_limit:
            return Drop::host_limit;
        case Verdict::table_full:
            return Drop::table_full;
        case Verdict::host_rate:
            return Drop::host_rate;
        case Verdict::hosts_full:
            return Drop::hosts_full;
        case Verdict::mappings_full:
            return Drop::mappings_full;
        default:
            return Drop::no_session;
    }
}
constexpr Drop drop_for(Done done) noexcept {
    return done == Done::truncated   ? Drop::truncated
           : done == Done::bad_quote ? Drop::bad_quote
                                     : Drop::no_session;
}

}  // namespace nat44
