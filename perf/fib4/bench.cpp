// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <chrono>

#include "graph/eal.hpp"
#include "perf/fib4/table.hpp"

/// Compares tables for IPv4 longest-prefix match: clocks a lookup, hot and cold, time to build and
/// to change, memory.
namespace {

using namespace perf::fib4;

constexpr size_t cold_addresses = 1 << 24;
constexpr size_t hot_addresses = 1024;
constexpr unsigned memory_mb = 768;

/// The table under test, made when the first benchmark needs it; one at a time, since some take
/// much memory.
class Bench {
public:
    Table& table(const Kind& kind, size_t routes) {
        const std::string name = fmt::format("{}/{}", kind.name, routes);
        if (name != name_) {
            table_.reset();
            routes_ = random_routes(routes);
            const auto start = std::chrono::steady_clock::now();
            table_ = kind.make(routes);
            table_->add(routes_);
            build_s_ =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            name_ = name;
        }
        return *table_;
    }
    const std::vector<uint32_t>& addresses(bool cold) const { return cold ? cold_ : hot_; }
    const std::vector<Route>& routes() const { return routes_; }
    double build_s() const { return build_s_; }

private:
    const std::vector<uint32_t> cold_ = random_addresses(cold_addresses, 2);
    const std::vector<uint32_t> hot_ = random_addresses(hot_addresses, 3);
    std::string name_;
    std::unique_ptr<Table> table_;
    std::vector<Route> routes_;
    double build_s_ = 0;
};

void look_up(benchmark::State& state, Bench& bench, const Kind& kind, size_t routes, unsigned way,
             bool cold) {
    Table& table = bench.table(kind, routes);
    const std::vector<uint32_t>& addresses = bench.addresses(cold);
    NextHops next_hops;
    size_t at = 0;
    const uint64_t before = rte_rdtsc();
    for (auto _ : state) {
        table.lookup(way, Addresses(addresses.data() + at, batch), next_hops);
        benchmark::DoNotOptimize(next_hops);
        at = at + batch == addresses.size() ? 0 : at + batch;
    }
    state.counters["clocks"] =
        double(rte_rdtsc() - before) / double(state.iterations()) / double(batch);
    state.SetItemsProcessed(int64_t(state.iterations() * batch));
}

/// Withdraws and announces the longest routes in turn (none of them where there is none: for the
/// memory of an empty table).
void change(benchmark::State& state, Bench& bench, const Kind& kind, size_t routes) {
    Table& table = bench.table(kind, routes);
    std::vector<Route> longest(bench.routes().end() - std::ptrdiff_t(std::min<size_t>(routes, 64)),
                               bench.routes().end());
    size_t at = 0;
    for (auto _ : state) {
        if (!longest.empty()) {
            table.flap(longest[at]);
            at = at + 1 == longest.size() ? 0 : at + 1;
        }
    }
    state.counters["build_ms"] = bench.build_s() * 1e3;
    state.counters["KB"] = double(table.bytes()) / 1024;
}

/// Every table must say the same of every address, or its figures mean nothing.
bool all_agree(size_t routes) {
    const std::vector<Route> all = random_routes(routes);
    const std::vector<uint32_t> addresses = random_addresses(1 << 16, 4);
    std::vector<uint32_t> expected;
    bool agree = true;
    for (const Kind& kind : kinds()) {
        const auto table = kind.make(routes);
        table->add(all);
        for (size_t route = all.size();
             route > all.size() - std::min<size_t>(all.size(), 64) && route > 1;) {
            table->flap(all[--route]);
        }
        for (unsigned way = 0; way < table->lookups().size(); ++way) {
            std::vector<uint32_t> found;
            std::array<uint32_t, batch> same;
            for (const uint32_t address : addresses) {
                NextHops next_hops;
                same.fill(address);
                table->lookup(way, Addresses(same), next_hops);
                found.push_back(table->first(next_hops));
            }
            if (expected.empty()) {
                expected = found;
            } else if (found != expected) {
                fmt::print(stderr, "error: {} finds other next hops than {}\n", kind.name,
                           kinds().front().name);
                agree = false;
            }
        }
    }
    return agree;
}

void register_all(Bench& bench) {
    static const std::vector<Kind> all = kinds();
    for (const Kind& kind : all) {
        for (const size_t routes : {0, 1, 10, 1000, 100'000, 1'000'000}) {
            const std::string name = fmt::format("{}/{}", kind.name, routes);
            if (routes != 0 && routes != 10) {
                const auto ways = kind.make(1)->lookups();
                for (unsigned way = 0; way < ways.size(); ++way) {
                    for (const bool cold : {true, false}) {
                        benchmark::RegisterBenchmark(
                            fmt::format("lookup/{}/{}/{}", name, ways[way], cold ? "cold" : "hot")
                                .c_str(),
                            [&bench, &kind, routes, way, cold](benchmark::State& state) {
                                look_up(state, bench, kind, routes, way, cold);
                            });
                    }
                }
            }
            benchmark::RegisterBenchmark(fmt::format("change/{}", name).c_str(),
                                         [&bench, &kind, routes](benchmark::State& state) {
                                             change(state, bench, kind, routes);
                                         });
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    graph::EalOptions options;
    options.memory_mb = memory_mb;
    const auto eal = graph::Eal::start(options);
    if (!eal.ok()) {
        fmt::print(stderr, "error: {}\n", std::string(eal.status().message()));
        return 1;
    }
    if (!all_agree(1) || !all_agree(20'000)) {
        return 1;
    }
    Bench bench;
    register_all(bench);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
