// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/pass.hpp"
#include "plugins/nat44/tell_sender.hpp"
#include "plugins/nat44/to_vrf.hpp"

namespace nat44 {

/// Leads packets from inside to an outside address back inside, to whom that address and port
/// belong, with both ends translated (RFC 4787 REQ-9): on the arc "ip4-local" of inside
/// interfaces, where what is to an outside address ends, so that other packets do not meet it. So
/// do answers of a target of twice NAT, for which the outside address stands for the client. What
/// is to the router itself goes on. On outside interfaces too: an error of the router itself about
/// a packet that was translated at both ends is to the address that stood for its sender.
class Hairpin {
public:
    static constexpr auto info = graph::node<Drop>("nat44-hairpin", drop_reasons);

    Hairpin(const Translators& translators, const vnet::fib::ForwardingTable& forwarding,
            graph::NodeId lookup_vrf, const TellSender::Parts& parts)
        : translators_(translators), to_vrf_(forwarding, lookup_vrf), tell_sender_(parts) {}

    class Pass : public nat44::Pass {
    public:
        Pass(const Hairpin& node, graph::Dispatch& dispatch) noexcept
            : nat44::Pass(node.translators_, dispatch) {}
    };
    graph::Hop operator()(graph::Packet& packet, Pass& pass) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    graph::Hop own_error(graph::Packet& packet, const Subject& subject, Pass& pass) const noexcept;
    graph::Hop onwards(graph::Packet& packet, const vnet::flow::Session& session,
                       vnet::flow::Direction direction, Pass& pass) const noexcept;

    const Translators& translators_;
    const ToVrf to_vrf_;
    const TellSender tell_sender_;
};

}  // namespace nat44
