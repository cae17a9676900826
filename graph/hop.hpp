// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

namespace graph {

/// Index of a node in the graph. Stable from registration on, never used twice in one process.
using NodeId = uint16_t;
/// Index into the list of next nodes that a node declares.
using Edge = uint16_t;
/// Index of a named drop reason, over all nodes.
using DropId = uint16_t;

/// No node. A packet that is sent there all the same is dropped as "node-removed".
inline constexpr NodeId no_node = 0x3fff;
/// The node "drop", which every graph has first.
inline constexpr NodeId drop_node = 0;

/// Where a packet goes after a node: along a declared edge, to a node known by id (an adjacency's,
/// a feature's, an interface's), to a named drop, or nowhere because the node kept it.
class Hop {
public:
    static constexpr Hop edge(Edge edge) noexcept { return Hop(edge); }
    static constexpr Hop node(NodeId id) noexcept { return Hop(uint16_t(node_flag | id)); }
    static constexpr Hop drop(uint16_t reason) noexcept {
        return Hop(uint16_t(drop_flag | reason));
    }
    /// The node took the packet (sent, held or freed it): the framework forgets it.
    static constexpr Hop consumed() noexcept { return Hop(consumed_value); }

    constexpr bool is_node() const noexcept { return (raw_ & 0xc000) == node_flag; }
    constexpr bool is_drop() const noexcept { return (raw_ & drop_flag) && raw_ != consumed_value; }
    constexpr bool is_consumed() const noexcept { return raw_ == consumed_value; }
    constexpr uint16_t index() const noexcept { return raw_ & 0x3fff; }
    constexpr uint16_t raw() const noexcept { return raw_; }
    static constexpr Hop from_raw(uint16_t raw) noexcept { return Hop(raw); }
    friend constexpr bool operator==(Hop, Hop) noexcept = default;

private:
    static constexpr uint16_t node_flag = 0x4000;
    static constexpr uint16_t drop_flag = 0x8000;
    static constexpr uint16_t consumed_value = 0xffff;
    explicit constexpr Hop(uint16_t raw) noexcept : raw_(raw) {}
    uint16_t raw_;
};

/// For a node without drop reasons.
enum class NoDrop : Edge {};

/// What a node's call operator returns: one of its edges, one of its drop reasons, or any Hop.
template <class Next, class Drop = NoDrop>
class To {
public:
    constexpr To(Next next) noexcept : hop_(Hop::edge(static_cast<Edge>(next))) {}
    constexpr To(Drop reason) noexcept : hop_(Hop::drop(static_cast<uint16_t>(reason))) {}
    constexpr To(Hop hop) noexcept : hop_(hop) {}
    constexpr operator Hop() const noexcept { return hop_; }
    constexpr uint16_t raw() const noexcept { return hop_.raw(); }

private:
    Hop hop_;
};

}  // namespace graph
