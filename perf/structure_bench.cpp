// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <rte_cycles.h>

#include <memory>
#include <vector>

#include "graph/eal.hpp"
#include "graph/engine.hpp"
#include "graph/mailbox.hpp"
#include "vnet/wire/checksum.hpp"

/// What the engine's own pieces cost, in TSC clocks for each packet, node, buffer or call.
namespace {

constexpr unsigned chain_length = 16;

/// The counter "clocks" of a benchmark whose rounds do `each` things.
class Clocks {
public:
    explicit Clocks(benchmark::State& state) : state_(state), before_(rte_rdtsc()) {}
    void each(double things) {
        state_.counters["clocks"] =
            double(rte_rdtsc() - before_) / double(state_.iterations()) / things;
    }

private:
    benchmark::State& state_;
    uint64_t before_;
};

/// Sends all packets on; the work of no node at all.
struct Pass {
    static constexpr auto info = graph::node("pass");
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch&) const noexcept {
        for (size_t i = 0; i < packets.size(); ++i) {
            hops.set(i, graph::Hop::edge(0));
        }
    }
};

/// Sends the first `run` of every two runs one way, the others another way.
struct Split {
    static constexpr auto info = graph::node("split");
    size_t run;
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch&) const noexcept {
        for (size_t i = 0; i < packets.size(); ++i) {
            hops.set(i, graph::Hop::edge(graph::Edge(i / run % 2)));
        }
    }
};

/// Keeps the packets, to be sent again.
struct Keep {
    static constexpr auto info = graph::node("keep");
    void operator()(std::span<graph::Packet*>, graph::Dispatch&) const noexcept {}
};

/// A graph of such nodes with its worker's dispatch on this thread.
class Bench {
public:
    static absl::StatusOr<std::unique_ptr<Bench>> create() {
        auto engine = graph::Engine::create({1, {}, 4096});
        if (!engine.ok()) {
            return engine.status();
        }
        auto bench = std::unique_ptr<Bench>(new Bench(std::move(*engine)));
        bench->add(std::make_shared<Keep>(), "keep", {});
        for (unsigned i = chain_length; i-- != 0;) {
            bench->add(std::make_shared<Pass>(), fmt::format("pass-{}", i),
                       {i + 1 == chain_length ? "keep" : fmt::format("pass-{}", i + 1)});
        }
        for (const size_t run : {1, 16, 128}) {
            bench->add(std::make_shared<Split>(Split{run}), fmt::format("split-{}", run),
                       {"keep", "pass-0"});
        }
        if (auto status = bench->engine_->commit(); !status.ok()) {
            return status;
        }
        bench->engine_->take_up_here();
        bench->packets_.resize(graph::vector_size);
        if (!bench->engine_->pool().allocate(bench->packets_)) {
            return absl::ResourceExhaustedError("no buffers for one vector");
        }
        return bench;
    }
    ~Bench() { graph::free_packets(packets_); }

    graph::Engine& engine() noexcept { return *engine_; }
    std::span<graph::Packet*> packets() noexcept { return packets_; }
    graph::NodeId find(const std::string& name) const { return engine_->graph().find(name); }

    /// One vector, from a node to where it is kept.
    void run(graph::NodeId first, unsigned vector) {
        graph::Dispatch& dispatch = engine_->workers().front()->dispatch();
        graph::Frame* frame = dispatch.take_frame();
        frame->size = uint16_t(vector);
        std::copy_n(packets_.data(), vector, frame->packets);
        dispatch.enqueue(frame, first);
        dispatch.tick();
        dispatch.drain();
    }

private:
    explicit Bench(std::unique_ptr<graph::Engine> engine) : engine_(std::move(engine)) {}
    template <class Node>
    void add(std::shared_ptr<Node> node, const std::string& name, std::vector<std::string> edges) {
        graph::NodeSpec spec = graph::describe(*node, "core");
        spec.name = name;
        spec.edges = std::move(edges);
        engine_->graph().add(std::move(spec), node).status().IgnoreError();
    }

    std::unique_ptr<graph::Engine> engine_;
    std::vector<graph::Packet*> packets_;
};

/// Handing a whole vector from node to node: clocks a node and a packet.
void chain(benchmark::State& state, Bench& bench) {
    const auto vector = unsigned(state.range(0));
    const graph::NodeId first = bench.find("pass-0");
    Clocks clocks(state);
    for (auto _ : state) {
        bench.run(first, vector);
    }
    clocks.each(double(vector) * (chain_length + 1));
}

/// A vector that a node takes apart, in runs of so many packets, and that meets again: clocks a
/// packet beyond that of the chain behind it.
void split(benchmark::State& state, Bench& bench) {
    const graph::NodeId first = bench.find(fmt::format("split-{}", state.range(0)));
    Clocks clocks(state);
    for (auto _ : state) {
        bench.run(first, graph::vector_size);
    }
    clocks.each(graph::vector_size);
}

void allocate(benchmark::State& state, Bench& bench) {
    std::vector<graph::Packet*> packets(size_t(state.range(0)));
    Clocks clocks(state);
    for (auto _ : state) {
        benchmark::DoNotOptimize(bench.engine().pool().allocate(packets));
        graph::free_packets(packets);
    }
    clocks.each(double(packets.size()));
}

/// In and out again on one thread: without the cost of a cache line that goes from core to core.
void ring(benchmark::State& state, Bench& bench) {
    graph::PacketRing ring(1024);
    const auto packets = bench.packets().first(size_t(state.range(0)));
    std::vector<graph::Packet*> out(packets.size());
    Clocks clocks(state);
    for (auto _ : state) {
        for (graph::Packet* packet : packets) {
            benchmark::DoNotOptimize(ring.push(*packet));
        }
        benchmark::DoNotOptimize(ring.pop(out));
    }
    clocks.each(double(packets.size()));
}

/// From worker to control, the wake-up of control's event loop included.
void mailbox(benchmark::State& state, Bench& bench) {
    graph::Mailbox box("bench", 1024, bench.engine().control(), [](std::span<graph::Packet*>) {});
    const auto packets = bench.packets().first(size_t(state.range(0)));
    Clocks clocks(state);
    for (auto _ : state) {
        for (graph::Packet* packet : packets) {
            benchmark::DoNotOptimize(box.push(*packet));
        }
        bench.engine().control().poll();
    }
    clocks.each(double(packets.size()));
}

void checksum(benchmark::State& state) {
    std::vector<std::byte> bytes(size_t(state.range(0)), std::byte{0x5a});
    Clocks clocks(state);
    for (auto _ : state) {
        benchmark::DoNotOptimize(bytes.data());
        benchmark::DoNotOptimize(vnet::wire::internet_checksum(bytes));
    }
    clocks.each(1);
}

void header_checksum(benchmark::State& state) {
    vnet::wire::Ip4Header header{};
    header.ttl = 64;
    Clocks clocks(state);
    for (auto _ : state) {
        benchmark::DoNotOptimize(header);
        benchmark::DoNotOptimize(vnet::wire::ip4_header_checksum_ok(header));
    }
    clocks.each(1);
}

void quiescent(benchmark::State& state) {
    graph::Rcu rcu(1);
    rcu.join(0);
    rcu.online(0);
    Clocks clocks(state);
    for (auto _ : state) {
        rcu.quiescent(0);
    }
    clocks.each(1);
    rcu.offline(0);
    rcu.leave(0);
}

/// What giving one thing back after a grace period costs control.
void retire(benchmark::State& state) {
    graph::Rcu rcu(1);
    rcu.join(0);
    rcu.online(0);
    uint64_t done = 0;
    Clocks clocks(state);
    for (auto _ : state) {
        rcu.retire([&done] { ++done; });
        rcu.quiescent(0);
        rcu.reclaim();
    }
    clocks.each(1);
    benchmark::DoNotOptimize(done);
    rcu.offline(0);
    rcu.leave(0);
}

void register_all(Bench& bench) {
    const auto with = [&bench](void (*function)(benchmark::State&, Bench&)) {
        return [function, &bench](benchmark::State& state) { function(state, bench); };
    };
    for (const int vector : {1, 4, 16, 64, 256}) {
        benchmark::RegisterBenchmark("dispatch/chain", with(chain))->Arg(vector);
    }
    for (const int run : {1, 16, 128}) {
        benchmark::RegisterBenchmark("dispatch/split", with(split))->Arg(run);
    }
    for (const int count : {1, 32, 256}) {
        benchmark::RegisterBenchmark("buffers/allocate-free", with(allocate))->Arg(count);
        benchmark::RegisterBenchmark("packet-ring", with(ring))->Arg(count);
        benchmark::RegisterBenchmark("mailbox", with(mailbox))->Arg(count);
    }
    for (const int bytes : {20, 64, 512, 1500}) {
        benchmark::RegisterBenchmark("checksum/bytes", checksum)->Arg(bytes);
    }
    benchmark::RegisterBenchmark("checksum/ip4-header", header_checksum);
    benchmark::RegisterBenchmark("rcu/quiescent", quiescent);
    benchmark::RegisterBenchmark("rcu/retire-reclaim", retire);
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    const auto eal = graph::Eal::start({});
    if (!eal.ok()) {
        fmt::print(stderr, "error: {}\n", std::string(eal.status().message()));
        return 1;
    }
    auto bench = Bench::create();
    if (!bench.ok()) {
        fmt::print(stderr, "error: {}\n", std::string(bench.status().message()));
        return 1;
    }
    register_all(**bench);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
