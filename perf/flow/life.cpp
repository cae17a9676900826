// SPDX-License-Identifier: Apache-2.0
#include "perf/flow/life.hpp"

#include <benchmark/benchmark.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <sched.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "perf/flow/flow_table.hpp"
#include "perf/flow/keys.hpp"

namespace perf::flow {

namespace {

using vnet::flow::Ending;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::SessionIndex;
using vnet::flow::Table;
using vnet::flow::Tick;

constexpr size_t vector = 256;

void per_session(benchmark::State& state, uint64_t clocks, uint64_t sessions) {
    state.counters["clocks"] = double(clocks) / double(sessions);
    state.counters["sessions/s"] = double(sessions) * double(rte_get_tsc_hz()) / double(clocks);
}

/// A round makes a vector of sessions and ends one, in a table that holds `live` of them. Those
/// that end are picked at random.
void create_end(benchmark::State& state) {
    const auto live = uint32_t(state.range(0));
    FlowTable holder(live + vector);
    Table& table = *holder.table;
    uint64_t number = 0;
    std::vector<SessionIndex> there;
    for (; number < live; ++number) {
        there.push_back(table.create(session(number), 0));
    }
    std::vector<Table::Making> makings(vector);
    std::vector<SessionIndex> ending(vector);
    uint64_t create = 0;
    uint64_t end = 0;
    for (auto _ : state) {
        for (size_t i = 0; i < vector; ++i) {
            makings[i] = session(number++);
        }
        const uint64_t begin = rte_rdtsc();
        for (size_t i = 0; i < vector; ++i) {
            ending[i] = table.create(makings[i], 0);
        }
        create += rte_rdtsc() - begin;
        for (SessionIndex& index : ending) {
            std::swap(index, there[mix(number + index) % there.size()]);
        }
        const uint64_t middle = rte_rdtsc();
        for (const SessionIndex index : ending) {
            table.end(index, Ending::removed);
        }
        end += rte_rdtsc() - middle;
    }
    const auto sessions = uint64_t(state.iterations()) * vector;
    per_session(state, create + end, sessions);
    state.counters["create"] = double(create) / double(sessions);
    state.counters["end"] = double(end) / double(sessions);
}

/// As the node does it for a vector of first packets: what is out of time goes, the keys are looked
/// up in vain, sessions are made. Time passes such that `live` of them are there.
void steady(benchmark::State& state) {
    const auto live = uint32_t(state.range(0));
    constexpr uint32_t timeout_s = 16;
    constexpr uint32_t ticks = timeout_s * vnet::flow::ticks_per_second;
    FlowTable holder(live + live / 8 + 4 * vector, timeout_s);
    Table& table = *holder.table;
    uint64_t number = 0;
    const auto now = [&] { return Tick(number * ticks / live); };
    std::vector<Table::Making> makings(vector);
    std::vector<Key> keys(vector);
    uint64_t look = 0;
    uint64_t age = 0;
    uint64_t create = 0;
    uint64_t refused = 0;
    const auto round = [&] {
        for (size_t i = 0; i < vector; ++i) {
            makings[i] = session(number++);
            keys[i] = makings[i].forward;
        }
        const uint64_t begin = rte_rdtsc();
        table.age(now(), 2 * vector);
        const uint64_t aged = rte_rdtsc();
        look_up_staged<64>(table, keys, [](Ref ref) { benchmark::DoNotOptimize(ref); });
        const uint64_t looked = rte_rdtsc();
        for (const Table::Making& making : makings) {
            refused += table.create(making, now()) == 0;
        }
        create += rte_rdtsc() - looked;
        look += looked - aged;
        age += aged - begin;
    };
    while (number < 2 * live) {
        round();
    }
    look = age = create = 0;
    for (auto _ : state) {
        round();
    }
    if (refused != 0) {
        state.SkipWithError("sessions were refused");
    }
    const auto sessions = uint64_t(state.iterations()) * vector;
    per_session(state, look + age + create, sessions);
    state.counters["age"] = double(age) / double(sessions);
    state.counters["look-up"] = double(look) / double(sessions);
    state.counters["create"] = double(create) / double(sessions);
    state.counters["live"] = double(table.counters().sessions.read());
}

/// Reads all sessions, one walk a round, as control does for a `show`.
uint64_t walk(const Table& table) {
    uint64_t packets = 0;
    for (SessionIndex index = 1; index <= table.highest(); ++index) {
        if (const auto session = table.at(index).copy()) {
            packets += session->packets[0];
        }
    }
    return packets;
}

FlowTable& filled(uint32_t sessions) {
    static std::unique_ptr<FlowTable> table;
    if (!table || table->table->capacity() != sessions) {
        table = std::make_unique<FlowTable>(sessions);
        for (uint32_t number = 0; number < sessions; ++number) {
            table->table->create(session(number), 0);
        }
    }
    return *table;
}

void read_all(benchmark::State& state) {
    const Table& table = *filled(uint32_t(state.range(0))).table;
    const uint64_t before = rte_rdtsc();
    for (auto _ : state) {
        benchmark::DoNotOptimize(walk(table));
    }
    const double clocks = double(rte_rdtsc() - before) / double(state.iterations());
    state.counters["ms"] = clocks * 1e3 / double(rte_get_tsc_hz());
    state.counters["clocks"] = clocks / double(table.highest());
}

/// A worker looks sessions up and notes their packets; beside it another thread reads all of them
/// over and over, or does nothing.
void work(benchmark::State& state, bool read) {
    const auto sessions = uint32_t(state.range(0));
    Table& table = *filled(sessions).table;
    const std::vector<Key> keys = random_keys(2 * uint64_t{sessions}, size_t{1} << 20, false);
    std::atomic<bool> done{false};
    uint64_t walks = 0;
    uint64_t walk_clocks = 0;
    std::thread reader([&] {
        // The worker stays where the program was put.
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET(sched_getcpu() == 0 ? 1 : 0, &cores);
        pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
        while (read && !done.load(std::memory_order_relaxed)) {
            const uint64_t before = rte_rdtsc();
            benchmark::DoNotOptimize(walk(table));
            walk_clocks += rte_rdtsc() - before;
            ++walks;
        }
    });
    size_t at = 0;
    Tick now = 0;
    const uint64_t before = rte_rdtsc();
    for (auto _ : state) {
        ++now;
        look_up_staged<64>(table, std::span(keys).subspan(at, vector),
                           [&](Ref ref) { table.seen(ref, now, 0); });
        at = (at + vector) % keys.size();
    }
    state.counters["clocks"] =
        double(rte_rdtsc() - before) / double(state.iterations()) / double(vector);
    done.store(true, std::memory_order_relaxed);
    reader.join();
    if (walks != 0) {
        state.counters["walk-ms"] =
            double(walk_clocks) * 1e3 / double(walks) / double(rte_get_tsc_hz());
    }
}

}  // namespace

void register_lives() {
    for (const int live : {1 << 10, 1 << 16, 1 << 20}) {
        benchmark::RegisterBenchmark("life/create-end", create_end)->Arg(live);
        benchmark::RegisterBenchmark("life/steady", steady)->Arg(live);
    }
    benchmark::RegisterBenchmark("read/alone", read_all)->Arg(1 << 20);
    benchmark::RegisterBenchmark("read/worker-alone", [](benchmark::State& state) {
        work(state, false);
    })->Arg(1 << 20);
    benchmark::RegisterBenchmark("read/worker-and-reader", [](benchmark::State& state) {
        work(state, true);
    })->Arg(1 << 20);
}

}  // namespace perf::flow
