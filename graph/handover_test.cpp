// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"
#include "graph/testing/wait.hpp"

namespace graph {
namespace {

using testing::eventually;
using testing::Scripted;

constexpr uint32_t flows = 8;

/// Packets of eight flows, numbered within each. Its descriptor never tells.
class Flows : public Source {
public:
    Flows(NodeId input, NodeId first, int fd = -1) : input_(input), first_(first), fd_(fd) {}
    NodeId node() const noexcept override { return input_; }
    QueueId id() const noexcept override { return {1, 0}; }
    int wait_fd() const noexcept override { return fd_; }
    unsigned poll(Dispatch& dispatch) noexcept override {
        Frame* frame = on.load(std::memory_order_relaxed) ? dispatch.take_frame() : nullptr;
        if (frame == nullptr) {
            return 0;
        }
        if (dispatch.pool().allocate(std::span(frame->packets, flows))) {
            frame->size = flows;
        }
        for (uint32_t flow = 0; flow < frame->size; ++flow) {
            frame->packets[flow]->meta().rx_interface = flow;
            frame->packets[flow]->meta().flow_hash = number_;
        }
        number_ += frame->size != 0;
        const unsigned count = frame->size;
        dispatch.enqueue(frame, first_);
        return count;
    }
    std::atomic<bool> on{true};

private:
    const NodeId input_;
    const NodeId first_;
    const int fd_;
    uint32_t number_ = 1;
};

/// Sees that each flow comes in order, whoever runs it: control does not change flows' workers but
/// when nothing of them is under way.
struct OrderedSink {
    static constexpr auto info = node("sink");
    struct alignas(64) Flow {
        std::atomic<uint32_t> last{0};
        std::atomic<uint64_t> disorder{0};
    };
    std::shared_ptr<std::array<Flow, flows>> seen = std::make_shared<std::array<Flow, flows>>();
    std::shared_ptr<std::array<Counter, 4>> counts = std::make_shared<std::array<Counter, 4>>();

    void operator()(std::span<Packet*> packets, Dispatch& dispatch) const noexcept {
        for (const Packet* packet : packets) {
            Flow& flow = (*seen)[packet->meta().rx_interface];
            if (packet->meta().flow_hash <= flow.last.load()) {
                flow.disorder.fetch_add(1);
            }
            flow.last.store(packet->meta().flow_hash);
        }
        (*counts)[dispatch.worker()].add(packets.size());
        free_packets(packets);
    }
    uint64_t count() const {
        uint64_t total = 0;
        for (const Counter& one : *counts) {
            total += one.read();
        }
        return total;
    }
    uint64_t disorder() const {
        uint64_t total = 0;
        for (const Flow& flow : *seen) {
            total += flow.disorder;
        }
        return total;
    }
};

class HandOverTest : public ::testing::Test {
protected:
    /// A node that gives each flow to a worker, by `spread`, and its own flows to the sink.
    void make(unsigned workers) {
        testing::start_eal();
        engine_ = std::move(*Engine::create({workers, {}, 8191}));
        Graph& graph = engine_->graph();
        ASSERT_TRUE(graph.add<OrderedSink>(sink_).ok());
        input_ = *graph.add(testing::plain("input", {"spread"}, NodeKind::input));
        spread_ = *graph.add(Scripted::spec(spread_node_, "spread", {"sink"}, {"full"}));
        graph.link("worker-input", "sink");
        ASSERT_TRUE(engine_->commit().ok());
    }
    void finish() {
        engine_->stop();
        EXPECT_EQ(engine_->pool().available(), engine_->pool().capacity());
        EXPECT_EQ(sink_->disorder(), 0u);
    }
    uint64_t refused() const {
        uint64_t total = 0;
        for (unsigned from = 0; from < engine_->lanes().workers(); ++from) {
            for (unsigned to = 0; to < engine_->lanes().workers(); ++to) {
                total += from == to ? 0 : engine_->lanes().lane(from, to).refused();
            }
        }
        return total;
    }

    std::atomic<bool> on_{true};
    const Scripted spread_node_{[this](Packet& packet, Dispatch& dispatch) {
        const unsigned to = on_.load(std::memory_order_relaxed)
                                ? packet.meta().rx_interface % unsigned(engine_->workers().size())
                                : dispatch.worker();
        if (to == dispatch.worker()) {
            return Hop::edge(0);
        }
        packet.meta().start = sink_id_;
        Packet* one = &packet;
        return engine_->hand_over(dispatch.worker(), to, {&one, 1}) == 1 ? Hop::consumed()
                                                                         : Hop::drop(0);
    }};
    const std::shared_ptr<const OrderedSink> sink_ = std::make_shared<const OrderedSink>();
    std::unique_ptr<Engine> engine_;
    NodeId input_ = no_node;
    NodeId spread_ = no_node;
    NodeId sink_id_ = 0;

    void start(const std::shared_ptr<Flows>& source) {
        sink_id_ = engine_->graph().find("sink");
        ASSERT_TRUE(engine_->attach(source).ok());
        ASSERT_TRUE(engine_->start().ok());
    }
};

TEST_F(HandOverTest, EveryWorkerGetsItsFlows) {
    make(3);
    const auto source = std::make_shared<Flows>(input_, spread_);
    start(source);
    EXPECT_TRUE(eventually([&] { return sink_->count() > 20'000; }));
    source->on = false;
    EXPECT_TRUE(eventually([&] { return sink_->count() + refused() == source->brought.read(); }));
    for (unsigned worker = 0; worker < 3; ++worker) {
        EXPECT_GT((*sink_->counts)[worker].read(), 0u);
    }
    EXPECT_EQ(engine_->totals(engine_->graph().find("worker-input")).packets,
              sink_->count() - (*sink_->counts)[0].read());
    finish();
}

TEST_F(HandOverTest, SleepingWorkersWake) {
    make(2);
    const int silent = eventfd(0, EFD_NONBLOCK);
    const auto source = std::make_shared<Flows>(input_, spread_, silent);
    source->on = false;
    start(source);
    // Whoever gets the queue polls it once when it takes up the plan; one round is let through.
    const auto slept = [&] {
        return engine_->workers()[1]->dispatch().counters().sleeps.read() +
               engine_->workers()[0]->dispatch().counters().sleeps.read();
    };
    for (unsigned i = 0; i < 100; ++i) {
        const uint64_t sleeps = slept();
        const uint64_t before = sink_->count();
        source->on = true;
        engine_->workers()[0]->wake();
        ASSERT_TRUE(eventually([&] { return sink_->count() > before; },
                               [&] { engine_->workers()[0]->wake(); }));
        source->on = false;
        ASSERT_TRUE(eventually([&] { return slept() > sleeps; }));
        ASSERT_TRUE(
            eventually([&] { return sink_->count() + refused() == source->brought.read(); }));
    }
    finish();
    close(silent);
}

TEST_F(HandOverTest, QueueMovesWithoutLossAndInOrder) {
    make(3);
    on_ = false;
    const auto source = std::make_shared<Flows>(input_, spread_);
    start(source);
    for (unsigned i = 0; i < 300; ++i) {
        ASSERT_TRUE(engine_->move({1, 0}, (i + 1) % 3).ok());
        EXPECT_EQ(engine_->worker_of(source.get()), (i + 1) % 3);
        const uint64_t before = sink_->count();
        ASSERT_TRUE(eventually([&] { return sink_->count() > before; }));
        if (i == 100) {
            engine_->rearrange(1, [&] { on_ = true; });
        }
    }
    engine_->rearrange(1, [&] { on_ = false; });
    const uint64_t before = sink_->count();
    ASSERT_TRUE(eventually([&] { return sink_->count() > before; }));
    source->on = false;
    EXPECT_TRUE(eventually([&] { return sink_->count() + refused() == source->brought.read(); }));
    finish();
}

TEST_F(HandOverTest, MovesAndModesAreChecked) {
    make(2);
    const auto source = std::make_shared<Flows>(input_, spread_);
    source->on = false;
    start(source);
    EXPECT_EQ(engine_->move({1, 0}, 2).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(engine_->move({1, 1}, 1).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(engine_->set_mode({2, 0}, RxMode::polling).code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(engine_->set_mode({1, 0}, RxMode::interrupt).message(),
                ::testing::HasSubstr("adaptive or polling"));
    finish();
}

TEST_F(HandOverTest, PollingNeverSleeps) {
    make(1);
    const auto source = std::make_shared<Flows>(input_, spread_);
    source->on = false;
    start(source);
    const WorkerCounters& counters = engine_->workers()[0]->dispatch().counters();
    ASSERT_TRUE(eventually([&] { return counters.wakes_timer.read() > 3; }));
    ASSERT_TRUE(engine_->set_mode({1, 0}, RxMode::polling).ok());
    const uint64_t sleeps = counters.sleeps.read();
    const uint64_t loops = counters.loops.read();
    ASSERT_TRUE(eventually([&] { return counters.loops.read() > loops + 100'000; }));
    EXPECT_EQ(counters.sleeps.read(), sleeps);
    ASSERT_TRUE(engine_->set_mode({1, 0}, RxMode::adaptive).ok());
    ASSERT_TRUE(eventually([&] { return counters.sleeps.read() > sleeps; }));
    finish();
}

}  // namespace
}  // namespace graph
