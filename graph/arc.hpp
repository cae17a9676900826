// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "graph/hop.hpp"
#include "graph/limits.hpp"
#include "graph/packet.hpp"
#include "graph/stable_array.hpp"

/// Feature arcs as workers see them. The control side is in graph/graph.hpp.
namespace graph {

/// Index of an arc. Small, given at registration.
using ArcId = uint8_t;

/// Which interface of a packet decides the features it meets on an arc.
enum class ArcSide : uint8_t { rx, tx };

/// A feature that is not on an arc has this position.
inline constexpr uint8_t no_position = 0xff;

/// One arc in one version of the graph: features in their order, and for each interface a bit for
/// each enabled one. Enabling a feature is one atomic store; the order changes only with the
/// version.
struct ArcRuntime {
    ArcRuntime() : enabled(max_interfaces) { features.fill(no_node); }

    ArcSide side = ArcSide::rx;
    /// Where a packet goes behind its last feature.
    NodeId end = no_node;
    /// By position; no_node behind the last.
    std::array<NodeId, max_features> features;
    /// By interface: bit p stands for the feature at position p. Written by control.
    StableArray<std::atomic<uint64_t>> enabled;

    uint64_t mask(const Metadata& meta) const noexcept {
        return mask(side == ArcSide::rx ? meta.rx_interface : meta.tx_interface);
    }
    uint64_t mask(uint32_t interface) const noexcept {
        // Pairs with the release in Graph::set_feature(): what control prepared for the feature is
        // there first.
        return interface < max_interfaces ? enabled[interface].load(std::memory_order_acquire) : 0;
    }
    /// The first enabled feature among those in `mask`, else the end of the arc.
    Hop first(uint64_t mask_bits) const noexcept {
        return Hop::node(mask_bits == 0 ? end : features[unsigned(std::countr_zero(mask_bits))]);
    }
};

/// Puts packets on an arc, one after the other, and asks what is enabled once for each run of
/// packets of one interface. Lives as long as a node's pass over a vector: all packets of a run
/// meet the same features, whatever control turns on meanwhile.
class ArcEntrance {
public:
    ArcEntrance(const ArcRuntime& arc, ArcId id, Hop otherwise) noexcept
        : arc_(&arc), id_(id), otherwise_(otherwise), hop_(otherwise) {}

    /// `interface` is the packet's on the arc's side.
    Hop enter(Packet& packet, uint32_t interface) noexcept {
        if (meets_feature(interface)) [[unlikely]] {
            packet.meta().arc = id_;
        }
        return hop_;
    }
    /// Whether packets of an interface meet any, for who would pass the arc by.
    bool meets_feature(uint32_t interface) noexcept {
        if (interface != interface_) [[unlikely]] {
            turn_to(interface);
        }
        return on_;
    }
    /// Where packets go that meet none.
    Hop past() const noexcept { return otherwise_; }

private:
    void turn_to(uint32_t interface) noexcept {
        const uint64_t mask = arc_->mask(interface);
        interface_ = interface;
        on_ = mask != 0;
        hop_ = on_ ? arc_->first(mask) : otherwise_;
    }

    const ArcRuntime* arc_;
    ArcId id_;
    Hop otherwise_;
    bool on_ = false;
    Hop hop_;
    /// No packet has this one; what it would meet is nothing.
    uint32_t interface_ = max_interfaces;
};

}  // namespace graph
