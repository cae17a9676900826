// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/dispatch.hpp"
#include "graph/engine.hpp"

namespace vnet::handoff {

/// Gives packets of a vector to the workers that they belong to, at the end of the vector: one push
/// and one wake-up for each worker. What finds its lane full is dropped by the node that runs.
class HandOver {
public:
    /// `full_reason` is a drop of the node that runs.
    HandOver(graph::Engine& engine, graph::Dispatch& dispatch, uint16_t full_reason) noexcept
        : engine_(engine), dispatch_(dispatch), full_reason_(full_reason) {}
    ~HandOver();
    HandOver(const HandOver&) = delete;
    HandOver& operator=(const HandOver&) = delete;

    /// The packet, which the node answers Hop::consumed() for, goes on at `node` of `worker`. At
    /// most a vector of them.
    void add(graph::Packet& packet, graph::NodeId node, unsigned worker) noexcept;

private:
    void push(unsigned worker) noexcept;

    graph::Engine& engine_;
    graph::Dispatch& dispatch_;
    const uint16_t full_reason_;
    unsigned count_ = 0;
    graph::Packet* packets_[graph::vector_size];
    uint8_t to_[graph::vector_size];
};

}  // namespace vnet::handoff
