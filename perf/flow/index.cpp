// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/index.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <rte_cycles.h>

#include <memory>
#include <random>
#include <vector>

#include "perf/flow/keys.hpp"
#include "perf/flow/life.hpp"

namespace perf::flow {

namespace {

using vnet::flow::Index;

constexpr size_t batch = 32;
constexpr size_t lookups = size_t{1} << 20;

/// Whoever has the bits of the hash is the one: the index alone is looked at.
constexpr auto any = [](uint32_t) { return true; };

uint64_t hash_of(uint64_t number) {
    return mix(number);
}

/// Filled to `load`: the room is for as many as there are.
std::unique_ptr<Index> filled(uint32_t keys, double load) {
    auto index = std::make_unique<Index>(keys, load);
    for (uint32_t number = 0; number < keys; ++number) {
        if (!index->insert(hash_of(number), number)) {
            return nullptr;
        }
    }
    return index;
}

/// Clocks a lookup, buckets fetched 32 at a time.
void find(benchmark::State& state, uint32_t keys, double load, bool strange) {
    const auto index = filled(keys, load);
    if (!index) {
        return state.SkipWithError("a number found no place");
    }
    std::mt19937_64 random(1);
    std::vector<uint64_t> hashes;
    uint64_t right = 0;
    for (size_t i = 0; i < lookups; ++i) {
        const auto number = uint32_t(random() % keys);
        hashes.push_back(hash_of(number + (strange ? strangers : 0)));
        right += index->guess(hashes.back()) == (strange ? Index::none : number);
    }
    size_t at = 0;
    uint64_t found = 0;
    const uint64_t before = rte_rdtsc();
    for (auto _ : state) {
        for (size_t i = at; i < at + batch; ++i) {
            index->prefetch(hashes[i]);
        }
        for (size_t i = at; i < at + batch; ++i) {
            found += index->find(hashes[i], any) != Index::none;
        }
        at = (at + batch) % lookups;
    }
    state.counters["clocks"] =
        double(rte_rdtsc() - before) / double(state.iterations()) / double(batch);
    state.counters["guessed"] = double(right) / double(lookups);
    benchmark::DoNotOptimize(found);
}

/// Clocks to take the oldest number out and put a new one in.
void renew(benchmark::State& state, uint32_t keys, double load) {
    const auto index = filled(keys, load);
    if (!index) {
        return state.SkipWithError("a number found no place");
    }
    uint64_t number = keys;
    uint64_t refused = 0;
    const uint64_t before = rte_rdtsc();
    for (auto _ : state) {
        index->erase(hash_of(number - keys), uint32_t(number % keys));
        refused += !index->insert(hash_of(number), uint32_t(number % keys));
        ++number;
    }
    state.counters["clocks"] = double(rte_rdtsc() - before) / double(state.iterations());
    if (refused != 0) {
        state.SkipWithError("a number found no place");
    }
}

}  // namespace

void register_index() {
    for (const uint32_t keys : {1U << 16, 1U << 20, 1U << 24}) {
        for (const double load : {0.5, 0.8, 0.9}) {
            const std::string what = fmt::format("{}/{}", keys, load);
            for (const bool strange : {false, true}) {
                benchmark::RegisterBenchmark(
                    fmt::format("index/{}/{}", strange ? "miss" : "hit", what).c_str(),
                    [=](benchmark::State& state) { find(state, keys, load, strange); });
            }
            benchmark::RegisterBenchmark(
                fmt::format("index/renew/{}", what).c_str(),
                [=](benchmark::State& state) { renew(state, keys, load); });
        }
    }
}

}  // namespace perf::flow
