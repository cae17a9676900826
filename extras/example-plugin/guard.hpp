// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "floors.hpp"
#include "graph/driver.hpp"
#include "graph/slots.hpp"

namespace ttl_guard {

/// What the guard decided by, left in the packet: a trace tells it long after the floor may have
/// changed.
struct Note {
    uint8_t ttl;
    uint8_t floor;
};

/// Drops packets whose TTL is under the floor of the interface that they came in by (RFC 5082 3).
/// Stands on the arc "ip4-unicast", behind ip4-input: the header is known to be whole, and no
/// router but the senders' has lowered the TTL yet. One object serves all workers.
class Guard {
public:
    enum class Drop : graph::Edge { too_far };
    static constexpr auto info = graph::node<Drop>(
        "ttl-guard",
        {{Drop::too_far, "ttl-under-floor",
          "the TTL is under the interface's floor: the sender is further away than allowed"}});

    /// What becomes of a packet depends on no other: the framework may show them in any order.
    static constexpr bool any_order = true;

    /// `floors` must outlive it.
    Guard(Floors& floors, graph::Slot<Note> note) : floors_(floors), note_(note) {}

    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept;
    /// For `show trace`: the TTL and the floor that met. Control thread.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    Floors& floors_;
    graph::Slot<Note> note_;
};

}  // namespace ttl_guard
