// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::neighbor {

/// Tells workers whether who speaks on a link is a neighbour that is resolved, by the MAC address
/// that it speaks from. A flood of strangers then takes nothing from those who are known: their
/// answers to probes, and their questions, have a limit of their own.
template <class Family>
class Known {
public:
    /// Both outlive it.
    Known(const fib::Tables<typename Family::Table>& tables, const fib::ForwardingTable& forwarding)
        : tables_(tables), forwarding_(forwarding) {}

    /// `packet` holds its link-layer header. Any worker.
    bool has(const graph::Packet& packet, typename Family::Address sender) const noexcept {
        const graph::Metadata& meta = packet.meta();
        const auto* frame = wire::view<wire::EthernetHeader>(packet.from_offset(meta.l2_offset));
        const fib::PathIndex path = Family::look_up(tables_.of_interface(meta.rx_interface),
                                                    Family::scoped(sender, meta.rx_interface));
        const fib::Adjacency& adjacency = forwarding_.adjacency(forwarding_.at(path));
        return frame != nullptr && adjacency.action == fib::Action::forward &&
               adjacency.interface == meta.rx_interface &&
               Family::from_next_hop(adjacency.next_hop) == sender &&
               adjacency.rewrite_length == sizeof(wire::EthernetHeader) &&
               std::memcmp(adjacency.rewrite.data() + adjacency.rewrite.size() -
                               sizeof(wire::EthernetHeader),
                           &frame->source, sizeof(frame->source)) == 0;
    }

private:
    const fib::Tables<typename Family::Table>& tables_;
    const fib::ForwardingTable& forwarding_;
};

}  // namespace vnet::neighbor
