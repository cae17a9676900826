// SPDX-License-Identifier: Apache-2.0
#include <rte_cycles.h>
#include <rte_eal.h>

#include <algorithm>
#include <cmath>

#include "graph/eal.hpp"
#include "vnet/proto/graph.pb.h"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

absl::StatusOr<api::ItemSource<sluice::Worker>> list(graph::Engine& engine, uint64_t started_tsc) {
    const auto life = double(rte_rdtsc() - started_tsc);
    std::vector<sluice::Worker> all;
    for (const auto& worker : engine.workers()) {
        const graph::WorkerCounters& counters = worker->dispatch().counters();
        sluice::Worker& message = all.emplace_back();
        message.set_worker(worker->index());
        if (worker->core()) {
            message.set_core(*worker->core());
        }
        message.set_sources(uint32_t(engine.placement().of(worker->index()).size()));
        message.set_rounds(counters.loops.read());
        message.set_busy_rounds(counters.busy_loops.read());
        message.set_sleeps(counters.sleeps.read());
        message.set_asleep(std::round(1000.0 * double(counters.sleep_clocks.read()) / life) / 10);
    }
    return api::items(std::move(all));
}

/// Packets that ports lost because the pool had no buffer for them, as their drivers say.
uint64_t without_buffer(Router& router) {
    uint64_t packets = 0;
    for (const auto& [index, interface] : router.interfaces().all()) {
        for (const auto& [name, value] : interface.device->device_counters()) {
            packets += name == "rx-no-buffer" ? value : 0;
        }
    }
    return packets;
}

sluice::BufferPool buffers(Router& router) {
    graph::Engine& engine = router.engine();
    const graph::PacketPool& pool = router.engine().pool();
    // Other threads take and give meanwhile: what is free is read once.
    const unsigned free = std::min(pool.available(), pool.capacity());
    sluice::BufferPool message;
    message.set_pool(pool.name());
    message.set_buffers(pool.capacity());
    message.set_free(free);
    message.set_cached(std::min(pool.cached(), free));
    message.set_in_use(pool.capacity() - free);
    message.set_lowest_free(std::min(engine.lowest_free_buffers(), free));
    message.set_failures(pool.failures() + without_buffer(router));
    if (pool.socket() >= 0) {
        message.set_numa_node(unsigned(pool.socket()));
    }
    message.set_bytes_each(graph::PacketPool::element_bytes());
    message.set_memory_mb((uint64_t(pool.capacity()) * graph::PacketPool::element_bytes()) >> 20);
    message.set_hugepages(rte_eal_has_hugepages() != 0);
    return message;
}

}  // namespace

absl::Status register_workers(api::Registry& registry, Router& router) {
    absl::Status status;
    status.Update(registry.add_list<sluice::ListWorkersRequest, sluice::Worker>(
        "sluice.Workers.List",
        [&router, started = rte_rdtsc()](const auto&) { return list(router.engine(), started); }));
    status.Update(registry.add_list<sluice::ShowBuffersRequest, sluice::BufferPool>(
        "sluice.Workers.Buffers",
        [&router](const auto&) -> absl::StatusOr<api::ItemSource<sluice::BufferPool>> {
            return api::items(std::vector{buffers(router)});
        }));
    return status;
}

}  // namespace vnet::service
