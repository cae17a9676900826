// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>

#include "graph/eal.hpp"
#include "perf/paths.hpp"
#include "perf/route_set.hpp"

/// What the control thread does with routes once it has them: vnet/ip4's Fib by itself, without
/// messages. Each benchmark's figure is routes a second.
namespace {

using vnet::ip4::RouteSource;
using vnet::ip4::Via;
using vnet::wire::Ip4Address;

void must(const absl::Status& status) {
    if (!status.ok()) {
        throw std::runtime_error(std::string(status.message()));
    }
}

template <class T>
T must(absl::StatusOr<T> value) {
    must(value.status());
    return std::move(*value);
}

/// A router with two interfaces, its table empty but for their addresses.
struct Bed {
    graph::Eal eal = must(graph::Eal::start({.memory_mb = 256, .no_huge = true}));
    std::unique_ptr<graph::Engine> engine = must(graph::Engine::create({1, {}, 16384}));
    std::unique_ptr<vnet::Router> router = must(vnet::Router::create(*engine));
    perf::Ends ends = must(perf::make_ends(*router, perf::Out::null));

    Via hop(uint8_t host, bool recursive) const {
        return {Via::Kind::next_hop, recursive ? 0 : ends.out, Ip4Address(10, 0, 2, host)};
    }
    void set(const std::vector<vnet::wire::Ip4Prefix>& routes, const Via& via) {
        for (const auto& prefix : routes) {
            must(router->fib().add(prefix, RouteSource::configured, via));
        }
        engine->rcu().reclaim();
    }
    void withdraw(const std::vector<vnet::wire::Ip4Prefix>& routes) {
        for (const auto& prefix : routes) {
            must(router->fib().remove(prefix, RouteSource::configured));
        }
        engine->rcu().reclaim();
    }
};

Bed& bed() {
    static Bed made;
    return made;
}

/// Arguments: routes, perf::Order, whether next hops are recursive.
struct Case {
    explicit Case(const benchmark::State& state)
        : routes(perf::make_routes(size_t(state.range(0)), perf::Order(state.range(1)))),
          recursive(state.range(2) != 0) {}
    std::vector<vnet::wire::Ip4Prefix> routes;
    bool recursive;
};

void finish(benchmark::State& state, const Case& test) {
    state.SetItemsProcessed(int64_t(state.iterations() * test.routes.size()));
}

void add(benchmark::State& state) {
    const Case test(state);
    for (auto _ : state) {
        bed().set(test.routes, bed().hop(2, test.recursive));
        state.PauseTiming();
        bed().withdraw(test.routes);
        state.ResumeTiming();
    }
    finish(state, test);
}

void change(benchmark::State& state) {
    const Case test(state);
    bed().set(test.routes, bed().hop(2, test.recursive));
    uint8_t host = 3;
    for (auto _ : state) {
        bed().set(test.routes, bed().hop(host, test.recursive));
        host ^= 1;
    }
    finish(state, test);
    bed().withdraw(test.routes);
}

void withdraw(benchmark::State& state) {
    const Case test(state);
    for (auto _ : state) {
        state.PauseTiming();
        bed().set(test.routes, bed().hop(2, test.recursive));
        state.ResumeTiming();
        bed().withdraw(test.routes);
    }
    finish(state, test);
}

void cases(benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgNames({"routes", "random", "recursive"})->Unit(benchmark::kMillisecond);
    for (const int64_t random : {0, 1}) {
        for (const int64_t recursive : {0, 1}) {
            benchmark->Args({1'000'000, random, recursive});
        }
    }
}

BENCHMARK(add)->Apply(cases);
BENCHMARK(change)->Apply(cases);
BENCHMARK(withdraw)->Apply(cases);

}  // namespace

BENCHMARK_MAIN();
