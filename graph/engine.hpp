// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/control.hpp"
#include "graph/graph.hpp"
#include "graph/lanes.hpp"
#include "graph/packet_pool.hpp"
#include "graph/placement.hpp"
#include "graph/rates.hpp"
#include "graph/rcu.hpp"
#include "graph/slots.hpp"
#include "graph/worker.hpp"

namespace graph {

/// The engine put together: packet pool, graph, workers, and the way a change reaches them. Owned
/// by main, used by the control thread.
class Engine {
public:
    struct Options {
        unsigned workers = 1;
        /// One core for each worker, or none given: not pinned.
        std::vector<unsigned> cores;
        unsigned buffers = 16384;
    };
    /// Eal must run.
    static absl::StatusOr<std::unique_ptr<Engine>> create(const Options& options);
    ~Engine();

    Control& control() noexcept { return control_; }
    Graph& graph() noexcept { return graph_; }
    Rcu& rcu() noexcept { return rcu_; }
    SlotMap& slots() noexcept { return slots_; }
    PacketPool& pool() noexcept { return pool_; }

    /// Builds the graph and has every worker take it up between two rounds; no packet waits for it.
    /// On an error the workers keep what they run. Warnings are kept in warnings().
    absl::Status commit();
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    /// The version that commit() made last; null before the first.
    const std::shared_ptr<const GraphVersion>& version() const noexcept { return version_; }
    /// Starts the workers; commit() must have succeeded.
    absl::Status start();
    /// Instead of start(): has the workers take up the graph without threads of their own. The
    /// caller runs their dispatch() itself, on one thread; for benchmarks.
    void take_up_here();
    void stop();
    /// Workers have threads that run.
    bool is_running() const noexcept { return running_; }

    /// Gives a source to a worker: the one that is named, else the one that was wished for its
    /// queue, else the one with the fewest. ALREADY_EXISTS where one polls it.
    absl::Status attach(std::shared_ptr<Source> source,
                        std::optional<unsigned> worker = std::nullopt);
    /// Takes it away; on return no worker polls it.
    void detach(const Source* source);
    /// Has another worker poll a queue, now and when it comes again. No packet is lost and their
    /// order is kept: the one lets go before the other takes hold, and packets wait in the queue
    /// meanwhile. INVALID_ARGUMENT where there is no such worker, NOT_FOUND where nobody polls the
    /// queue.
    absl::Status move(QueueId queue, unsigned worker);
    /// How a queue is looked for packets, now and when it comes again. FAILED_PRECONDITION for
    /// RxMode::interrupt where its source has no descriptor, NOT_FOUND where nobody polls the
    /// queue.
    absl::Status set_mode(QueueId queue, RxMode mode);
    /// Makes a change while no worker polls any queue of an interface and what came in by them
    /// before has reached the worker it was handed over to: packets that come after the change
    /// cannot overtake those before. Packets wait in the queues, for some microseconds.
    void rearrange(uint32_t interface, const std::function<void()>& change);
    /// The interface is gone, and what was wished for its queues with it.
    void forget_interface(uint32_t interface);
    const Placement& placement() const noexcept { return placement_; }
    /// The worker that polls a source.
    std::optional<unsigned> worker_of(const Source* source) const {
        return placement_.worker_of(source);
    }

    /// Hands packets over to another worker, where each begins at the node Metadata::start. Returns
    /// how many of the first it took; the others stay the caller's, since the lane is full. Called
    /// by worker `from`.
    unsigned hand_over(unsigned from, unsigned to, std::span<Packet* const> packets) noexcept;
    const Lanes& lanes() const noexcept { return lanes_; }

    /// Gives a packet to a worker, to begin at a node; where the queue is full or no worker runs it
    /// is freed, counted in inject_drops(), and false returned.
    bool inject(Packet* packet, NodeId start, unsigned worker = 0);
    /// Returns when the workers are done with all that was injected before: packets that were to be
    /// sent have left. Control thread.
    void finish_injected();

    std::vector<std::unique_ptr<Worker>>& workers() noexcept { return workers_; }
    const std::vector<std::unique_ptr<Worker>>& workers() const noexcept { return workers_; }
    /// Places that state kept for each Dispatch::worker() needs: the workers', and one more for dry
    /// runs, which no total includes.
    unsigned contexts() const noexcept { return unsigned(workers_.size()) + 1; }
    unsigned dry_context() const noexcept { return unsigned(workers_.size()); }
    /// Since the counters were last cleared.
    NodeTotals totals(NodeId node) const;
    uint64_t drops(DropId drop) const;
    /// Since the start, whatever is cleared: they never go down.
    NodeTotals lifetime_totals(NodeId node) const;
    uint64_t lifetime_drops(DropId drop) const;
    /// What nodes and drops did in the last second.
    const Rates& rates() const noexcept { return rates_; }
    /// How a worker spent the last five seconds, or the time since the start.
    WorkerClocks::Sample lately(unsigned worker) const {
        return worker_clocks_.since(worker, clocks_of(worker));
    }
    /// The fewest packet buffers that were free, looked at every second and now, since the counters
    /// were last cleared.
    unsigned lowest_free_buffers() noexcept {
        return lowest_free_ = std::min(lowest_free_, pool_.available());
    }
    /// Counts packets that control itself dropped. Control thread.
    void count_drop(DropId drop, uint64_t packets = 1) { control_drops_[drop].add(packets); }
    /// Counts a packet that control drops and shows it to those who look at drops; it stays the
    /// caller's. Control thread.
    void count_drop(DropId drop, Packet& packet);
    /// The last dropped packets of all workers and of control, oldest first. Workers do not wait.
    std::vector<DropRecord> dropped_packets() const;
    /// Has all workers, and control where it drops packets, show them to a tap, in place of the one
    /// before; nullptr: to none. The one before is let go when no worker can be at it any longer.
    void set_tap(std::shared_ptr<Tap> tap);
    /// Counters are never set back under a worker's hands; this takes the present totals as zero.
    void clear_counters();
    uint64_t inject_drops() const noexcept { return inject_drops_; }

private:
    Engine(const Options& options, PacketPool pool);
    std::unique_ptr<Plan> make_plan(unsigned worker);
    /// Has a worker take up its plan as it is now.
    void renew(unsigned worker);
    std::vector<std::shared_ptr<Source>> queues_of(uint32_t interface) const;
    void sample();
    WorkerClocks::Sample clocks_of(unsigned worker) const;

    Options options_;
    Control control_;
    PacketPool pool_;
    Rcu rcu_;
    SlotMap slots_;
    Graph graph_;
    Worker::Nodes inputs_;
    std::shared_ptr<const GraphVersion> version_;
    std::vector<std::string> warnings_;
    Placement placement_;
    Lanes lanes_;
    std::vector<std::unique_ptr<Worker>> workers_;
    bool running_ = false;
    uint64_t inject_drops_ = 0;
    std::vector<NodeTotals> node_base_;
    std::vector<Counter> control_drops_;
    std::vector<uint64_t> drop_base_;
    FlightRecorder control_recorder_;
    std::shared_ptr<Tap> tap_;
    Rates rates_;
    WorkerClocks worker_clocks_;
    unsigned lowest_free_;
    Control::Handle reclaim_timer_;
    Control::Handle sample_timer_;
};

}  // namespace graph
