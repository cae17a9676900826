// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/memory.hpp"

#include <rte_eal.h>
#include <rte_malloc.h>

#include <set>

#include "vnet/proto/memory.pb.h"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

void add_process(std::vector<MemoryPart>& parts) {
    const graph::ProcessMemory process = graph::process_memory();
    parts.push_back({"process",
                     {process.resident_bytes, process.virtual_bytes},
                     {},
                     {},
                     "in ordinary pages, everything below that is not in hugepages included"});
    parts.push_back({"process-hugepages",
                     {process.hugepage_bytes, process.hugepage_bytes},
                     {},
                     {},
                     rte_eal_has_hugepages() != 0
                         ? "hugepages that the process has mapped"
                         : "ordinary pages are used: see sluiced --doctor"});
    parts.push_back({"heap",
                     {process.heap_bytes, process.heap_bytes},
                     {},
                     {},
                     "given out by malloc: routes, neighbours, messages, DPDK's own lists"});
}

void add_dpdk(std::vector<MemoryPart>& parts) {
    for (unsigned socket = 0; socket < RTE_MAX_NUMA_NODES; ++socket) {
        rte_malloc_socket_stats stats{};
        if (rte_malloc_get_socket_stats(int(socket), &stats) != 0 ||
            stats.heap_totalsz_bytes == 0) {
            continue;
        }
        parts.push_back({fmt::format("dpdk-{}", socket),
                         {stats.heap_allocsz_bytes, stats.heap_totalsz_bytes},
                         stats.alloc_count,
                         {},
                         "DPDK's heap on a NUMA node, packet buffers included"});
    }
}

void add_engine(std::vector<MemoryPart>& parts, graph::Engine& engine) {
    const graph::PacketPool& pool = engine.pool();
    const uint64_t pool_bytes = uint64_t(pool.capacity()) * graph::PacketPool::element_bytes();
    parts.push_back({pool.name(),
                     {pool_bytes, pool_bytes},
                     pool.capacity() - std::min(pool.available(), pool.capacity()),
                     pool.capacity(),
                     "packet buffers; see show buffers"});
    const size_t workers = engine.workers().size();
    const uint64_t worker_bytes =
        workers * (graph::frames_per_worker * sizeof(graph::Frame) + sizeof(graph::WorkerCounters));
    parts.push_back(
        {"workers", {worker_bytes, worker_bytes}, workers, {}, "frames and counters of workers"});
}

void add_tables(std::vector<MemoryPart>& parts, Router& router) {
    parts.push_back({"interfaces", router.interfaces().memory(), router.interfaces().all().size(),
                     graph::max_interfaces - 1, "what workers know and count of interfaces"});
    const fib::ForwardingTable& forwarding = router.forwarding();
    parts.push_back({"adjacencies", forwarding.adjacency_memory(), forwarding.adjacencies_in_use(),
                     2 * fib::ForwardingTable::capacity, "where packets go, with their headers"});
    parts.push_back({"paths", forwarding.path_memory(), forwarding.paths_in_use(),
                     fib::ForwardingTable::capacity, "what routes lead to"});
    parts.push_back({"next-hop-groups", forwarding.groups().memory(), forwarding.groups().in_use(),
                     fib::BucketTables::capacity - 1, "buckets, which flows are spread over"});
    const size_t vrfs = router.vrfs().all().size();
    graph::MemoryUse first;
    graph::MemoryUse blocks;
    size_t blocks_in_use = 0;
    router.ip4().tables.visit([&](const ip4::Dir24& table) {
        first += table.first_memory();
        blocks += table.block_memory();
        blocks_in_use += table.blocks_in_use();
    });
    parts.push_back({"ip4-table", first, router.ip4().fibs->size(), vrfs * ip4::Fib::max_routes,
                     "the lookup's first 24 bits; routes"});
    parts.push_back({"ip4-table-blocks", blocks, blocks_in_use, vrfs * ip4::Dir24::max_blocks,
                     "the lookup's last 8 bits, a block for each /24 that has longer prefixes"});
    graph::MemoryUse root;
    graph::MemoryUse nodes;
    size_t nodes_in_use = 0;
    router.ip6().tables.visit([&](const ip6::RangeTable& table) {
        root += table.root_memory();
        nodes += table.node_memory();
        nodes_in_use += table.nodes_in_use();
    });
    parts.push_back({"ip6-table", root, router.ip6().fibs->size(), vrfs * ip6::Fib::max_routes,
                     "the lookup's first 20 bits; routes"});
    parts.push_back({"ip6-table-nodes", nodes, nodes_in_use, {}, "search trees behind these bits"});
    const flow::Tables& sessions = router.flows().tables();
    graph::MemoryUse tables;
    for (unsigned worker = 0; worker < sessions.workers(); ++worker) {
        tables += sessions.of(worker).memory();
    }
    parts.push_back({"flow-tables", tables, sessions.sessions(),
                     uint64_t(sessions.workers()) * sessions.capacity(),
                     "sessions of all workers; see show flow"});
    parts.push_back({"route-events", router.events().memory(),
                     router.events().topic(sluice::EVENT_TOPIC_ROUTE).size(),
                     router.events().most_routes(), "changes of routes, kept for who watches"});
}

absl::StatusOr<api::ItemSource<sluice::MemoryPart>> list_memory(Router& router) {
    std::vector<sluice::MemoryPart> all;
    for (const MemoryPart& part : memory_parts(router)) {
        sluice::MemoryPart& message = all.emplace_back();
        message.set_part(part.name);
        message.set_kilobytes(part.memory.touched_bytes >> 10);
        message.set_reserved_kilobytes(part.memory.reserved_bytes >> 10);
        if (part.used) {
            message.set_used(*part.used);
        }
        if (part.capacity) {
            message.set_capacity(*part.capacity);
        }
        message.set_meaning(part.meaning);
    }
    return api::items(std::move(all));
}

}  // namespace

std::vector<MemoryPart> memory_parts(Router& router) {
    std::vector<MemoryPart> parts;
    add_process(parts);
    add_dpdk(parts);
    add_engine(parts, router.engine());
    add_tables(parts, router);
    return parts;
}

absl::Status register_memory(api::Registry& registry, Router& router) {
    return registry.add_list<sluice::ShowMemoryRequest, sluice::MemoryPart>(
        "sluice.Memory.Show", [&router](const auto&) { return list_memory(router); });
}

}  // namespace vnet::service
