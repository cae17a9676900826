// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "graph/driver.hpp"
#include "graph/engine.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::handoff {

/// Gives each packet to the worker of its flow: a feature of the arc "device-input" for interfaces
/// whose queues are fewer than the workers. The other worker goes on behind this node; what is
/// this worker's own, and what no flow hash is for, goes on here.
class Node {
public:
    enum class Drop : graph::Edge { full };
    static constexpr auto info = graph::node<Drop>(
        "worker-handoff",
        {{Drop::full, "handoff-full", "the lane to the worker of its flow was full"}});

    /// `seed`: any number; who does not know it cannot choose flows that all meet one worker.
    Node(graph::Engine& engine, const interface::Table& table, uint64_t seed)
        : engine_(engine), table_(table), seed_(seed), workers_(graph::max_interfaces) {}

    /// Control thread: the workers, a bit each, that share an interface's packets. 0: as they come.
    void set(interface::Index index, uint64_t workers) noexcept {
        workers_[index].store(workers, std::memory_order_relaxed);
    }
    uint64_t workers(interface::Index index) const noexcept {
        return workers_[index].load(std::memory_order_relaxed);
    }

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    /// The worker that the packet's flow belongs to.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    uint32_t own_address(interface::Index index) const noexcept;

    graph::Engine& engine_;
    const interface::Table& table_;
    const uint64_t seed_;
    graph::StableArray<std::atomic<uint64_t>> workers_;
};

}  // namespace vnet::handoff
