// SPDX-License-Identifier: Apache-2.0
#include "graph/engine.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"
#include "graph/testing/wait.hpp"

namespace graph {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using ::testing::HasSubstr;
using testing::Scripted;

/// Counts and frees what reaches it, and sees that each stream comes in order. One for each worker,
/// so no atomics beyond Counter.
struct CountingSink {
    static constexpr auto info = node("sink");
    struct alignas(64) PerWorker {
        Counter packets;
        Counter disorder;
        uint32_t last[4] = {};
    };
    std::shared_ptr<std::array<PerWorker, 4>> seen = std::make_shared<std::array<PerWorker, 4>>();

    void operator()(std::span<Packet*> packets, Dispatch& dispatch) const noexcept {
        PerWorker& mine = (*seen)[dispatch.worker()];
        for (const Packet* packet : packets) {
            uint32_t& last = mine.last[packet->meta().rx_interface % 4];
            if (packet->meta().flow_hash < last) {
                mine.disorder.add(1);
            }
            last = packet->meta().flow_hash;
        }
        mine.packets.add(packets.size());
        free_packets(packets);
    }
    uint64_t count() const {
        uint64_t total = 0;
        for (const PerWorker& worker : *seen) {
            total += worker.packets.read();
        }
        return total;
    }
    uint64_t disorder() const {
        uint64_t total = 0;
        for (const PerWorker& worker : *seen) {
            total += worker.disorder.read();
        }
        return total;
    }
};

/// Makes numbered packets, as long as it is let.
class Generator : public Source {
public:
    Generator(NodeId input, NodeId first, uint32_t stream = 0)
        : input_(input), first_(first), stream_(stream) {}
    NodeId node() const noexcept override { return input_; }
    unsigned poll(Dispatch& dispatch) noexcept override {
        if (!on_.load(std::memory_order_relaxed)) {
            return 0;
        }
        Frame* frame = dispatch.take_frame();
        if (frame == nullptr) {
            return 0;
        }
        if (dispatch.pool().allocate(std::span(frame->packets, burst))) {
            frame->size = burst;
        }
        for (Packet* packet : frame->used()) {
            packet->meta().rx_interface = stream_;
            packet->meta().flow_hash = ++number_;
        }
        const unsigned count = frame->size;
        dispatch.enqueue(frame, first_);
        made_.add(count);
        return count;
    }
    void let(bool on) { on_ = on; }
    uint64_t made() const { return made_.read(); }

private:
    static constexpr unsigned burst = 32;
    const NodeId input_;
    const NodeId first_;
    const uint32_t stream_;
    std::atomic<bool> on_{true};
    uint32_t number_ = 0;
    Counter made_;
};

/// Has a descriptor, and brings one packet for each time it was rung.
class Bell : public Source {
public:
    Bell(NodeId input, NodeId first)
        : input_(input), first_(first), fd_(eventfd(0, EFD_NONBLOCK)) {}
    ~Bell() override { close(fd_); }
    NodeId node() const noexcept override { return input_; }
    unsigned poll(Dispatch& dispatch) noexcept override {
        uint64_t count = 0;
        if (read(fd_, &count, sizeof(count)) != sizeof(count)) {
            return 0;
        }
        dispatch.enqueue(*dispatch.pool().allocate(), first_);
        return 1;
    }
    int wait_fd() const noexcept override { return fd_; }
    bool arm() noexcept override {
        ++armed;
        return true;
    }
    void disarm() noexcept override { ++disarmed; }
    void ring() {
        const uint64_t one = 1;
        EXPECT_EQ(write(fd_, &one, sizeof(one)), ssize_t(sizeof(one)));
    }
    std::atomic<unsigned> armed{0};
    std::atomic<unsigned> disarmed{0};

private:
    const NodeId input_;
    const NodeId first_;
    const int fd_;
};

struct Feature {
    static constexpr auto info = node("feature");
    std::shared_ptr<int> token;
    Hop operator()(Packet& packet, Dispatch& dispatch) const noexcept {
        return dispatch.next_feature(packet);
    }
};

class EngineTest : public ::testing::Test {
protected:
    void make(unsigned workers) {
        testing::start_eal();
        auto engine = Engine::create({workers, {}, 8191});
        ASSERT_TRUE(engine.ok()) << engine.status();
        engine_ = std::move(*engine);
        Graph& graph = engine_->graph();
        sink_ = std::make_shared<const CountingSink>();
        ASSERT_TRUE(graph.add<CountingSink>(sink_).ok());
        input_ = *graph.add(testing::plain("input", {"first"}, NodeKind::input));
        first_ = *graph.add(Scripted::spec(pass_, "first", {"sink"}));
    }
    void start() {
        ASSERT_TRUE(engine_->commit().ok());
        const auto status = engine_->start();
        ASSERT_TRUE(status.ok()) << status;
    }
    std::shared_ptr<Generator> generator(uint32_t stream = 0) {
        return std::make_shared<Generator>(input_, first_, stream);
    }
    uint64_t sleeps(unsigned worker = 0) {
        return engine_->workers()[worker]->dispatch().counters().sleeps.read();
    }
    /// Stops all and sees that every packet is back, and that streams came in order but for so many
    /// places.
    void finish(uint64_t disorder_allowed = 0) {
        engine_->stop();
        EXPECT_EQ(engine_->pool().available(), engine_->pool().capacity());
        EXPECT_LE(sink_->disorder(), disorder_allowed);
        for (const auto& worker : engine_->workers()) {
            EXPECT_EQ(worker->dispatch().free_frames(), frames_per_worker);
        }
    }

    const Scripted pass_{[](Packet&, Dispatch&) { return Hop::edge(0); }};
    std::shared_ptr<const CountingSink> sink_;
    std::unique_ptr<Engine> engine_;
    NodeId input_ = no_node;
    NodeId first_ = no_node;
};

TEST_F(EngineTest, EveryPacketReachesTheSink) {
    make(2);
    const std::shared_ptr<Generator> sources[] = {generator(0), generator(1), generator(2)};
    for (const auto& source : sources) {
        ASSERT_TRUE(engine_->attach(source).ok());
    }
    EXPECT_EQ(engine_->worker_of(sources[0].get()), 0u);
    EXPECT_EQ(engine_->worker_of(sources[1].get()), 1u);
    EXPECT_EQ(engine_->worker_of(sources[2].get()), 0u);
    start();
    EXPECT_TRUE(eventually([&] { return sink_->count() > 20'000; }));
    uint64_t made = 0;
    for (const auto& source : sources) {
        source->let(false);
    }
    engine_->stop();
    for (const auto& source : sources) {
        made += source->made();
    }
    EXPECT_EQ(sink_->count(), made);
    EXPECT_EQ(engine_->totals(input_).packets, made);
    EXPECT_EQ(engine_->totals(first_).packets, made);
    EXPECT_GT(engine_->totals(first_).calls, 0u);
    EXPECT_EQ(engine_->totals(first_).overflow, 0u);
    engine_->clear_counters();
    EXPECT_EQ(engine_->totals(first_).packets, 0u);
    finish();
}

TEST_F(EngineTest, NewVersionsUnderTrafficLoseNothing) {
    make(2);
    const auto one = generator(0);
    const auto two = generator(1);
    ASSERT_TRUE(engine_->attach(one, 0).ok());
    ASSERT_TRUE(engine_->attach(two, 1).ok());
    Graph& graph = engine_->graph();
    ASSERT_TRUE(graph.add_arc({"arc", ArcSide::rx, {"first"}, "sink"}).ok());
    const Scripted begin(
        [](Packet& packet, Dispatch& dispatch) { return dispatch.start_arc(0, packet); });
    ASSERT_TRUE(graph.add(Scripted::spec(begin, "begin", {"sink"})).ok());
    graph.link("first", "begin");
    start();
    const auto token = std::make_shared<int>();
    for (int change = 0; change < 120; ++change) {
        // A plugin comes with a feature that takes part at once, and goes again.
        ASSERT_TRUE(
            graph.add<Feature>(std::make_shared<const Feature>(Feature{token}), "plugin").ok());
        ASSERT_TRUE(graph.add_feature("arc", {"feature", {}, {}}).ok());
        ASSERT_TRUE(graph.set_feature("arc", "feature", change % 2, true).ok());
        ASSERT_TRUE(engine_->commit().ok());
        const uint64_t before = sink_->count();
        ASSERT_TRUE(eventually([&] { return sink_->count() > before; }));
        graph.remove_owner("plugin");
        ASSERT_TRUE(engine_->commit().ok());
        EXPECT_EQ(token.use_count(), 1) << "no worker runs it, so it is gone";
    }
    engine_->stop();
    EXPECT_EQ(sink_->count(), one->made() + two->made());
    finish();
}

TEST_F(EngineTest, FeaturesSwitchUnderTraffic) {
    make(1);
    Graph& graph = engine_->graph();
    const Scripted begin(
        [](Packet& packet, Dispatch& dispatch) { return dispatch.start_arc(0, packet); });
    const Scripted feature(
        [](Packet& packet, Dispatch& dispatch) { return dispatch.next_feature(packet); });
    const NodeId start_node = *graph.add(Scripted::spec(begin, "begin"));
    const NodeId feature_node = *graph.add(Scripted::spec(feature, "feature"));
    ASSERT_EQ(*graph.add_arc({"arc", ArcSide::rx, {"begin"}, "sink"}), 0);
    ASSERT_TRUE(graph.add_feature("arc", {"feature", {}, {}}).ok());
    const auto source = std::make_shared<Generator>(input_, start_node);
    ASSERT_TRUE(engine_->attach(source).ok());
    start();
    const auto met = [&] { return engine_->totals(feature_node).packets; };
    EXPECT_TRUE(eventually([&] { return sink_->count() > 1000; }));
    EXPECT_EQ(met(), 0u);
    constexpr unsigned switches = 50;
    for (unsigned i = 0; i < switches; ++i) {
        const uint64_t before = met();
        ASSERT_TRUE(graph.set_feature("arc", "feature", 0, true).ok());
        EXPECT_TRUE(eventually([&] { return met() > before; }));
        ASSERT_TRUE(graph.set_feature("arc", "feature", 0, false).ok());
    }
    engine_->stop();
    EXPECT_EQ(sink_->count(), source->made());
    // Switched off amid a vector, a feature lets the packets behind the switch overtake those that
    // still went through it: once a switch at most, and only in that vector.
    finish(switches);
}

TEST_F(EngineTest, SourcesComeAndGoUnderTraffic) {
    make(2);
    start();
    const auto steady = generator(0);
    ASSERT_TRUE(engine_->attach(steady, 0).ok());
    uint64_t made = 0;
    for (unsigned i = 0; i < 100; ++i) {
        const auto source = generator(1 + i % 3);
        ASSERT_TRUE(engine_->attach(source, i % 2).ok());
        EXPECT_EQ(engine_->worker_of(source.get()), i % 2);
        ASSERT_TRUE(eventually([&] { return source->made() > 0; }));
        engine_->detach(source.get());
        EXPECT_EQ(engine_->worker_of(source.get()), std::nullopt);
        EXPECT_EQ(source.use_count(), 1);
        const uint64_t now = source->made();
        made += now;
        EXPECT_EQ(source->made(), now) << "nobody polls it";
    }
    engine_->stop();
    EXPECT_EQ(sink_->count(), steady->made() + made);
    engine_->stop();
    EXPECT_EQ(engine_->pool().available(), engine_->pool().capacity());
}

TEST_F(EngineTest, SourceHasOneWorker) {
    make(2);
    const auto source = generator();
    ASSERT_TRUE(engine_->attach(source, 1).ok());
    EXPECT_THAT(engine_->attach(source, 0).message(),
                HasSubstr("worker 1 polls that source already"));
    EXPECT_EQ(engine_->attach(generator(), 2).code(), absl::StatusCode::kInvalidArgument);
    engine_->detach(source.get());
    EXPECT_TRUE(engine_->attach(source, 0).ok());
}

TEST_F(EngineTest, InjectedPacketsBeginAtTheirNode) {
    make(2);
    start();
    const NodeId sink = engine_->graph().find("sink");
    unsigned sent = 0;
    for (unsigned i = 0; i < 3000; ++i) {
        Packet* packet = engine_->pool().allocate();
        ASSERT_NE(packet, nullptr);
        packet->meta().rx_interface = 0;
        packet->meta().flow_hash = i;
        sent += engine_->inject(packet, i % 2 == 0 ? sink : first_, 0);
        ASSERT_TRUE(eventually([&] { return sink_->count() + 500 > sent; }))
            << "keeps the queue from filling up";
    }
    EXPECT_EQ(sent, 3000u);
    EXPECT_TRUE(eventually([&] { return sink_->count() == sent; }));
    EXPECT_EQ(engine_->totals(engine_->graph().find("control-inject")).packets, sent);
    engine_->stop();
    EXPECT_EQ(engine_->pool().available(), engine_->pool().capacity());
}

TEST_F(EngineTest, InjectionThatCannotBeIsCounted) {
    make(1);
    EXPECT_FALSE(engine_->inject(engine_->pool().allocate(), first_)) << "no worker runs";
    start();
    EXPECT_FALSE(engine_->inject(engine_->pool().allocate(), first_, 7));
    EXPECT_EQ(engine_->inject_drops(), 2u);
    // To a node that is gone: a named drop.
    EXPECT_TRUE(engine_->inject(engine_->pool().allocate(), 999));
    const auto& drops = engine_->graph().drops();
    const auto reason = std::find_if(drops.begin(), drops.end(),
                                     [](const auto& d) { return d.name == "node-removed"; });
    ASSERT_NE(reason, drops.end());
    EXPECT_TRUE(eventually([&] { return engine_->drops(DropId(reason - drops.begin())) == 1; }));
    finish();
}

TEST_F(EngineTest, FullInjectQueueRefuses) {
    make(1);
    // The worker is held in a node, so that its queue fills up.
    std::atomic<bool> inside{false};
    std::atomic<bool> go{false};
    const Scripted hold([&](Packet&, Dispatch&) {
        inside = true;
        EXPECT_TRUE(eventually([&] { return go.load(); }));
        return Hop::edge(0);
    });
    const NodeId held = *engine_->graph().add(Scripted::spec(hold, "hold", {"sink"}));
    start();
    ASSERT_TRUE(engine_->inject(engine_->pool().allocate(), held));
    ASSERT_TRUE(eventually([&] { return inside.load(); }));
    unsigned taken = 0;
    while (engine_->inject(engine_->pool().allocate(), first_)) {
        ++taken;
    }
    EXPECT_EQ(taken, Worker::inject_capacity);
    EXPECT_EQ(engine_->inject_drops(), 1u);
    go = true;
    EXPECT_TRUE(eventually([&] { return sink_->count() == taken + 1; }));
    finish();
}

TEST_F(EngineTest, WhatWasInjectedIsThroughWhenItIsFinished) {
    make(2);
    engine_->finish_injected();
    start();
    uint64_t sent = 0;
    for (unsigned i = 0; i < 200; ++i) {
        for (unsigned worker = 0; worker < 2; ++worker) {
            Packet* packet = engine_->pool().allocate();
            ASSERT_NE(packet, nullptr);
            packet->meta().rx_interface = worker;
            packet->meta().flow_hash = i;
            sent += engine_->inject(packet, first_, worker);
        }
        engine_->finish_injected();
        ASSERT_EQ(sink_->count(), sent);
        if (i % 20 == 0) {
            // A worker that sleeps is woken.
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    EXPECT_EQ(sent, 400u);
    finish();
}

TEST_F(EngineTest, StopWithPacketsUnderWayLeaksNothing) {
    for (int i = 0; i < 20; ++i) {
        make(2);
        ASSERT_TRUE(engine_->attach(generator(0), 0).ok());
        ASSERT_TRUE(engine_->attach(generator(1), 1).ok());
        start();
        ASSERT_TRUE(eventually([&] { return sink_->count() > 100; }));
        for (int p = 0; p < 50; ++p) {
            // From here on no stream of its own.
            if (Packet* packet = engine_->pool().allocate()) {
                packet->meta().rx_interface = 3;
                engine_->inject(packet, first_, unsigned(p % 2));
            }
        }
        finish();
    }
}

TEST_F(EngineTest, TheFewestFreeBuffersAreRememberedFromOneLookToTheNext) {
    make(1);
    Packet* packet = engine_->pool().allocate();
    ASSERT_NE(packet, nullptr);
    const unsigned lowest = engine_->lowest_free_buffers();
    EXPECT_LT(lowest, engine_->pool().capacity());
    free_packet(packet);
    EXPECT_LE(engine_->lowest_free_buffers(), lowest);
    engine_->clear_counters();
    EXPECT_GT(engine_->lowest_free_buffers(), lowest);
}

TEST_F(EngineTest, StartsAgainAfterAStop) {
    make(1);
    const auto bell = std::make_shared<Bell>(input_, first_);
    ASSERT_TRUE(engine_->attach(bell).ok());
    for (unsigned i = 1; i <= 3; ++i) {
        start();
        EXPECT_EQ(engine_->start().code(), absl::StatusCode::kFailedPrecondition);
        bell->ring();
        EXPECT_TRUE(eventually([&] { return sink_->count() == i; }));
        finish();
    }
}

// A worker whose wake-up is lost sleeps for half a second. So many rounds end in time only if none,
// or few, are.
constexpr unsigned wake_rounds = 400;

TEST_F(EngineTest, IdleWorkerSleepsAndWakesByInjection) {
    make(1);
    start();
    const auto end = std::chrono::steady_clock::now() + 60s;
    for (unsigned i = 1; i <= wake_rounds; ++i) {
        const uint64_t before = sleeps();
        ASSERT_TRUE(engine_->inject(engine_->pool().allocate(), first_));
        ASSERT_TRUE(eventually([&] { return sink_->count() == i; }));
        // Each second packet finds it asleep, the others anywhere on the way there.
        if (i % 2 == 0) {
            ASSERT_TRUE(eventually([&] { return sleeps() > before; }));
        }
        ASSERT_LT(std::chrono::steady_clock::now(), end);
    }
    EXPECT_GE(sleeps(), wake_rounds / 2);
    finish();
    EXPECT_GT(engine_->workers()[0]->dispatch().counters().sleep_clocks.read(), 0u);
}

TEST_F(EngineTest, WorkerWithTimerOnlySourcesSleepsAndStillPolls) {
    make(1);
    const auto source = generator();
    source->let(false);
    ASSERT_TRUE(engine_->attach(source).ok());
    start();
    ASSERT_TRUE(eventually([&] { return sleeps() > 5; }));
    EXPECT_EQ(sink_->count(), 0u);
    source->let(true);
    EXPECT_TRUE(eventually([&] { return sink_->count() > 0; }));
    finish();
}

TEST_F(EngineTest, DescriptorWakesTheWorker) {
    make(1);
    const auto bell = std::make_shared<Bell>(input_, first_);
    ASSERT_TRUE(engine_->attach(bell).ok());
    start();
    const auto end = std::chrono::steady_clock::now() + 60s;
    for (unsigned i = 1; i <= wake_rounds; ++i) {
        const unsigned before = bell->armed;
        bell->ring();
        ASSERT_TRUE(eventually([&] { return sink_->count() == i; }));
        if (i % 2 == 0) {
            ASSERT_TRUE(eventually([&] { return bell->armed > before; }));
        }
        ASSERT_LT(std::chrono::steady_clock::now(), end);
    }
    engine_->detach(bell.get());
    EXPECT_EQ(bell->armed, bell->disarmed);
    EXPECT_GE(bell->armed, wake_rounds / 2);
    finish();
}

TEST_F(EngineTest, RetiredMemoryComesBackWhileWorkersRun) {
    make(2);
    ASSERT_TRUE(engine_->attach(generator(), 0).ok());
    start();
    bool reclaimed = false;
    engine_->rcu().retire([&] { reclaimed = true; });
    EXPECT_TRUE(eventually([&] { return reclaimed; }, [&] { engine_->control().poll(); }))
        << "one worker is busy, the other asleep";
    engine_->rcu().synchronize();
    finish();
}

TEST_F(EngineTest, RefusedCommitLeavesWorkersAsTheyAre) {
    make(1);
    const auto source = generator();
    ASSERT_TRUE(engine_->attach(source).ok());
    start();
    ASSERT_TRUE(engine_->graph()
                    .add(testing::plain("bad", {"nowhere"}, NodeKind::internal, "plugin"))
                    .ok());
    EXPECT_EQ(engine_->commit().code(), absl::StatusCode::kNotFound);
    const uint64_t before = sink_->count();
    EXPECT_TRUE(eventually([&] { return sink_->count() > before; }));
    engine_->graph().remove_owner("plugin");
    EXPECT_TRUE(engine_->commit().ok());
    engine_->stop();
    EXPECT_EQ(sink_->count(), source->made());
    finish();
}

TEST_F(EngineTest, OptionsAreChecked) {
    testing::start_eal();
    EXPECT_THAT(Engine::create({0, {}, 1024}).status().message(), HasSubstr("1 to 64"));
    EXPECT_THAT(Engine::create({2, {0}, 1024}).status().message(), HasSubstr("one for each"));
    auto engine = Engine::create({1, {1023}, 1024});
    ASSERT_TRUE(engine.ok());
    EXPECT_EQ((*engine)->start().code(), absl::StatusCode::kFailedPrecondition)
        << "nothing committed";
    ASSERT_TRUE((*engine)->commit().ok());
    EXPECT_THAT((*engine)->start().message(), HasSubstr("core 1023"));
}

TEST_F(EngineTest, TwoInOneProcess) {
    testing::start_eal();
    auto one = Engine::create({1, {}, 1023});
    auto two = Engine::create({1, {}, 1023});
    ASSERT_TRUE(one.ok() && two.ok());
    for (const auto& engine : {one->get(), two->get()}) {
        ASSERT_TRUE(engine->commit().ok());
        ASSERT_TRUE(engine->start().ok());
    }
}

}  // namespace
}  // namespace graph
