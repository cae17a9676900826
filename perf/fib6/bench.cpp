// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <chrono>

#include "graph/eal.hpp"
#include "perf/fib6/table.hpp"

/// Compares tables for IPv6 longest-prefix match: clocks a lookup, time to build and to change,
/// memory.
namespace {

using namespace perf::fib6;

constexpr size_t destinations = 1 << 16;
constexpr unsigned memory_mb = 1400;

struct Set {
    Kind kind;
    size_t routes;
};
constexpr Set sets[] = {{Kind::random, 1},       {Kind::random, 1000},
                        {Kind::random, 100'000}, {Kind::internet, 200'000},
                        {Kind::edge, 300'000},   {Kind::random, 1'000'000}};

/// The table under test, made when the first benchmark needs it; one at a time, since some take
/// much memory.
class Bench {
public:
    Table& table(const TableKind& kind, const Set& set) {
        const std::string wanted = fmt::format("{}/{}/{}", kind.name, name(set.kind), set.routes);
        if (wanted != name_) {
            table_.reset();
            name_.clear();
            routes_ = make_routes(set.kind, set.routes);
            addresses_ = make_addresses(routes_, destinations, 2);
            const auto start = std::chrono::steady_clock::now();
            table_ = kind.make(set.routes);
            table_->add(routes_);
            build_s_ =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            bytes_ = table_->bytes();
            // Not before: one that could not be filled is not to be measured.
            name_ = wanted;
        }
        return *table_;
    }
    const std::vector<vnet::wire::Ip6Address>& addresses() const { return addresses_; }
    const std::vector<Route>& routes() const { return routes_; }
    double build_s() const { return build_s_; }
    uint64_t bytes() const { return bytes_; }

private:
    std::string name_;
    std::unique_ptr<Table> table_;
    std::vector<Route> routes_;
    std::vector<vnet::wire::Ip6Address> addresses_;
    double build_s_ = 0;
    uint64_t bytes_ = 0;
};

/// Calls `run`, or skips the benchmark where the table cannot be had.
template <class Run>
void guarded(benchmark::State& state, Run run) {
    try {
        run();
    } catch (const std::exception& problem) {
        state.SkipWithError(problem.what());
    }
}

void look_up(benchmark::State& state, Bench& bench, const TableKind& kind, const Set& set,
             unsigned way) {
    guarded(state, [&] {
        Table& table = bench.table(kind, set);
        const auto& addresses = bench.addresses();
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
    });
}

/// Withdraws and announces routes of the greatest length, one after the other.
void change(benchmark::State& state, Bench& bench, const TableKind& kind, const Set& set) {
    guarded(state, [&] {
        Table& table = bench.table(kind, set);
        const auto& routes = bench.routes();
        size_t at = routes.size() - 1;
        for (auto _ : state) {
            table.flap(routes[at]);
            at = at > routes.size() / 2 ? at - 1 : routes.size() - 1;
        }
        state.counters["routes/s"] = double(routes.size()) / bench.build_s();
        state.counters["KB"] = double(bench.bytes()) / 1024;
        state.counters["depth"] = table.depth();
    });
}

/// Every table must say the same of every address, or its figures mean nothing.
bool all_agree(const Set& set) {
    const std::vector<Route> routes = make_routes(set.kind, set.routes);
    const auto addresses = make_addresses(routes, destinations, 4);
    std::vector<uint32_t> expected;
    bool agree = true;
    for (const TableKind& kind : kinds()) {
        const auto table = kind.make(set.routes);
        table->add(routes);
        for (size_t i = 1; i <= 64 && i < routes.size(); ++i) {
            table->flap(routes[routes.size() - i]);
        }
        for (unsigned way = 0; way < table->lookups().size(); ++way) {
            std::vector<uint32_t> found;
            for (size_t at = 0; at < addresses.size(); at += batch) {
                NextHops next_hops;
                table->lookup(way, Addresses(addresses.data() + at, batch), next_hops);
                for (size_t i = 0; i < batch; ++i) {
                    found.push_back(table->at(next_hops, i));
                }
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
    static const std::vector<TableKind> all = kinds();
    for (const TableKind& kind : all) {
        for (const Set& set : sets) {
            const std::string what = fmt::format("{}/{}/{}", kind.name, name(set.kind), set.routes);
            const auto ways = kind.make(1)->lookups();
            for (unsigned way = 0; way < ways.size(); ++way) {
                benchmark::RegisterBenchmark(fmt::format("lookup/{}/{}", what, ways[way]).c_str(),
                                             [&bench, &kind, &set, way](benchmark::State& state) {
                                                 look_up(state, bench, kind, set, way);
                                             });
            }
            benchmark::RegisterBenchmark(fmt::format("change/{}", what).c_str(),
                                         [&bench, &kind, &set](benchmark::State& state) {
                                             change(state, bench, kind, set);
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
    if (!all_agree({Kind::random, 20'000}) || !all_agree({Kind::edge, 20'000})) {
        return 1;
    }
    Bench bench;
    register_all(bench);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
