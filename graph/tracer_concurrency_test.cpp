// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"
#include "graph/testing/wait.hpp"
#include "graph/tracer.hpp"

/// Orders come and go while a worker runs.
namespace graph {
namespace {

using testing::eventually;
using testing::Scripted;

/// Brings eight packets a poll: of each hundred, one is to be dropped.
class Mixed : public Source {
public:
    Mixed(NodeId input, NodeId first) : input_(input), first_(first) {}
    NodeId node() const noexcept override { return input_; }
    unsigned poll(Dispatch& dispatch) noexcept override {
        Packet* packets[8];
        if (!dispatch.pool().allocate(packets)) {
            return 0;
        }
        for (Packet* packet : packets) {
            packet->meta().flow_hash = number_++;
            dispatch.enqueue(*packet, first_);
        }
        return 8;
    }

private:
    const NodeId input_;
    const NodeId first_;
    uint32_t number_ = 0;
};

/// True for packets of even number; says so where it is asked after its end.
class Even final : public PacketMatch {
public:
    explicit Even(std::shared_ptr<std::atomic<unsigned>> alive) : alive_(std::move(alive)) {
        alive_->fetch_add(1);
    }
    ~Even() override {
        gone_ = true;
        alive_->fetch_sub(1);
    }
    bool matches(const Packet& packet) const noexcept override {
        EXPECT_FALSE(gone_);
        return packet.meta().flow_hash % 2 == 0;
    }

private:
    std::shared_ptr<std::atomic<unsigned>> alive_;
    bool gone_ = false;
};

TEST(TracerUnderTraffic, OrdersComeAndGo) {
    testing::start_eal();
    auto engine = std::move(*Engine::create({1, {}, 4095}));
    Graph& graph = engine->graph();
    const Scripted gate([](Packet& packet, Dispatch&) {
        return packet.meta().flow_hash % 100 == 0 ? Hop::drop(0) : Hop::edge(0);
    });
    const NodeId input = *graph.add(testing::plain("input", {"gate"}, NodeKind::input));
    const NodeId first = *graph.add(Scripted::spec(gate, "gate", {"end"}, {"rare"}));
    ASSERT_TRUE(graph.add(testing::plain("end")).ok());
    const DropId rare = graph.nodes()[first].first_drop;
    ASSERT_TRUE(engine->commit().ok());
    ASSERT_TRUE(engine->start().ok());
    ASSERT_TRUE(engine->attach(std::make_shared<Mixed>(input, first)).ok());

    Tracer& tracer = engine->workers()[0]->dispatch().tracer();
    const auto alive = std::make_shared<std::atomic<unsigned>>(0);
    const auto arm = [&](std::unique_ptr<TraceOrder> order) {
        if (std::shared_ptr<TraceOrder> before = tracer.arm(std::move(order))) {
            engine->rcu().retire([before]() mutable { before.reset(); });
        }
    };
    for (unsigned round = 0; round < 200; ++round) {
        const bool by_drop = round % 2 == 0;
        auto order = std::make_unique<TraceOrder>();
        order->filter.nodes.set(first);
        order->filter.match = std::make_shared<const Even>(alive);
        order->filter.by_drop = by_drop;
        order->filter.drops.set(rare);
        order->left = 5;
        std::vector<TraceRecord> records;
        tracer.collect(records);
        records.clear();
        arm(std::move(order));
        std::map<uint64_t, std::vector<TraceRecord>> packets;
        ASSERT_TRUE(eventually([&] {
            tracer.collect(records);
            for (const TraceRecord& record : records) {
                packets[record.packet].push_back(record);
            }
            records.clear();
            return packets.size() >= 5;
        }));
        for (const auto& [id, steps] : packets) {
            EXPECT_EQ(steps[0].meta.flow_hash % 2, 0u);
            if (by_drop && steps.size() == 2) {
                EXPECT_EQ(steps[1].node, drop_node);
            }
        }
        engine->rcu().reclaim();
    }
    arm(nullptr);
    engine->stop();
    engine->rcu().flush();
    EXPECT_EQ(alive->load(), 0u) << "every order is given back";
}

}  // namespace
}  // namespace graph
