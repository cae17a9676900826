// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "graph/byte_ring.hpp"
#include "graph/counter.hpp"
#include "graph/stable_array.hpp"
#include "graph/tap.hpp"
#include "vnet/capture/filter.hpp"
#include "vnet/interface/hot.hpp"

namespace vnet::capture {

/// Which packets a capture takes, and how much of each.
struct Selection {
    /// By graph::TapPoint.
    std::array<bool, graph::tap_points> points{true, true, true};
    /// None: those of all interfaces, and those of none.
    std::vector<interface::Index> interfaces;
    std::optional<Filter> filter;
    /// Bytes that are kept of a packet.
    uint32_t snap_length = 65535;
};

/// What stands in a lane's ring in front of a packet's bytes.
struct TakenPacket {
    uint64_t tsc;
    uint32_t length;
    /// Interface that it is counted for; graph::no_interface where it has none.
    uint32_t interface;
    graph::DropId drop;
    graph::TapPoint point;
    LinkLayer link_layer;
};

/// What one lane counted for one interface. Written by the lane's thread.
struct TakenCounts {
    /// Packets at the points that are asked for.
    graph::Counter seen;
    /// Of those, what the filter did not let through.
    graph::Counter filtered;
    /// Of the others, what found the ring full.
    graph::Counter lost;
};

/// The workers' side of a capture: copies the packets that are asked for into a ring for each
/// worker, and one for control. Nothing is waited for: what does not fit is counted.
class Intake : public graph::Tap {
public:
    /// Bytes of a worker's ring: some milliseconds of small packets at full speed.
    static constexpr size_t ring_bytes = size_t(4) << 20;
    static constexpr size_t control_ring_bytes = size_t(256) << 10;

    /// `workers`: how many there are; control's lane comes behind theirs.
    Intake(Selection selection, unsigned workers);

    /// A lane's own thread.
    void look(graph::TapPoint point, std::span<graph::Packet* const> packets, unsigned lane,
              uint64_t now_tsc) noexcept override;

    /// Control thread: an interface is gone, and its index may mean another one. False where no
    /// interface that was asked for by name is left.
    bool forget(interface::Index interface) noexcept;

    const Selection& selection() const noexcept { return selection_; }
    size_t lanes() const noexcept { return lanes_.size(); }
    /// For the one thread that takes packets out.
    graph::ByteRing& ring(size_t lane) noexcept { return lanes_[lane]->ring; }

    struct Totals {
        uint64_t seen = 0;
        uint64_t filtered = 0;
        uint64_t lost = 0;
    };
    /// Any thread.
    Totals totals() const noexcept;
    Totals totals(interface::Index interface) const noexcept;

private:
    struct Lane {
        explicit Lane(size_t size) : ring(size), interfaces(graph::max_interfaces + 1) {}
        graph::ByteRing ring;
        TakenCounts all;
        /// By index; the last place is for packets of no interface.
        graph::StableArray<TakenCounts> interfaces;
    };

    bool wants(interface::Index interface) const noexcept;
    void take(graph::TapPoint point, std::span<graph::Packet* const> run,
              interface::Index interface, Lane& lane, uint64_t now_tsc) noexcept;
    bool copy(graph::TapPoint point, const graph::Packet& packet, interface::Index interface,
              Lane& lane, uint64_t now_tsc) noexcept;

    const Selection selection_;
    /// A bit an interface where only some are asked for.
    static constexpr size_t bits_a_word = 64;
    std::vector<std::atomic<uint64_t>> wanted_;
    unsigned named_ = 0;
    std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace vnet::capture
