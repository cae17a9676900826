// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/plain.hpp"
#include "plugins/nat44/to_vrf.hpp"

namespace nat44 {

/// Translates the destination of packets from outside, on the arc "ip4-unicast" of outside
/// interfaces: in front of routing. What is to an outside address and belongs to no session gets
/// one by a static mapping or an open port, or is dropped; what is to the router's own address and
/// to nobody inside goes on to the router.
class Out2In {
public:
    static constexpr auto info = graph::node<Drop>("nat44-out2in", drop_reasons);
    static constexpr bool any_order = true;

    /// `lookup_vrf` is the node that looks up in the VRF of the adjacency.
    Out2In(const Translators& translators, const vnet::fib::ForwardingTable& forwarding,
           graph::NodeId lookup_vrf)
        : translators_(translators), to_vrf_(forwarding, lookup_vrf) {}

    class Pass : public nat44::Pass {
    public:
        Pass(const Out2In& node, graph::Dispatch& dispatch) noexcept
            : nat44::Pass(node.translators_, dispatch) {}
    };
    graph::Hop operator()(graph::Packet& packet, Pass& pass) const noexcept {
        const vnet::flow::Ref ref = translate_plain<Side::destination>(packet, pass);
        if (!ref) [[unlikely]] {
            return not_plain(packet, pass);
        }
        const vnet::flow::Session& session = pass.table()[ref.index()];
        return onwards(packet, session, ref.direction(), pass);
    }
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    graph::Hop not_plain(graph::Packet& packet, Pass& pass) const noexcept;
    graph::Hop with_care(graph::Packet& packet, Pass& pass) const noexcept;
    graph::Hop begin(graph::Packet& packet, const Subject& subject, Pass& pass) const noexcept;
    /// To the routes of the host's VRF.
    graph::Hop onwards(graph::Packet& packet, const vnet::flow::Session& session,
                       vnet::flow::Direction direction, Pass& pass) const noexcept {
        const Vrf there = session.key(opposite(direction)).vrf;
        if (session.key(direction).vrf == there) [[likely]] {
            return pass.next(packet);
        }
        return to_vrf_(packet, there, pass.config());
    }

    const Translators& translators_;
    const ToVrf to_vrf_;
};

}  // namespace nat44
