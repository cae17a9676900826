// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/hop.hpp"
#include "graph/trace_record.hpp"

/// How an author describes a node. Nothing here is used by a worker.
namespace graph {

/// One next node of a node, by the author's enumerator.
template <class Next>
struct EdgeTo {
    Next next;
    std::string_view node;
};

/// A text that cannot be left out: it tells a drop reason from an edge, which has only a name.
struct Meaning : std::string_view {
    constexpr Meaning(const char* text) noexcept : std::string_view(text) {}
};

/// One drop reason of a node: a kebab-case name and what it means, for the person who reads the
/// counter.
template <class Drop>
struct DropReason {
    Drop reason;
    std::string_view name;
    Meaning meaning;
};

/// What `node<Next, Drop>(...)` makes: the constant description that a node type carries as `info`.
template <class Next, class Drop, size_t Edges, size_t Drops>
struct NodeInfo {
    std::string_view name;
    std::array<EdgeTo<Next>, Edges> edges;
    std::array<DropReason<Drop>, Drops> drops;
};

namespace detail {
/// Calling it in a constant expression is the compile error: not constexpr on purpose.
inline void enumerators_must_be_listed_in_order_from_zero() {}

template <class List, class Member>
constexpr auto in_order(const List& list, Member member) {
    for (size_t i = 0; i < list.size(); ++i) {
        if (static_cast<size_t>(list[i].*member) != i) {
            enumerators_must_be_listed_in_order_from_zero();
        }
    }
    return list;
}
}  // namespace detail

/// Describes a node that only has edges. Enumerators count from zero, listed in their order.
template <class Next, size_t Edges>
consteval auto node(std::string_view name, const EdgeTo<Next> (&edges)[Edges]) {
    return NodeInfo<Next, NoDrop, Edges, 0>{
        name, detail::in_order(std::to_array(edges), &EdgeTo<Next>::next), {}};
}

/// Describes a node with edges and drop reasons.
template <class Next, class Drop, size_t Edges, size_t Drops>
consteval auto node(std::string_view name, const EdgeTo<Next> (&edges)[Edges],
                    const DropReason<Drop> (&drops)[Drops]) {
    return NodeInfo<Next, Drop, Edges, Drops>{
        name, detail::in_order(std::to_array(edges), &EdgeTo<Next>::next),
        detail::in_order(std::to_array(drops), &DropReason<Drop>::reason)};
}

/// For a node whose every exit is a Hop found at run time, or none.
enum class NoNext : Edge {};

/// Describes a node without edges of its own: an output, or one that goes where an adjacency or an
/// arc says.
consteval auto node(std::string_view name) {
    return NodeInfo<NoNext, NoDrop, 0, 0>{name, {}, {}};
}

/// Describes a node that has drop reasons but no edges of its own.
template <class Drop, size_t Drops>
consteval auto node(std::string_view name, const DropReason<Drop> (&drops)[Drops]) {
    return NodeInfo<NoNext, Drop, 0, Drops>{
        name, {}, detail::in_order(std::to_array(drops), &DropReason<Drop>::reason)};
}

class Dispatch;
struct Frame;

enum class NodeKind {
    /// Brings packets in; polled by a worker, has no predecessors.
    input,
    internal,
    /// Packets leave the graph here.
    output,
};

/// A node as the graph keeps it: the author's description with its types erased.
struct NodeSpec {
    std::string name;
    NodeKind kind = NodeKind::internal;
    std::vector<std::string> edges;
    struct Drop {
        std::string name;
        std::string meaning;
    };
    std::vector<Drop> drops;
    /// Runs the node over a frame; nullptr for an input node, whose Source is polled instead.
    void (*process)(const void* self, Dispatch& dispatch, Frame& frame) noexcept = nullptr;
    /// The node object, kept alive by the graph.
    const void* self = nullptr;
    /// Who brought it: "core" or the plugin's name.
    std::string owner = "core";
    /// Says what the node decided about a traced packet; empty: nothing to say. Control thread.
    std::function<TraceFields(const TraceStep&)> format;
    /// What the node does to a packet beyond the packet itself, in words ("sent to ..."); empty:
    /// nothing. A dry run never runs such a node.
    std::string effects;
    /// What a dry run runs in its place; nullptr: the packet's way ends there.
    void (*preview)(const void* self, Dispatch& dispatch, Frame& frame) noexcept = nullptr;
};

}  // namespace graph
