// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/fragment/drops.hpp"
#include "vnet/fragment/stores.hpp"
#include "vnet/handoff/hand_over.hpp"

namespace vnet::fragment {

/// Puts the fragments of datagrams that are for the router together (RFC 791 3.2, RFC 8200 4.5).
/// The whole packet goes back to local delivery, with the first fragment's headers and the
/// interface of the fragment that came last. Who sends a datagram of which the first fragment, but
/// not all, came in time is told (RFC 1122 3.3.2, RFC 8200 4.5). All fragments between two hosts
/// belong to one worker; the others hand them over.
template <class Family>
class Reassemble {
public:
    enum class Next : graph::Edge { local, error };
    static constexpr auto info = graph::node<Next, Drop>(
        Family::reassemble, {{Next::local, Family::local}, {Next::error, Family::error_node}},
        drop_reasons);
    static constexpr std::string_view effects =
        "held until the other fragments of its datagram have come";

    Reassemble(const Stores& stores, typename Family::ErrorSlot slot)
        : stores_(stores), slot_(slot) {}

    /// The worker's store for the packets at hand, and those that are others'.
    class Pass final : public DropLosses {
    public:
        Pass(const Reassemble& node, graph::Dispatch& dispatch) noexcept
            : DropLosses(dispatch),
              node_(node),
              store_(node.stores_.of(dispatch.worker())),
              others_(node.stores_.engine(), dispatch, graph::Edge(Drop::handoff_full)) {
            store_.set_limits(node.stores_.limits());
        }
        void lost(graph::Packet& packet, Loss why) noexcept override;

    private:
        friend class Reassemble;
        const Reassemble& node_;
        Store& store_;
        handoff::HandOver others_;
    };
    graph::Hop operator()(graph::Packet& packet, Pass& pass) const noexcept;
    /// Which part of which datagram it is.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const Stores& stores_;
    typename Family::ErrorSlot slot_;
};

using Ip4Reassemble = Reassemble<Ip4>;
using Ip6Reassemble = Reassemble<Ip6>;
extern template class Reassemble<Ip4>;
extern template class Reassemble<Ip6>;

}  // namespace vnet::fragment
