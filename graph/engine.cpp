// SPDX-License-Identifier: Apache-2.0
#include "graph/engine.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <thread>
#include <utility>

namespace graph {

namespace {

/// Mempools have names that are unique in the process.
std::string pool_name() {
    static std::atomic<unsigned> count{0};
    return fmt::format("packets-{}", count.fetch_add(1));
}

/// Room of the lane between two workers. All lanes together hold a quarter of the buffers at most,
/// so that a worker that lags behind does not take the others' away.
unsigned lane_capacity(const Engine::Options& options) {
    constexpr unsigned least = 64;
    constexpr unsigned most = 1024;
    const unsigned lanes = std::max(1U, options.workers * (options.workers - 1));
    return std::bit_floor(std::clamp(options.buffers / 4 / lanes, least, most));
}

NodeTotals sum(const std::vector<std::unique_ptr<Worker>>& workers, NodeId node) {
    NodeTotals totals;
    for (const auto& worker : workers) {
        const NodeCounters& counters = worker->dispatch().counters().nodes[node];
        totals.calls += counters.calls.read();
        totals.packets += counters.packets.read();
        totals.clocks += counters.clocks.read();
        totals.overflow += counters.overflow.read();
    }
    return totals;
}

uint64_t sum_drops(const std::vector<std::unique_ptr<Worker>>& workers,
                   const std::vector<Counter>& control, DropId drop) {
    uint64_t total = control[drop].read();
    for (const auto& worker : workers) {
        total += worker->dispatch().counters().drops[drop].read();
    }
    return total;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::create(const Options& options) {
    if (options.workers == 0 || options.workers > max_workers) {
        return absl::InvalidArgumentError(fmt::format("{} workers asked for; there may be 1 to {}",
                                                      options.workers, max_workers));
    }
    if (!options.cores.empty() && options.cores.size() != options.workers) {
        return absl::InvalidArgumentError(
            fmt::format("{} cores are given for {} workers; give one for each",
                        options.cores.size(), options.workers));
    }
    auto pool = PacketPool::create(pool_name(), options.buffers);
    if (!pool.ok()) {
        return pool.status();
    }
    return std::unique_ptr<Engine>(new Engine(options, std::move(*pool)));
}

Engine::Engine(const Options& options, PacketPool pool)
    : options_(options),
      pool_(std::move(pool)),
      rcu_(max_workers),
      placement_(options.workers),
      lanes_(options.workers, lane_capacity(options)),
      node_base_(max_nodes),
      control_drops_(max_drops),
      drop_base_(max_drops),
      worker_clocks_(options.workers),
      lowest_free_(pool_.available()) {
    const auto add_input = [this](const char* name) {
        NodeSpec spec;
        spec.name = name;
        spec.kind = NodeKind::input;
        return *graph_.add(spec);
    };
    inputs_.inject = add_input("control-inject");
    inputs_.handed_over = add_input("worker-input");
    for (unsigned i = 0; i < options.workers; ++i) {
        workers_.push_back(std::make_unique<Worker>(i, pool_, rcu_, lanes_));
    }
    control_recorder_.set_lane(uint16_t(options.workers));
    reclaim_timer_ = control_.every(std::chrono::milliseconds(10), [this] { rcu_.reclaim(); });
    sample_timer_ = control_.every(std::chrono::seconds(1), [this] { sample(); });
}

Engine::~Engine() {
    stop();
    rcu_.flush();
}

std::unique_ptr<Plan> Engine::make_plan(unsigned worker) {
    auto plan = std::make_unique<Plan>();
    plan->runtime =
        std::make_unique<WorkerRuntime>(version_, workers_[worker]->dispatch().counters());
    plan->sources = placement_.of(worker);
    return plan;
}

absl::Status Engine::commit() {
    std::vector<std::string> warnings;
    auto version = graph_.build(&warnings);
    if (!version.ok()) {
        return version.status();
    }
    warnings_ = std::move(warnings);
    version_ = std::move(*version);
    if (running_) {
        for (const auto& worker : workers_) {
            worker->adopt(make_plan(worker->index()));
        }
    }
    return absl::OkStatus();
}

absl::Status Engine::start() {
    if (version_ == nullptr) {
        return absl::FailedPreconditionError(
            "the graph was not built; commit it before the workers start");
    }
    if (running_) {
        return absl::FailedPreconditionError(
            "the workers run already; stop them before they start again");
    }
    running_ = true;
    for (const auto& worker : workers_) {
        const std::optional<unsigned> core =
            options_.cores.empty() ? std::nullopt : std::optional(options_.cores[worker->index()]);
        if (auto status = worker->start(make_plan(worker->index()), core, inputs_); !status.ok()) {
            stop();
            return status;
        }
    }
    return absl::OkStatus();
}

void Engine::take_up_here() {
    for (const auto& worker : workers_) {
        worker->adopt(make_plan(worker->index()));
    }
}

void Engine::stop() {
    running_ = false;
    for (const auto& worker : workers_) {
        worker->stop();
    }
    lanes_.clear();
}

void Engine::renew(unsigned worker) {
    if (running_) {
        workers_[worker]->adopt(make_plan(worker));
    }
}

absl::Status Engine::attach(std::shared_ptr<Source> source, std::optional<unsigned> worker) {
    const auto placed = placement_.add(std::move(source), worker);
    if (placed.ok()) {
        renew(*placed);
    }
    return placed.status();
}

void Engine::detach(const Source* source) {
    if (const auto worker = placement_.remove(source)) {
        // The plan that the worker gives back holds the source until here.
        renew(*worker);
    }
}

std::vector<std::shared_ptr<Source>> Engine::queues_of(uint32_t interface) const {
    std::vector<std::shared_ptr<Source>> found;
    for (unsigned worker = 0; worker < placement_.workers(); ++worker) {
        for (const Polled& polled : placement_.of(worker)) {
            if (polled.source->id().interface == interface) {
                found.push_back(polled.source);
            }
        }
    }
    return found;
}

absl::Status Engine::move(QueueId queue, unsigned worker) {
    if (worker >= workers_.size()) {
        return absl::InvalidArgumentError(fmt::format(
            "there is no worker {}; there are {}, counted from 0", worker, workers_.size()));
    }
    for (const auto& source : queues_of(queue.interface)) {
        if (source->id() != queue) {
            continue;
        }
        placement_.wish_worker(queue, worker);
        const unsigned before = *placement_.worker_of(source.get());
        if (before == worker) {
            return absl::OkStatus();
        }
        detach(source.get());
        if (running_) {
            lanes_.wait_passed(before);
        }
        return attach(source, worker);
    }
    return absl::NotFoundError(
        fmt::format("no worker polls queue {} of interface {}; set the "
                    "interface up first",
                    queue.queue, queue.interface));
}

absl::Status Engine::set_mode(QueueId queue, RxMode mode) {
    for (const auto& source : queues_of(queue.interface)) {
        if (source->id() != queue) {
            continue;
        }
        if (mode == RxMode::interrupt && source->wait_fd() < 0) {
            return absl::FailedPreconditionError(fmt::format(
                "queue {} has neither an interrupt nor a descriptor to sleep on; its mode may be "
                "adaptive or polling",
                queue.queue));
        }
        renew(*placement_.wish_mode(queue, mode));
        return absl::OkStatus();
    }
    return absl::NotFoundError(
        fmt::format("no worker polls queue {} of interface {}; set the "
                    "interface up first",
                    queue.queue, queue.interface));
}

void Engine::rearrange(uint32_t interface, const std::function<void()>& change) {
    std::vector<std::pair<std::shared_ptr<Source>, unsigned>> taken;
    for (const auto& source : queues_of(interface)) {
        taken.emplace_back(source, *placement_.worker_of(source.get()));
        detach(source.get());
    }
    for (const auto& [source, worker] : taken) {
        if (running_) {
            lanes_.wait_passed(worker);
        }
    }
    change();
    for (const auto& [source, worker] : taken) {
        (void)attach(source, worker);
    }
}

void Engine::forget_interface(uint32_t interface) {
    placement_.forget(interface);
    graph_.forget_interface(interface);
}

unsigned Engine::hand_over(unsigned from, unsigned to, std::span<Packet* const> packets) noexcept {
    const unsigned taken = lanes_.push(from, to, packets);
    if (taken != 0) {
        workers_[to]->wake();
    }
    return taken;
}

bool Engine::inject(Packet* packet, NodeId start, unsigned worker) {
    if (running_ && worker < workers_.size() && workers_[worker]->inject(*packet, start)) {
        return true;
    }
    ++inject_drops_;
    free_packet(packet);
    return false;
}

void Engine::finish_injected() {
    if (!running_) {
        return;
    }
    for (const auto& worker : workers_) {
        while (!worker->has_taken_injected()) {
            std::this_thread::yield();
        }
    }
    // What they have taken is through when their round is.
    rcu_.synchronize();
}

WorkerClocks::Sample Engine::clocks_of(unsigned worker) const {
    const WorkerCounters& counters = workers_[worker]->dispatch().counters();
    return {rte_rdtsc(), counters.busy_clocks.read(), counters.sleep_clocks.read()};
}

void Engine::sample() {
    std::vector<NodeTotals> nodes(graph_.nodes().size());
    for (NodeId node = 0; node < nodes.size(); ++node) {
        nodes[node] = sum(workers_, node);
    }
    std::vector<uint64_t> drops(graph_.drops().size());
    for (DropId drop = 0; drop < drops.size(); ++drop) {
        drops[drop] = lifetime_drops(drop);
    }
    rates_.take(Rates::Clock::now(), std::move(nodes), std::move(drops));
    lowest_free_buffers();
    for (unsigned worker = 0; worker < workers_.size(); ++worker) {
        worker_clocks_.take(worker, clocks_of(worker));
    }
}

NodeTotals Engine::lifetime_totals(NodeId node) const {
    return sum(workers_, node);
}

uint64_t Engine::lifetime_drops(DropId drop) const {
    return sum_drops(workers_, control_drops_, drop);
}

NodeTotals Engine::totals(NodeId node) const {
    NodeTotals totals = sum(workers_, node);
    const NodeTotals& base = node_base_[node];
    totals.calls -= base.calls;
    totals.packets -= base.packets;
    totals.clocks -= base.clocks;
    totals.overflow -= base.overflow;
    return totals;
}

uint64_t Engine::drops(DropId drop) const {
    return lifetime_drops(drop) - drop_base_[drop];
}

void Engine::count_drop(DropId drop, Packet& packet) {
    count_drop(drop);
    packet.meta().drop = drop;
    Packet* const one = &packet;
    const uint64_t now_tsc = rte_rdtsc();
    control_recorder_.record({&one, 1}, now_tsc);
    if (tap_ != nullptr) {
        tap_->look(TapPoint::drop, {&one, 1}, unsigned(workers_.size()), now_tsc);
    }
}

std::vector<DropRecord> Engine::dropped_packets() const {
    std::vector<DropRecord> all;
    for (const auto& worker : workers_) {
        worker->dispatch().flight_recorder().read(all);
    }
    control_recorder_.read(all);
    std::stable_sort(all.begin(), all.end(),
                     [](const DropRecord& a, const DropRecord& b) { return a.tsc < b.tsc; });
    return all;
}

void Engine::set_tap(std::shared_ptr<Tap> tap) {
    for (const auto& worker : workers_) {
        worker->dispatch().set_tap(tap.get());
    }
    rcu_.retire([before = std::exchange(tap_, std::move(tap))] {});
}

void Engine::clear_counters() {
    for (NodeId node = 0; node < graph_.nodes().size(); ++node) {
        node_base_[node] = sum(workers_, node);
    }
    for (DropId drop = 0; drop < graph_.drops().size(); ++drop) {
        drop_base_[drop] = lifetime_drops(drop);
    }
    lowest_free_ = pool_.available();
}

}  // namespace graph
