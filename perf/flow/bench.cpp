// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "graph/eal.hpp"
#include "perf/flow/contenders.hpp"
#include "perf/flow/life.hpp"

/// Compares the table of sessions with DPDK's hash table: clocks a lookup and a session, memory.
namespace {

using namespace perf::flow;
using vnet::flow::Key;

constexpr size_t lookups = size_t{1} << 21;

/// The table under test, filled when the first benchmark needs it; one at a time, since some take
/// much memory.
class Bench {
public:
    /// `renewed`: its sessions are to change, and no lookup uses it behind that.
    Contender& contender(const ContenderKind& kind, uint32_t sessions, bool renewed) {
        const std::string wanted =
            fmt::format("{}/{}{}", kind.name, sessions, renewed ? "/renewed" : "");
        if (wanted != name_) {
            contender_.reset();
            name_.clear();
            contender_ = kind.make(sessions);
            if (!contender_->is_right()) {
                throw std::runtime_error("it does not find its sessions");
            }
            name_ = wanted;
        }
        return *contender_;
    }
    const std::vector<Key>& keys(uint32_t sessions, bool strange) {
        const std::string wanted = fmt::format("{}/{}", sessions, strange);
        if (wanted != keys_name_) {
            keys_ = random_keys(2 * uint64_t{sessions}, lookups, strange);
            keys_name_ = wanted;
        }
        return keys_;
    }

private:
    std::string name_;
    std::unique_ptr<Contender> contender_;
    std::string keys_name_;
    std::vector<Key> keys_;
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

struct Case {
    const ContenderKind& kind;
    uint32_t sessions;
    unsigned way;
    bool strange;
    size_t vector;
};

/// A vector's keys are put where its packets' headers would be, in the cache; that does not count.
void look_up(benchmark::State& state, Bench& bench, const Case& test) {
    guarded(state, [&] {
        Contender& contender = bench.contender(test.kind, test.sessions, false);
        const auto& keys = bench.keys(test.sessions, test.strange);
        std::array<Key, most_keys> packets;
        size_t at = 0;
        uint64_t clocks = 0;
        uint64_t found = 0;
        for (auto _ : state) {
            std::copy_n(keys.begin() + std::ptrdiff_t(at), test.vector, packets.begin());
            const uint64_t before = rte_rdtsc();
            found += contender.look_up(test.way, std::span(packets).first(test.vector));
            clocks += rte_rdtsc() - before;
            at = (at + test.vector) % lookups;
        }
        const auto all = uint64_t(state.iterations()) * test.vector;
        if (found != (test.strange ? 0 : all)) {
            throw std::runtime_error("it finds what is not there, or not what is");
        }
        state.counters["clocks"] = double(clocks) / double(all);
    });
}

/// Ends the oldest session and makes another one.
void renew(benchmark::State& state, Bench& bench, const ContenderKind& kind, uint32_t sessions) {
    guarded(state, [&] {
        Contender& contender = bench.contender(kind, sessions, true);
        state.counters["B/session"] = double(contender.bytes()) / double(sessions);
        const uint64_t before = rte_rdtsc();
        for (auto _ : state) {
            contender.renew();
        }
        state.counters["clocks"] = double(rte_rdtsc() - before) / double(state.iterations());
    });
}

void register_all(Bench& bench) {
    static const std::vector<ContenderKind> all = kinds();
    for (const uint32_t sessions : {1U, 1U << 15, 1U << 19, 1U << 23}) {
        for (const ContenderKind& kind : all) {
            const auto ways = kind.make(1)->ways();
            for (const bool strange : {false, true}) {
                for (unsigned way = 0; way < ways.size(); ++way) {
                    for (const size_t vector : {size_t{32}, most_keys}) {
                        benchmark::RegisterBenchmark(
                            fmt::format("lookup/{}/{}/{}/{}/{}", strange ? "miss" : "hit",
                                        2 * sessions, kind.name, ways[way], vector)
                                .c_str(),
                            [&bench, test = Case{kind, sessions, way, strange, vector}](
                                benchmark::State& state) { look_up(state, bench, test); });
                    }
                }
            }
            benchmark::RegisterBenchmark(
                fmt::format("renew/{}/{}", 2 * sessions, kind.name).c_str(),
                [&bench, &kind, sessions](benchmark::State& state) {
                    renew(state, bench, kind, sessions);
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
    // rte_hash takes more as it needs it.
    graph::EalOptions options;
    options.memory_mb = 64;
    const auto eal = graph::Eal::start(options);
    if (!eal.ok()) {
        fmt::print(stderr, "error: {}\n", std::string(eal.status().message()));
        return 1;
    }
    Bench bench;
    register_all(bench);
    register_index();
    register_lives();
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
