// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "graph/dispatch.hpp"
#include "graph/packet_ring.hpp"
#include "graph/rcu.hpp"
#include "graph/source.hpp"

namespace graph {

/// What a worker runs, taken up as one between two rounds: a version of the graph and the sources
/// it polls.
struct Plan {
    std::unique_ptr<WorkerRuntime> runtime;
    std::vector<std::shared_ptr<Source>> sources;
};

/// A thread that polls its sources and runs their packets through the graph to completion. It never
/// waits for control. When its sources stay empty it sleeps, on their descriptors where all have
/// one, else on a timer that backs off; packets, control's packets and a new plan wake it.
class Worker {
public:
    /// Packets from control that may wait for the worker.
    static constexpr unsigned inject_capacity = 1024;

    Worker(unsigned index, PacketPool& pool, Rcu& rcu);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // ---- control thread ----

    /// Starts the thread, pinned to `core` if one is given.
    absl::Status start(std::unique_ptr<Plan> plan, std::optional<unsigned> core,
                       NodeId inject_node);
    /// Ends the thread behind a full round. Packets that wait for it from control are freed. It may
    /// start again.
    void stop();
    /// Hands over a plan and returns the moment that the worker runs it. The one before is given
    /// back.
    std::unique_ptr<Plan> adopt(std::unique_ptr<Plan> plan);
    /// Gives the worker a packet to begin at node `start`. False when its queue is full; the packet
    /// stays the caller's.
    bool inject(Packet& packet, NodeId start) noexcept;
    void wake() noexcept;

    unsigned index() const noexcept { return index_; }
    std::optional<unsigned> core() const noexcept { return core_; }
    Dispatch& dispatch() noexcept { return dispatch_; }
    const Dispatch& dispatch() const noexcept { return dispatch_; }

private:
    void run() noexcept;
    void take_up(Plan* plan) noexcept;
    void watch(const Plan* plan) noexcept;
    void unwatch(const Plan* plan) noexcept;
    unsigned round() noexcept;
    unsigned take_injected() noexcept;
    void sleep() noexcept;

    const unsigned index_;
    Rcu& rcu_;
    Dispatch dispatch_;
    PacketRing injected_;
    NodeId inject_node_ = no_node;
    std::optional<unsigned> core_;
    std::thread thread_;
    std::atomic<bool> stop_{false};
    /// Handed over, not yet taken up.
    std::atomic<Plan*> offered_{nullptr};
    /// Taken up. Written by the worker, read by control.
    std::atomic<Plan*> current_{nullptr};
    /// The worker sleeps or is about to: who has news writes to wake_fd_.
    std::atomic<bool> sleeping_{false};
    int wake_fd_;
    int epoll_fd_;
    bool timer_only_ = false;
    unsigned idle_rounds_ = 0;
    unsigned sleep_us_ = 0;
};

}  // namespace graph
