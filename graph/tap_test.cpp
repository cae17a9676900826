// SPDX-License-Identifier: Apache-2.0
#include "graph/tap.hpp"

#include <gtest/gtest.h>

#include <array>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"
#include "graph/testing/wait.hpp"

namespace graph {
namespace {

using testing::eventually;
using testing::Scripted;

constexpr unsigned burst = 8;

/// Brings vectors of packets for as long as it is let.
class Stream : public Source {
public:
    Stream(NodeId input, NodeId first) : input_(input), first_(first) {}
    NodeId node() const noexcept override { return input_; }
    unsigned poll(Dispatch& dispatch) noexcept override {
        Frame* const frame = on_.load(std::memory_order_relaxed) ? dispatch.take_frame() : nullptr;
        if (frame == nullptr) {
            return 0;
        }
        if (dispatch.pool().allocate(std::span(frame->packets, burst))) {
            frame->size = burst;
        }
        for (Packet* packet : frame->used()) {
            packet->meta().flow_hash = number_++;
        }
        const unsigned count = frame->size;
        made_.add(count);
        dispatch.enqueue(frame, first_);
        return count;
    }
    void stop() { on_ = false; }
    uint64_t made() const { return made_.read(); }

private:
    const NodeId input_;
    const NodeId first_;
    std::atomic<bool> on_{true};
    uint32_t number_ = 0;
    Counter made_;
};

struct Out {
    static constexpr auto info = node("out");
    void operator()(std::span<Packet*> packets, Dispatch&) const noexcept { free_packets(packets); }
};

/// Counts what it sees, and says so where it is used after its end.
class CountingTap : public Tap {
public:
    ~CountingTap() override { alive_ = false; }
    void look(TapPoint point, std::span<Packet* const> packets, unsigned lane,
              uint64_t) noexcept override {
        EXPECT_TRUE(alive_);
        seen_[unsigned(point)][lane].add(packets.size());
        for (const Packet* packet : packets) {
            if (point == TapPoint::drop && packet->meta().drop != drop.load()) {
                ADD_FAILURE() << "another reason";
            }
        }
    }
    uint64_t seen(TapPoint point, unsigned lane) const {
        return seen_[unsigned(point)][lane].read();
    }
    uint64_t seen(TapPoint point) const { return seen(point, 0) + seen(point, 1); }
    std::atomic<DropId> drop{0};

private:
    bool alive_ = true;
    std::array<std::array<Counter, 3>, tap_points> seen_;
};

class TapTest : public ::testing::Test {
protected:
    TapTest() {
        testing::start_eal();
        engine_ = std::move(*Engine::create({2, {}, 8191}));
        Graph& graph = engine_->graph();
        EXPECT_TRUE(graph.add<Out>(std::make_shared<const Out>()).ok());
        const NodeId input = *graph.add(testing::plain("input", {"half"}, NodeKind::input));
        const NodeId half = *graph.add(Scripted::spec(half_, "half", {"out"}, {"odd"}));
        drop_ = graph.nodes()[half].first_drop;
        EXPECT_TRUE(engine_->commit().ok());
        EXPECT_TRUE(engine_->start().ok());
        for (unsigned worker = 0; worker < 2; ++worker) {
            streams_.push_back(std::make_shared<Stream>(input, half));
            EXPECT_TRUE(engine_->attach(streams_.back(), worker).ok());
        }
    }
    std::shared_ptr<CountingTap> tap() {
        auto made = std::make_shared<CountingTap>();
        made->drop = drop_;
        return made;
    }
    uint64_t made() const { return streams_[0]->made() + streams_[1]->made(); }

    const Scripted half_{[](Packet& packet, Dispatch&) {
        return packet.meta().flow_hash % 2 == 0 ? Hop::edge(0) : Hop::drop(0);
    }};
    std::unique_ptr<Engine> engine_;
    std::vector<std::shared_ptr<Stream>> streams_;
    DropId drop_ = 0;
};

TEST_F(TapTest, SeesPacketsComeInGoOutAndDie) {
    const auto tap = this->tap();
    engine_->set_tap(tap);
    EXPECT_TRUE(eventually(
        [&] { return tap->seen(TapPoint::rx, 0) > 5000 && tap->seen(TapPoint::rx, 1) > 5000; }));
    engine_->stop();
    EXPECT_NEAR(double(tap->seen(TapPoint::tx)), double(tap->seen(TapPoint::drop)), 2 * burst);
    EXPECT_GE(tap->seen(TapPoint::tx) + tap->seen(TapPoint::drop), tap->seen(TapPoint::rx));
    EXPECT_LE(tap->seen(TapPoint::rx), made());
    EXPECT_EQ(engine_->drops(drop_) * 2, made());
}

TEST_F(TapTest, ComesAndGoesUnderTrafficAndLosesNothing) {
    std::weak_ptr<CountingTap> before;
    for (unsigned change = 0; change < 200; ++change) {
        const auto tap = this->tap();
        engine_->set_tap(tap);
        ASSERT_TRUE(eventually([&] { return tap->seen(TapPoint::rx) > 0; }));
        EXPECT_TRUE(eventually([&] { return before.expired(); }, [&] { engine_->rcu().reclaim(); }))
            << "the one before is let go";
        before = tap;
        if (change % 3 == 0) {
            engine_->set_tap(nullptr);
        }
    }
    engine_->set_tap(nullptr);
    for (const auto& stream : streams_) {
        stream->stop();
    }
    engine_->stop();
    engine_->rcu().flush();
    EXPECT_TRUE(before.expired());
    EXPECT_EQ(engine_->totals(engine_->graph().find("half")).packets, made());
    EXPECT_EQ(engine_->totals(engine_->graph().find("out")).packets * 2, made());
    EXPECT_EQ(engine_->pool().available(), engine_->pool().capacity());
}

TEST_F(TapTest, TheLastDropsAreThereWithoutAnybodyAsking) {
    EXPECT_TRUE(eventually([&] { return engine_->drops(drop_) > 5000; }));
    const auto records = engine_->dropped_packets();
    ASSERT_GT(records.size(), FlightRecorder::capacity / 2);
    uint64_t last = 0;
    for (const DropRecord& record : records) {
        EXPECT_EQ(record.meta.drop, drop_);
        EXPECT_EQ(record.meta.flow_hash % 2, 1u);
        EXPECT_GE(record.tsc, last);
        EXPECT_LT(record.lane, 2);
        last = record.tsc;
    }
}

TEST_F(TapTest, WhatControlDropsIsSeenToo) {
    engine_->stop();
    const auto tap = this->tap();
    engine_->set_tap(tap);
    Packet* const packet = engine_->pool().allocate();
    ASSERT_TRUE(packet->resize(60));
    packet->meta().rx_interface = 9;
    engine_->count_drop(drop_, *packet);
    free_packet(packet);
    EXPECT_EQ(tap->seen(TapPoint::drop, 2), 1u);
    const auto records = engine_->dropped_packets();
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records.back().meta.rx_interface, 9u);
    EXPECT_EQ(records.back().lane, 2);
}

}  // namespace
}  // namespace graph
