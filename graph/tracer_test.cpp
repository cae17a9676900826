// SPDX-License-Identifier: Apache-2.0
#include "graph/tracer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "graph/counter.hpp"
#include "graph/stable_array.hpp"
#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"

namespace graph {
namespace {

using testing::Bench;
using testing::Scripted;

class Tracing : public ::testing::Test {
protected:
    Tracing() {
        EXPECT_TRUE(bench_.graph().add(Scripted::spec(pass_, "first", {"second"})).ok());
        EXPECT_TRUE(bench_.graph().add(Scripted::spec(pass_, "second", {"end"})).ok());
        bench_.build();
    }
    void run(unsigned packets, const std::string& node = "first") {
        const std::byte bytes[3] = {std::byte{1}, std::byte{2}, std::byte{3}};
        EXPECT_EQ(bench_.run(node, bytes, packets).size(), packets);
    }
    std::vector<TraceRecord> collect() {
        std::vector<TraceRecord> records;
        bench_.dispatch().tracer().collect(records);
        return records;
    }
    NodeId id(const char* name) { return bench_.graph().find(name); }
    /// From `node` on; nothing runs meanwhile, so that the order before may go at once.
    void arm(NodeId node, uint32_t packets, TraceFilter filter = {}) {
        filter.nodes.set(node);
        auto order = std::make_unique<TraceOrder>();
        order->filter = filter;
        order->left = packets;
        bench_.dispatch().tracer().arm(std::move(order));
    }

    const Scripted pass_{[](Packet& packet, Dispatch&) {
        packet.meta().adjacency = 77;
        return Hop::edge(0);
    }};
    Bench bench_;
};

TEST_F(Tracing, OffRecordsNothing) {
    run(10);
    EXPECT_TRUE(collect().empty());
    EXPECT_FALSE(bench_.dispatch().tracer().active());
}

TEST_F(Tracing, MarksTheNextPacketsAndFollowsThem) {
    arm(id("first"), 2);
    run(10);
    run(10);
    const auto records = collect();
    ASSERT_EQ(records.size(), 6u);
    for (const NodeId node : {id("first"), id("second"), id("end")}) {
        EXPECT_EQ(std::count_if(records.begin(), records.end(),
                                [&](const auto& r) { return r.node == node; }),
                  2);
    }
    EXPECT_NE(records[0].packet, records[1].packet);
    EXPECT_EQ(records[0].packet, records[2].packet);
    EXPECT_EQ(records[0].length, 3u);
    EXPECT_EQ(records[0].captured, 3);
    EXPECT_EQ(records[0].bytes[2], std::byte{3});
    EXPECT_EQ(records[0].meta.adjacency, 0u) << "as it stood in front of the node";
    EXPECT_EQ(records[2].meta.adjacency, 77u);
    EXPECT_TRUE(collect().empty()) << "taken once";
}

TEST_F(Tracing, BeginsAtTheArmedNode) {
    arm(id("second"), 1);
    run(3);
    const auto records = collect();
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].node, id("second"));
    EXPECT_EQ(records[1].node, id("end"));
}

TEST_F(Tracing, DisarmStopsIt) {
    arm(id("first"), 100);
    run(3);
    bench_.dispatch().tracer().arm(nullptr);
    run(3);
    EXPECT_EQ(collect().size(), 9u);
}

TEST_F(Tracing, IsBoundedAndCountsWhatItLost) {
    arm(id("first"), 100'000);
    const unsigned packets = 2000;
    run(packets);
    EXPECT_EQ(bench_.dispatch().tracer().lost(), 3 * packets - Tracer::capacity);
    EXPECT_EQ(collect().size(), Tracer::capacity);
    run(1);
    EXPECT_EQ(collect().size(), 3u) << "there is room again";
}

TEST_F(Tracing, CapturesNoMoreThanThereIsRoomFor) {
    arm(id("first"), 1);
    const std::vector<std::byte> bytes(1000, std::byte{9});
    bench_.run("first", bytes);
    const auto records = collect();
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].captured, TraceRecord::captured_bytes);
    EXPECT_EQ(records[0].length, 1000u);
}

TEST_F(Tracing, ByTheInterfaceThatPacketsCameInBy) {
    TraceFilter filter;
    filter.rx_interface = 9;
    arm(id("first"), 10, filter);
    run(3);
    const std::byte bytes[3] = {};
    bench_.run("first", bytes, 2, 9);
    EXPECT_EQ(collect().size(), 6u);
}

/// Packets whose first byte is this.
struct FirstByte final : PacketMatch {
    explicit FirstByte(std::byte wanted) : wanted_(wanted) {}
    bool matches(const Packet& packet) const noexcept override {
        return packet.bytes()[0] == wanted_;
    }
    const std::byte wanted_;
};

TEST_F(Tracing, ByTheirBytes) {
    TraceFilter filter;
    filter.match = std::make_shared<const FirstByte>(std::byte{7});
    arm(id("first"), 10, filter);
    run(3);
    EXPECT_TRUE(collect().empty());
    const std::byte seven[1] = {std::byte{7}};
    bench_.run("first", seven, 2);
    EXPECT_EQ(collect().size(), 6u);
}

/// A node that drops packets whose first byte is 1, notes a drop for 2 and lets all others pass.
class TracingDrops : public ::testing::Test {
protected:
    TracingDrops() {
        EXPECT_TRUE(bench_.graph().add(Scripted::spec(pass_, "first", {"gate"})).ok());
        EXPECT_TRUE(
            bench_.graph().add(Scripted::spec(gate_, "gate", {"end"}, {"refused", "noted"})).ok());
        bench_.build();
        TraceFilter filter;
        filter.nodes.set(bench_.graph().find("first"));
        filter.by_drop = true;
        filter.drops.set(drop("refused"));
        filter.drops.set(drop("noted"));
        arm(filter, 3);
    }
    void arm(const TraceFilter& filter, uint32_t packets) {
        auto order = std::make_unique<TraceOrder>();
        order->filter = filter;
        order->left = packets;
        bench_.dispatch().tracer().arm(std::move(order));
    }
    size_t drop(const std::string& name) {
        const auto& drops = bench_.graph().drops();
        return size_t(std::find_if(drops.begin(), drops.end(),
                                   [&](const DropInfo& info) { return info.name == name; }) -
                      drops.begin());
    }
    void run(int first_byte, unsigned packets) {
        const std::byte bytes[1] = {std::byte(first_byte)};
        bench_.run("first", bytes, packets);
    }
    std::vector<std::string> collect() {
        std::vector<TraceRecord> records;
        bench_.dispatch().tracer().collect(records);
        std::vector<std::string> nodes;
        for (const TraceRecord& record : records) {
            nodes.push_back(bench_.graph().name_of(record.node));
        }
        return nodes;
    }

    const Scripted pass_{[](Packet&, Dispatch&) { return Hop::edge(0); }};
    const Scripted gate_{[](Packet& packet, Dispatch& dispatch) {
        if (packet.data()[0] == std::byte{1}) {
            return Hop::drop(0);
        }
        if (packet.data()[0] == std::byte{2}) {
            dispatch.count_drop(1, packet);
        }
        return Hop::edge(0);
    }};
    Bench bench_;
};

TEST_F(TracingDrops, KeepsOnlyThoseThatAreDropped) {
    run(0, 256);
    EXPECT_THAT(collect(), ::testing::IsEmpty());
    run(1, 1);
    EXPECT_THAT(collect(), ::testing::ElementsAre("first", "gate", "drop"));
}

TEST_F(TracingDrops, FindsTheRareOneOfManyAndStopsWhenItHasEnough) {
    for (int round = 0; round < 100; ++round) {
        run(0, 256);
        run(1, 1);
    }
    EXPECT_EQ(collect().size(), 9u);
    EXPECT_EQ(bench_.dispatch().tracer().lost(), 0u) << "the room of the others is used again";
}

TEST_F(TracingDrops, TakesPacketsThatBecomeTheQuoteOfAnError) {
    run(2, 1);
    EXPECT_THAT(collect(), ::testing::ElementsAre("first", "gate", "end"));
    EXPECT_EQ(bench_.drops("gate", "noted"), 1u);
}

TEST_F(TracingDrops, AnotherOrderBeginsAnew) {
    TraceFilter all;
    all.nodes.set(bench_.graph().find("first"));
    arm(all, 1);
    run(0, 5);
    EXPECT_THAT(collect(), ::testing::ElementsAre("first", "gate", "end"));
}

/// Two workers' tracers, and a packet that goes from one to the other.
class TracingOfTwo : public Tracing {
protected:
    TracingOfTwo() {
        second_.set_worker(1);
        packet_ = bench_.dispatch().pool().allocate();
        packet_->meta().rx_interface = 3;
    }
    ~TracingOfTwo() override { free_packet(packet_); }
    void arm_both(const TraceFilter& filter) {
        arm(id("first"), 5, filter);
        auto order = std::make_unique<TraceOrder>();
        order->filter = filter;
        order->filter.nodes.set(id("second"));
        order->left = 5;
        second_.arm(std::move(order));
    }
    std::vector<TraceRecord> of_second() {
        std::vector<TraceRecord> records;
        second_.collect(records);
        return records;
    }

    Attention attention_;
    Tracer second_{attention_};
    Packet* packet_ = nullptr;
};

TEST_F(TracingOfTwo, APacketThatIsHandedOverStaysTheSame) {
    arm_both({});
    bench_.dispatch().tracer().record(id("first"), {&packet_, 1}, 1);
    second_.record(id("second"), {&packet_, 1}, 2);
    Packet* other = bench_.dispatch().pool().allocate();
    second_.record(id("second"), {&other, 1}, 3);
    free_packet(other);
    const auto first = collect();
    const auto second = of_second();
    ASSERT_EQ(first.size(), 1u);
    ASSERT_EQ(second.size(), 2u);
    EXPECT_EQ(second[0].packet, first[0].packet);
    EXPECT_EQ(second[0].worker, 1);
    EXPECT_NE(second[1].packet, first[0].packet) << "each worker's marks are its own";
}

TEST_F(TracingOfTwo, ADropIsFoundByTheWorkerThatDrops) {
    TraceFilter filter;
    filter.by_drop = true;
    filter.drops.set(4);
    arm_both(filter);
    bench_.dispatch().tracer().record(id("first"), {&packet_, 1}, 1);
    bench_.dispatch().tracer().settle();
    second_.record(id("second"), {&packet_, 1}, 2);
    packet_->meta().drop = 4;
    second_.record(drop_node, {&packet_, 1}, 3);
    second_.settle();
    EXPECT_TRUE(collect().empty());
    EXPECT_EQ(of_second().size(), 2u);
}

TEST(Counter, CountsAndIsReadFromAnyThread) {
    Counter counter;
    counter.add(2);
    counter.add(3);
    uint64_t seen = 0;
    std::thread([&] { seen = counter.read(); }).join();
    EXPECT_EQ(seen, 5u);
    counter.set(1);
    EXPECT_EQ(counter.read(), 1u);
}

TEST(StableArray, BeginsAsZeroAndNeverMoves) {
    // Far more than this machine could hold, were it touched.
    StableArray<std::atomic<uint64_t>> array(size_t(1) << 32);
    EXPECT_EQ(array.capacity(), size_t(1) << 32);
    EXPECT_EQ(array[0].load(), 0u);
    std::atomic<uint64_t>* const last = &array[array.capacity() - 1];
    EXPECT_EQ(last->load(), 0u);
    last->store(7);
    EXPECT_EQ(array[array.capacity() - 1].load(), 7u);
    EXPECT_EQ(array.data() + array.capacity() - 1, last);
}

TEST(StableArray, RefusesWhatCannotBeReserved) {
    EXPECT_THROW(StableArray<uint64_t>(size_t(1) << 58), std::bad_alloc);
}

}  // namespace
}  // namespace graph
