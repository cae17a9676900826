// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/plain.hpp"
#include "plugins/nat44/tell_sender.hpp"

namespace nat44 {

/// Translates the source of packets from inside, as they leave by an outside interface, on the arc
/// "ip4-output": behind routing, so that errors that the router sends about them say what their
/// senders know. A packet without a session gets one, where a pool or a static mapping is for its
/// sender; who has none goes as he is, and so does what is to an exempt destination.
class In2Out {
public:
    static constexpr auto info = graph::node<Drop>("nat44-in2out", drop_reasons);
    static constexpr bool any_order = true;

    In2Out(const Translators& translators, const TellSender::Parts& parts)
        : translators_(translators), tell_sender_(parts) {}

    class Pass : public nat44::Pass {
    public:
        Pass(const In2Out& node, graph::Dispatch& dispatch) noexcept
            : nat44::Pass(node.translators_, dispatch) {}
    };
    graph::Hop operator()(graph::Packet& packet, Pass& pass) const noexcept {
        const vnet::flow::Ref ref = translate_plain<Side::source>(packet, pass);
        if (!ref) [[unlikely]] {
            return not_plain(packet, pass);
        }
        return pass.next(packet);
    }
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    graph::Hop not_plain(graph::Packet& packet, Pass& pass) const noexcept;
    graph::Hop with_care(graph::Packet& packet, Pass& pass) const noexcept;
    graph::Hop own_error(graph::Packet& packet, const Subject& subject, Pass& pass) const noexcept;
    graph::Hop error(graph::Packet& packet, const Subject& subject, vnet::flow::Ref ref,
                     Pass& pass) const noexcept;
    graph::Hop begin(graph::Packet& packet, const Subject& subject, Pass& pass) const noexcept;

    const Translators& translators_;
    const TellSender tell_sender_;
};

}  // namespace nat44
