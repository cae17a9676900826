// SPDX-License-Identifier: Apache-2.0
#include "graph/engine.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace graph {

namespace {

/// Mempools have names that are unique in the process.
std::string pool_name() {
    static std::atomic<unsigned> count{0};
    return fmt::format("packets-{}", count.fetch_add(1));
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
      sources_(options.workers),
      node_base_(max_nodes),
      control_drops_(max_drops),
      drop_base_(max_drops) {
    NodeSpec inject;
    inject.name = "control-inject";
    inject.kind = NodeKind::input;
    inject_node_ = *graph_.add(inject);
    for (unsigned i = 0; i < options.workers; ++i) {
        workers_.push_back(std::make_unique<Worker>(i, pool_, rcu_));
    }
    control_recorder_.set_lane(uint16_t(options.workers));
    reclaim_timer_ = control_.every(std::chrono::milliseconds(10), [this] { rcu_.reclaim(); });
}

Engine::~Engine() {
    stop();
    rcu_.flush();
}

std::unique_ptr<Plan> Engine::make_plan(unsigned worker) {
    auto plan = std::make_unique<Plan>();
    plan->runtime =
        std::make_unique<WorkerRuntime>(version_, workers_[worker]->dispatch().counters());
    plan->sources = sources_[worker];
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
        if (auto status = worker->start(make_plan(worker->index()), core, inject_node_);
            !status.ok()) {
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
}

absl::Status Engine::attach(std::shared_ptr<Source> source, std::optional<unsigned> worker) {
    if (worker && *worker >= workers_.size()) {
        return absl::InvalidArgumentError(fmt::format(
            "there is no worker {}; there are {}, counted from 0", *worker, workers_.size()));
    }
    if (const auto polled_by = worker_of(source.get())) {
        return absl::AlreadyExistsError(fmt::format(
            "worker {} polls that source already; detach it before it moves", *polled_by));
    }
    const auto fewest =
        std::min_element(sources_.begin(), sources_.end(),
                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
    const unsigned index = worker.value_or(unsigned(fewest - sources_.begin()));
    sources_[index].push_back(std::move(source));
    if (running_) {
        workers_[index]->adopt(make_plan(index));
    }
    return absl::OkStatus();
}

void Engine::detach(const Source* source) {
    for (unsigned index = 0; index < sources_.size(); ++index) {
        const auto had = std::find_if(sources_[index].begin(), sources_[index].end(),
                                      [&](const auto& held) { return held.get() == source; });
        if (had == sources_[index].end()) {
            continue;
        }
        const std::shared_ptr<Source> alive = *had;
        sources_[index].erase(had);
        if (running_) {
            workers_[index]->adopt(make_plan(index));
        }
        return;
    }
}

std::optional<unsigned> Engine::worker_of(const Source* source) const {
    for (unsigned index = 0; index < sources_.size(); ++index) {
        for (const auto& held : sources_[index]) {
            if (held.get() == source) {
                return index;
            }
        }
    }
    return std::nullopt;
}

bool Engine::inject(Packet* packet, NodeId start, unsigned worker) {
    if (running_ && worker < workers_.size() && workers_[worker]->inject(*packet, start)) {
        return true;
    }
    ++inject_drops_;
    free_packet(packet);
    return false;
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
    return sum_drops(workers_, control_drops_, drop) - drop_base_[drop];
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
        drop_base_[drop] = sum_drops(workers_, control_drops_, drop);
    }
}

}  // namespace graph
