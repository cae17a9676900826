// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <memory>

#include "graph/packet.hpp"

namespace graph {

/// A condition on a packet's bytes, compiled by control and asked by workers. Immutable, bounded,
/// and any bytes will do.
class PacketMatch {
public:
    virtual ~PacketMatch() = default;
    virtual bool matches(const Packet& packet) const noexcept = 0;
};

/// Which packets a tracer records. All conditions must hold. Immutable once a tracer has it.
struct TraceFilter {
    /// In front of which nodes packets are marked.
    std::bitset<max_nodes> nodes;
    /// The interface that they came in by; no_interface: any.
    uint32_t rx_interface = no_interface;
    /// A condition on their bytes; nullptr: none.
    std::shared_ptr<const PacketMatch> match;
    /// Only those that are dropped for one of `drops`, in the round of the worker that marked them.
    bool by_drop = false;
    std::bitset<max_drops> drops;

    bool matches(const Packet& packet) const noexcept {
        return (rx_interface == no_interface || rx_interface == packet.meta().rx_interface) &&
               (match == nullptr || match->matches(packet));
    }
};

}  // namespace graph
