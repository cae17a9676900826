// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "graph/packet.hpp"

namespace graph {

/// Where a tap may look: behind an input, in front of a node that sends packets out, and where a
/// packet is dropped.
enum class TapPoint : uint8_t { rx, tx, drop };
inline constexpr unsigned tap_points = 3;

/// Looks at packets on their way, and leaves them as they are: a capture. One object serves all
/// workers. Given to them by Engine::set_tap().
class Tap {
public:
    virtual ~Tap() = default;
    /// `packets` are at `point`; for TapPoint::drop each one's Metadata::drop says why. `lane` is
    /// the index of the worker that calls, or, where control drops a packet, the number of workers.
    /// Bounded, without waiting, like a node.
    virtual void look(TapPoint point, std::span<Packet* const> packets, unsigned lane,
                      uint64_t now_tsc) noexcept = 0;
};

}  // namespace graph
