// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <span>
#include <type_traits>

#include "graph/dispatch.hpp"
#include "graph/node.hpp"

/// The one loop over packets. It is instantiated in the object that defines the node, so that a
/// node from a plugin costs one indirect call a frame and its own code is inlined into the loop.
namespace graph {

/// The hops that a batch node fills in, one for each packet of its span.
class Hops {
public:
    explicit Hops(uint16_t* raw) noexcept : raw_(raw) {}
    void set(size_t index, Hop hop) noexcept { raw_[index] = hop.raw(); }

private:
    uint16_t* raw_;
};

/// What a scalar node may answer: a Hop, a To, or the bare enumeration of its own edges.
template <class Answer, class Node>
concept AnswerOf = std::convertible_to<Answer, Hop> ||
    std::same_as<Answer,
                 decltype(std::remove_cvref_t<decltype(Node::info.edges)>::value_type::next)>;

template <class Node>
concept PlainNode = requires(const Node& node, Packet& packet, Dispatch& dispatch) {
    { node(packet, dispatch) }
    noexcept->AnswerOf<Node>;
}
|| requires(const Node& node, Packet& packet) {
    { node(packet) }
    noexcept->AnswerOf<Node>;
};

/// Sees one packet, and what it remembers of those before it in the same vector: a Pass, which is
/// made from the node and the Dispatch in front of the first packet and destroyed behind the last.
/// What is the same for most packets of a vector (their interface, their adjacency) is looked up
/// once that way.
template <class Node>
concept PassNode = requires(const Node& node, Packet& packet, Dispatch& dispatch,
                            typename Node::Pass& pass) {
    typename Node::Pass;
    requires std::constructible_from<typename Node::Pass, const Node&, Dispatch&>;
    { node(packet, pass) }
    noexcept->AnswerOf<Node>;
};

/// Decides on one packet.
template <class Node>
concept ScalarNode = PlainNode<Node> || PassNode<Node>;

/// A scalar node whose decisions do not depend on the order in which it sees the packets of a
/// vector, declared by `static constexpr bool any_order = true`. It is shown them from the last to
/// the first: the headers that the node before it looked at last are still in the nearest cache,
/// which a full vector fills. Packets leave in the order in which they came all the same; what the
/// node emits goes in front of all of them.
template <class Node>
concept AnyOrderNode = ScalarNode<Node> && requires {
    requires Node::any_order;
};

/// Sees the whole vector and says for each packet where it goes. What it emits goes in front of all
/// of them.
template <class Node>
concept BatchNode = requires(const Node& node, std::span<Packet* const> packets, Hops hops,
                             Dispatch& dispatch) {
    { node(packets, hops, dispatch) }
    noexcept->std::same_as<void>;
};

/// Takes the whole vector and keeps it: an output.
template <class Node>
concept SinkNode = requires(const Node& node, std::span<Packet*> packets, Dispatch& dispatch) {
    { node(packets, dispatch) }
    noexcept->std::same_as<void>;
};

/// One packet's logic, or a vector's: one of the three forms, never two.
template <class Node>
concept AnyNode = (int(ScalarNode<Node>) + int(BatchNode<Node>) + int(SinkNode<Node>)) == 1;

/// A node that tells what it decided about a traced packet. It may look at its own state, as of
/// now. Called by control, never by workers.
template <class Node>
concept FormattingNode = requires(const Node& node, const TraceStep& step) {
    { node.format(step) } -> std::same_as<TraceFields>;
};

/// A node that does something beyond the packet and its own state for Dispatch::worker(): hands the
/// packet to control, fills a table that all share. `effects` says it in words. Outputs need not.
template <class Node>
concept NodeWithEffects = requires {
    { Node::effects } -> std::convertible_to<std::string_view>;
};

/// Of those, one that can tell without doing it where the packet would go: Hop::consumed() where it
/// would be taken.
template <class Node>
concept PreviewingNode = requires(const Node& node, Packet& packet) {
    { node.preview(packet) }
    noexcept->std::convertible_to<Hop>;
};

namespace detail {
inline constexpr unsigned prefetch_ahead = 8;
static_assert(prefetch_ahead <= Frame::slack);

/// For a packet whose bytes are not far: its buffer's header and its metadata. Any pointer will do,
/// also one to a packet that is gone.
inline void prefetch_lines(const Packet* packet) noexcept {
    // As a number: who is not there has no metadata to point to.
    const auto at = reinterpret_cast<uintptr_t>(packet);
    __builtin_prefetch(reinterpret_cast<const void*>(at));
    __builtin_prefetch(reinterpret_cast<const void*>(at + sizeof(Packet)), 1);
}
/// For one that a device has just brought.
inline void prefetch_packet(const Packet* packet) noexcept {
    __builtin_prefetch(&packet->meta(), 1);
    __builtin_prefetch(packet->data(), 1);
}

template <class Answer>
inline uint16_t raw_hop(Answer answer) noexcept {
    if constexpr (std::is_enum_v<Answer>) {
        return Hop::edge(static_cast<Edge>(answer)).raw();
    } else {
        return Hop(answer).raw();
    }
}

/// The Pass of a node that has none.
struct NoPass {
    NoPass(const auto&, Dispatch& from) noexcept : dispatch(from) {}
    Dispatch& dispatch;
};
template <class Node>
struct PassOf {
    using type = NoPass;
};
template <PassNode Node>
struct PassOf<Node> {
    using type = typename Node::Pass;
};

template <ScalarNode Node>
[[gnu::always_inline]] inline uint16_t one(const Node& node, Packet& packet, auto& pass) noexcept {
    if constexpr (PassNode<Node>) {
        return raw_hop(node(packet, pass));
    } else if constexpr (requires { node(packet, pass.dispatch); }) {
        return raw_hop(node(packet, pass.dispatch));
    } else {
        return raw_hop(node(packet));
    }
}
}  // namespace detail

/// Runs `self`, a Node, over the frame and sends its packets on.
template <AnyNode Node>
void drive(const void* self, Dispatch& dispatch, Frame& frame) noexcept {
    const Node& node = *static_cast<const Node*>(self);
    if constexpr (SinkNode<Node>) {
        node(frame.used(), dispatch);
    } else {
        alignas(64) uint16_t hops[vector_size];
        const unsigned size = frame.size;
        if constexpr (BatchNode<Node>) {
            node(std::span<Packet* const>(frame.packets, size), Hops(hops), dispatch);
        } else {
            constexpr unsigned ahead = detail::prefetch_ahead;
            typename detail::PassOf<Node>::type pass(node, dispatch);
            if constexpr (AnyOrderNode<Node>) {
                for (unsigned i = size; i-- > 0;) {
                    hops[i] = detail::one(node, *frame.packets[i], pass);
                }
            } else {
                dispatch.begin_scalar(frame, hops);
                for (unsigned i = 0; i < size; ++i) {
                    detail::prefetch_lines(frame.packets[i + ahead]);
                    dispatch.decided(i);
                    hops[i] = detail::one(node, *frame.packets[i], pass);
                }
            }
        }
        dispatch.distribute(frame, hops);
    }
}

/// Runs a node's preview over the frame. What it would take is freed.
template <PreviewingNode Node>
void drive_preview(const void* self, Dispatch& dispatch, Frame& frame) noexcept {
    const Node& node = *static_cast<const Node*>(self);
    uint16_t hops[vector_size];
    for (unsigned i = 0; i < frame.size; ++i) {
        const Hop hop = node.preview(*frame.packets[i]);
        hops[i] = hop.raw();
        if (hop.is_consumed()) {
            free_packet(frame.packets[i]);
        }
    }
    dispatch.distribute(frame, hops);
}

/// Makes the graph's description of a node type. `self` must outlive the graph.
template <AnyNode Node>
NodeSpec describe(const Node& self, std::string owner = "core") {
    NodeSpec spec;
    spec.name = Node::info.name;
    spec.kind = SinkNode<Node> ? NodeKind::output : NodeKind::internal;
    for (const auto& edge : Node::info.edges) {
        spec.edges.emplace_back(edge.node);
    }
    for (const auto& drop : Node::info.drops) {
        spec.drops.push_back({std::string(drop.name), std::string(drop.meaning)});
    }
    spec.process = &drive<Node>;
    spec.self = &self;
    spec.owner = std::move(owner);
    if constexpr (FormattingNode<Node>) {
        spec.format = [&self](const TraceStep& step) { return self.format(step); };
    }
    if constexpr (NodeWithEffects<Node>) {
        spec.effects = Node::effects;
    }
    if constexpr (PreviewingNode<Node>) {
        spec.preview = &drive_preview<Node>;
    }
    return spec;
}

}  // namespace graph
