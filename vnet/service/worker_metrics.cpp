// SPDX-License-Identifier: Apache-2.0
#include <rte_cycles.h>

#include <string>

#include "vnet/service/metrics.hpp"

namespace vnet::service {

using api::metrics::Kind;
using api::metrics::Samples;
using api::metrics::Value;
using graph::WorkerCounters;

namespace {

void add_workers(MetricsAdder& metrics, graph::Engine& engine) {
    const auto add = [&](const char* name, const char* unit, const char* help, auto read) {
        metrics.add({name, Kind::counter, unit, help, {"worker"}},
                    [&engine, read](Samples& samples) {
                        for (const auto& worker : engine.workers()) {
                            samples.add({std::to_string(worker->index())},
                                        Value(read(worker->dispatch().counters())));
                        }
                    });
    };
    add("sluice_worker_loops", "", "Rounds of a worker's loop.",
        [](const WorkerCounters& counters) { return counters.loops.read(); });
    add("sluice_worker_busy_loops", "", "Rounds that found packets.",
        [](const WorkerCounters& counters) { return counters.busy_loops.read(); });
    add("sluice_worker_sleeps", "", "Times that a worker went to sleep.",
        [](const WorkerCounters& counters) { return counters.sleeps.read(); });
    add("sluice_worker_sleep_seconds", "seconds", "Time that a worker slept.",
        [](const WorkerCounters& counters) {
            return double(counters.sleep_clocks.read()) / double(rte_get_tsc_hz());
        });
    add("sluice_worker_busy_seconds", "seconds",
        "Time that a worker spent in rounds that found packets.",
        [](const WorkerCounters& counters) {
            return double(counters.busy_clocks.read()) / double(rte_get_tsc_hz());
        });
    metrics.add({"sluice_worker_wakes",
                 Kind::counter,
                 "",
                 "Sleeps that ended, by what ended them.",
                 {"worker", "cause"}},
                [&engine](Samples& samples) {
                    for (const auto& worker : engine.workers()) {
                        const WorkerCounters& counters = worker->dispatch().counters();
                        const std::string name = std::to_string(worker->index());
                        samples.add({name, "packets"}, counters.wakes_packets.read());
                        samples.add({name, "timer"}, counters.wakes_timer.read());
                        samples.add({name, "control"}, counters.wakes_control.read());
                    }
                });
    metrics.add({"sluice_worker_sources",
                 Kind::gauge,
                 "",
                 "Receive queues and streams that a worker polls.",
                 {"worker"}},
                [&engine](Samples& samples) {
                    for (const auto& worker : engine.workers()) {
                        samples.add({std::to_string(worker->index())},
                                    uint64_t(engine.placement().of(worker->index()).size()));
                    }
                });
    metrics.add({"sluice_worker", Kind::info, "", "Where a worker runs.", {"worker", "core"}},
                [&engine](Samples& samples) {
                    for (const auto& worker : engine.workers()) {
                        samples.add({std::to_string(worker->index()),
                                     worker->core() ? std::to_string(*worker->core()) : "any"},
                                    uint64_t(1));
                    }
                });
}

void add_buffers(MetricsAdder& metrics, graph::Engine& engine) {
    const auto add = [&](const char* name, Kind kind, const char* help, auto read) {
        metrics.add({name, kind, "", help, {"pool"}}, [&engine, read](Samples& samples) {
            samples.add({engine.pool().name()}, uint64_t(read(engine)));
        });
    };
    add("sluice_buffers", Kind::gauge, "Packet buffers of a pool.",
        [](graph::Engine& e) { return e.pool().capacity(); });
    add("sluice_buffers_free", Kind::gauge, "Free buffers, those in threads' caches included.",
        [](graph::Engine& e) { return e.pool().available(); });
    add("sluice_buffers_cached", Kind::gauge, "Free buffers in threads' caches.",
        [](graph::Engine& e) { return e.pool().cached(); });
    add("sluice_buffers_lowest_free", Kind::gauge,
        "Fewest free buffers of all seconds since the counters were cleared.",
        [](graph::Engine& e) { return e.lowest_free_buffers(); });
    add("sluice_buffer_failures", Kind::counter, "Times that a node found too few free buffers.",
        [](graph::Engine& e) { return e.pool().failures(); });
}

}  // namespace

absl::Status add_worker_metrics(api::Registry& registry, Router& router) {
    MetricsAdder metrics(registry, "workers");
    add_workers(metrics, router.engine());
    add_buffers(metrics, router.engine());
    return metrics.status();
}

}  // namespace vnet::service
