// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/fragment/drops.hpp"
#include "vnet/fragment/ports.hpp"
#include "vnet/fragment/stores.hpp"
#include "vnet/handoff/hand_over.hpp"

namespace vnet::fragment {

/// Lets stateful features know the ports of every packet, of fragments too, without putting them
/// together: a feature of the arc "ip4-unicast" or "ip6-unicast", in front of who asks for it. It
/// fills the slot "ports". Fragments that come before the first of their datagram wait for it and
/// follow it in their order; those behind it pass at once. Overlaps, duplicates and datagrams that
/// contradict themselves are dropped, so that what is let through means the same to every host
/// behind.
template <class Family>
class VirtualReassembly {
public:
    static constexpr auto info = graph::node<Drop>(Family::virtual_reassembly, drop_reasons);

    VirtualReassembly(const Stores& stores, PortsSlot slot) : stores_(stores), slot_(slot) {}

    class Pass final : public DropLosses {
    public:
        Pass(const VirtualReassembly& node, graph::Dispatch& dispatch) noexcept
            : DropLosses(dispatch),
              others_(node.stores_.engine(), dispatch, graph::Edge(Drop::handoff_full)) {
            if (!node.stores_.is_dry(dispatch.worker())) {
                store_ = &node.stores_.of(dispatch.worker());
                store_->set_limits(node.stores_.limits());
            }
        }

    private:
        friend class VirtualReassembly;
        /// Null in a dry run.
        Store* store_ = nullptr;
        handoff::HandOver others_;
    };
    graph::Hop operator()(graph::Packet& packet, Pass& pass) const noexcept;
    /// The ports that the packet has now.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    graph::Hop whole(graph::Packet& packet, Pass& pass) const noexcept;
    graph::Hop fragment(graph::Packet& packet, Pass& pass) const noexcept;
    graph::Hop first(graph::Packet& packet, Store::Datagram& datagram, Pass& pass) const noexcept;
    graph::Hop pass_on(graph::Packet& packet, Ports ports, bool later, Pass& pass) const noexcept;

    const Stores& stores_;
    PortsSlot slot_;
};

using Ip4VirtualReassembly = VirtualReassembly<Ip4>;
using Ip6VirtualReassembly = VirtualReassembly<Ip6>;
extern template class VirtualReassembly<Ip4>;
extern template class VirtualReassembly<Ip6>;

}  // namespace vnet::fragment
