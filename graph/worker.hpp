// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/epoll.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "graph/dispatch.hpp"
#include "graph/lanes.hpp"
#include "graph/packet_ring.hpp"
#include "graph/placement.hpp"
#include "graph/rcu.hpp"

namespace graph {

/// What a worker runs, taken up as one between two rounds: a version of the graph and the sources
/// it polls.
struct Plan {
    std::unique_ptr<WorkerRuntime> runtime;
    std::vector<Polled> sources;
};

/// A thread that polls its sources and runs their packets through the graph to completion. It never
/// waits for control. When its sources stay empty and none is in the mode "polling" it sleeps, on
/// their descriptors where all have one, else on a timer that backs off; packets, those of control
/// and of other workers too, and a new plan wake it.
class Worker {
public:
    /// The input nodes that packets from control and from other workers are counted for.
    struct Nodes {
        NodeId inject = no_node;
        NodeId handed_over = no_node;
    };
    /// Packets from control that may wait for the worker.
    static constexpr unsigned inject_capacity = 1024;

    Worker(unsigned index, PacketPool& pool, Rcu& rcu, Lanes& lanes);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // ---- control thread ----

    /// Starts the thread, pinned to `core` if one is given.
    absl::Status start(std::unique_ptr<Plan> plan, std::optional<unsigned> core,
                       const Nodes& nodes);
    /// Ends the thread behind a full round. Packets that wait for it from control are freed. It may
    /// start again.
    void stop();
    /// Hands over a plan and returns the moment that the worker runs it. The one before is given
    /// back.
    std::unique_ptr<Plan> adopt(std::unique_ptr<Plan> plan);
    /// Gives the worker a packet to begin at node `start`. False when its queue is full; the packet
    /// stays the caller's.
    bool inject(Packet& packet, NodeId start) noexcept;
    /// It has begun with all that it was given by inject().
    bool has_taken_injected() const noexcept { return injected_.all_taken(); }

    // ---- any thread ----

    /// There is news for the worker: if it sleeps, it wakes.
    void wake() noexcept;

    unsigned index() const noexcept { return index_; }
    /// The kernel's id of its thread; 0 before there is one.
    pid_t thread_id() const noexcept { return thread_id_.load(std::memory_order_relaxed); }
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
    unsigned take_handed_over() noexcept;
    bool may_sleep() const noexcept;
    void sleep() noexcept;
    void count_wake(std::span<const epoll_event> events, uint64_t slept_clocks) noexcept;

    const unsigned index_;
    Rcu& rcu_;
    Lanes& lanes_;
    Dispatch dispatch_;
    PacketRing injected_;
    Nodes nodes_;
    std::optional<unsigned> core_;
    std::thread thread_;
    std::atomic<pid_t> thread_id_{0};
    std::atomic<bool> stop_{false};
    /// Handed over, not yet taken up.
    std::atomic<Plan*> offered_{nullptr};
    /// Taken up. Written by the worker, read by control.
    std::atomic<Plan*> current_{nullptr};
    /// The worker sleeps or is about to: who has news writes to wake_fd_.
    std::atomic<bool> sleeping_{false};
    int wake_fd_;
    int epoll_fd_;
    /// Of the plan: a source has no descriptor; none lets it sleep; how long it looks on.
    bool timer_only_ = false;
    bool never_sleeps_ = false;
    uint64_t spin_clocks_ = 0;
    /// TSC of the last round that found packets.
    uint64_t busy_tsc_ = 0;
    unsigned sleep_us_ = 0;
};

}  // namespace graph
