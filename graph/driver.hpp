// SPDX-License-Identifier: Apache-2.0
#pragma once

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
concept ScalarNode = requires(const Node& node, Packet& packet, Dispatch& dispatch) {
    { node(packet, dispatch) }
    noexcept->AnswerOf<Node>;
}
|| requires(const Node& node, Packet& packet) {
    { node(packet) }
    noexcept->AnswerOf<Node>;
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

namespace detail {
inline constexpr unsigned prefetch_ahead = 6;

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

template <ScalarNode Node>
inline uint16_t one(const Node& node, Packet& packet, Dispatch& dispatch,
                    [[maybe_unused]] unsigned index) noexcept {
    if constexpr (requires { node(packet, dispatch); }) {
        dispatch.decided(index);
        return raw_hop(node(packet, dispatch));
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
            dispatch.begin_scalar(frame, hops);
            for (unsigned i = 0; i < size && i < ahead; ++i) {
                detail::prefetch_packet(frame.packets[i]);
            }
            unsigned i = 0;
            for (; i + ahead < size; ++i) {
                detail::prefetch_packet(frame.packets[i + ahead]);
                hops[i] = detail::one(node, *frame.packets[i], dispatch, i);
            }
            for (; i < size; ++i) {
                hops[i] = detail::one(node, *frame.packets[i], dispatch, i);
            }
        }
        dispatch.distribute(frame, hops);
    }
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
    return spec;
}

}  // namespace graph
