// SPDX-License-Identifier: Apache-2.0
#include "graph/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"

namespace graph {
namespace {

using testing::Bench;
using testing::Result;
using testing::Scripted;

/// What a test packet carries: its number, so that order can be seen.
std::vector<Packet*> numbered(Bench& bench, unsigned count) {
    std::vector<Packet*> packets;
    for (unsigned i = 0; i < count; ++i) {
        const std::byte bytes[2] = {std::byte(i >> 8), std::byte(i)};
        packets.push_back(bench.packet(bytes));
    }
    return packets;
}

unsigned number(const Packet& packet) {
    return unsigned(packet.bytes()[0]) << 8 | unsigned(packet.bytes()[1]);
}
unsigned number(const Result& result) {
    return unsigned(result.bytes[0]) << 8 | unsigned(result.bytes[1]);
}

std::vector<unsigned> at(const std::vector<Result>& results, const std::string& next) {
    std::vector<unsigned> numbers;
    for (const Result& result : results) {
        if (result.next == next) {
            numbers.push_back(number(result));
        }
    }
    return numbers;
}

enum class Next : Edge { even, odd };
enum class Reason : uint16_t { other, third };
constexpr auto description = node<Next, Reason>(
    "sorter", {{Next::even, "even"}, {Next::odd, "odd"}},
    {{Reason::other, "other", "not used"}, {Reason::third, "third", "every third packet"}});

To<Next, Reason> sort(const Packet& packet) {
    if (number(packet) % 3 == 2) {
        return Reason::third;
    }
    return number(packet) % 2 == 0 ? Next::even : Next::odd;
}

struct ScalarSorter {
    static constexpr auto info = description;
    To<Next, Reason> operator()(Packet& packet) const noexcept { return sort(packet); }
};
struct ScalarSorterWithDispatch {
    static constexpr auto info = description;
    To<Next, Reason> operator()(Packet& packet, Dispatch&) const noexcept { return sort(packet); }
};
struct BatchSorter {
    static constexpr auto info = description;
    void operator()(std::span<Packet* const> packets, Hops hops, Dispatch&) const noexcept {
        for (size_t i = 0; i < packets.size(); ++i) {
            hops.set(i, sort(*packets[i]));
        }
    }
};
struct SinkSorter {
    static constexpr auto info = description;
    void operator()(std::span<Packet*> packets, Dispatch& dispatch) const noexcept {
        for (Packet* packet : packets) {
            dispatch.emit(*packet, sort(*packet));
        }
    }
};

template <class Node>
class Driver : public ::testing::Test {};
using Forms = ::testing::Types<ScalarSorter, ScalarSorterWithDispatch, BatchSorter, SinkSorter>;
TYPED_TEST_SUITE(Driver, Forms);

TYPED_TEST(Driver, MixedHopsKeepOrderAndNameDrops) {
    const unsigned free_before = testing::pool().available();
    for (const unsigned burst : Bench::bursts) {
        Bench bench;
        bench.add(std::make_shared<const TypeParam>());
        const auto packets = numbered(bench, burst);
        const auto results = bench.run("sorter", packets);
        ASSERT_EQ(results.size(), burst);
        std::vector<unsigned> even;
        std::vector<unsigned> odd;
        std::vector<unsigned> dropped;
        for (unsigned i = 0; i < burst; ++i) {
            (i % 3 == 2 ? dropped : i % 2 == 0 ? even : odd).push_back(i);
        }
        EXPECT_EQ(at(results, "even"), even);
        EXPECT_EQ(at(results, "odd"), odd);
        EXPECT_EQ(at(results, "drop"), dropped);
        for (const Result& result : results) {
            EXPECT_EQ(result.drop, result.next == "drop" ? "third" : "");
        }
        EXPECT_EQ(bench.drops("sorter", "third"), dropped.size());
        EXPECT_EQ(bench.drops("sorter", "other"), 0u);
        EXPECT_EQ(bench.dispatch().free_frames(), frames_per_worker);
    }
    EXPECT_EQ(testing::pool().available(), free_before);
}

TYPED_TEST(Driver, MoreThanAVector) {
    Bench bench;
    bench.add(std::make_shared<const TypeParam>());
    const auto packets = numbered(bench, 3 * vector_size + 7);
    const auto results = bench.run("sorter", packets);
    EXPECT_EQ(results.size(), packets.size());
    EXPECT_TRUE(
        std::is_sorted(results.begin(), results.end(), [](const Result& a, const Result& b) {
            return std::pair(a.next, number(a)) < std::pair(b.next, number(b));
        }));
    const NodeCounters& counters = bench.dispatch().counters().nodes[bench.graph().find("sorter")];
    EXPECT_EQ(counters.calls.read(), 4u);
    EXPECT_EQ(counters.packets.read(), packets.size());
}

/// Two nodes that note the frame they are called with.
void note(const void* self, Dispatch& dispatch, Frame& frame) noexcept {
    static_cast<std::vector<const Frame*>*>(const_cast<void*>(self))->push_back(&frame);
    const std::vector<uint16_t> hops(frame.size, Hop::edge(0).raw());
    dispatch.distribute(frame, hops.data());
}

TEST(Handover, WholeFrameIsHandedOnNotCopied) {
    std::vector<const Frame*> seen;
    Bench bench;
    for (const auto& [name, next] : {std::pair("first", "second"), std::pair("second", "end")}) {
        NodeSpec spec = testing::plain(name, {next});
        spec.process = &note;
        spec.self = &seen;
        ASSERT_TRUE(bench.graph().add(spec).ok());
    }
    const auto packets = numbered(bench, vector_size);
    const auto results = bench.run("first", packets);
    EXPECT_EQ(at(results, "end").size(), vector_size);
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0], seen[1]);
}

TEST(Handover, FillsUpTheFrameThatWaits) {
    Bench bench;
    const Scripted fork([](Packet&, Dispatch&) { return Hop::edge(0); });
    ASSERT_TRUE(bench.graph().add(Scripted::spec(fork, "left", {"join"})).ok());
    ASSERT_TRUE(bench.graph().add(Scripted::spec(fork, "right", {"join"})).ok());
    ASSERT_TRUE(bench.graph().add(Scripted::spec(fork, "join", {"end"})).ok());
    const Scripted split(
        [](Packet& packet, Dispatch&) { return Hop::edge(Edge(number(packet) < 100 ? 0 : 1)); });
    ASSERT_TRUE(bench.graph().add(Scripted::spec(split, "split", {"left", "right"})).ok());
    const auto results = bench.run("split", numbered(bench, 200));
    EXPECT_EQ(at(results, "end").size(), 200u);
    EXPECT_EQ(bench.dispatch().counters().nodes[bench.graph().find("join")].calls.read(), 1u);
}

TEST(Dispatch, ConsumedPacketsAreForgotten) {
    for (const unsigned burst : Bench::bursts) {
        Bench bench;
        const unsigned free_before = testing::pool().available();
        const Scripted half([](Packet& packet, Dispatch&) {
            if (number(packet) % 2 == 0) {
                return Hop::edge(0);
            }
            free_packet(&packet);
            return Hop::consumed();
        });
        const Scripted all([](Packet& packet, Dispatch&) {
            free_packet(&packet);
            return Hop::consumed();
        });
        ASSERT_TRUE(bench.graph().add(Scripted::spec(half, "half", {"end"})).ok());
        ASSERT_TRUE(bench.graph().add(Scripted::spec(all, "all")).ok());
        EXPECT_EQ(bench.run("half", numbered(bench, burst)).size(), (burst + 1) / 2);
        EXPECT_EQ(bench.run("all", numbered(bench, burst)).size(), 0u);
        EXPECT_EQ(testing::pool().available(), free_before);
        EXPECT_EQ(bench.dispatch().free_frames(), frames_per_worker);
    }
}

TEST(Dispatch, EmittedPacketsStandBetweenTheOthers) {
    // Each third packet becomes three, as a segmenter does it; what comes out keeps the order.
    for (const unsigned burst : Bench::bursts) {
        Bench bench;
        const Scripted segment([&](Packet& packet, Dispatch& dispatch) {
            if (number(packet) % 3 != 1) {
                return Hop::edge(0);
            }
            for (int i = 0; i < 3; ++i) {
                Packet* piece = dispatch.pool().allocate();
                piece->resize(2);
                std::copy(packet.bytes().begin(), packet.bytes().end(), piece->data());
                dispatch.emit(*piece, Hop::edge(0));
            }
            free_packet(&packet);
            return Hop::consumed();
        });
        ASSERT_TRUE(bench.graph().add(Scripted::spec(segment, "segment", {"end"})).ok());
        const unsigned free_before = testing::pool().available();
        const auto results = bench.run("segment", numbered(bench, burst));
        std::vector<unsigned> expected;
        for (unsigned i = 0; i < burst; ++i) {
            expected.insert(expected.end(), i % 3 == 1 ? 3 : 1, i);
        }
        EXPECT_EQ(at(results, "end"), expected);
        EXPECT_EQ(testing::pool().available(), free_before);
        EXPECT_EQ(bench.dispatch().free_frames(), frames_per_worker);
    }
}

TEST(Dispatch, EmitMayDropAndGoByNode) {
    Bench bench;
    const NodeId far = bench.collector("far");
    const Scripted both([far](Packet& packet, Dispatch& dispatch) {
        Packet* copy = dispatch.pool().allocate();
        copy->resize(2);
        dispatch.emit(*copy, Hop::drop(1));
        dispatch.count_drop(0, 5);
        dispatch.emit(packet, Hop::node(far));
        return Hop::consumed();
    });
    ASSERT_TRUE(bench.graph().add(Scripted::spec(both, "both", {}, {"not-made", "copy"})).ok());
    const auto results = bench.run("both", numbered(bench, 10));
    EXPECT_EQ(at(results, "far").size(), 10u);
    EXPECT_EQ(at(results, "drop").size(), 10u);
    EXPECT_EQ(bench.drops("both", "copy"), 10u);
    EXPECT_EQ(bench.drops("both", "not-made"), 50u);
}

TEST(Dispatch, NamesTheNodeThatRuns) {
    Bench bench;
    std::vector<std::string> seen;
    const Scripted node([&](Packet&, Dispatch& dispatch) {
        const Dispatch::Running running = dispatch.running();
        seen.push_back(std::string(running.node) + " of " + std::string(running.owner));
        return Hop::drop(0);
    });
    ASSERT_TRUE(bench.graph().add(Scripted::spec(node, "mine", {}, {"any"}, "plugin")).ok());
    EXPECT_EQ(bench.dispatch().running().node, "");
    bench.run("mine", std::vector<std::byte>(1));
    EXPECT_THAT(seen, ::testing::ElementsAre("mine of plugin"));
    EXPECT_EQ(bench.dispatch().running().node, "");
}

TEST(Dispatch, CircleOfNodesRunsOut) {
    Bench bench;
    const Scripted again([](Packet& packet, Dispatch&) {
        return Hop::edge(packet.meta().adjacency-- == 0 ? 1 : 0);
    });
    ASSERT_TRUE(bench.graph().add(Scripted::spec(again, "again", {"again", "end"})).ok());
    auto packets = numbered(bench, 100);
    for (Packet* packet : packets) {
        packet->meta().adjacency = number(*packet) % 4;
    }
    EXPECT_EQ(at(bench.run("again", packets), "end").size(), 100u);
}

TEST(Dispatch, NodeThatIsNotThereIsANamedDrop) {
    Bench bench;
    const Scripted astray([](Packet&, Dispatch&) { return Hop::node(no_node); });
    ASSERT_TRUE(bench.graph().add(Scripted::spec(astray, "astray")).ok());
    const auto results = bench.run("astray", numbered(bench, 3));
    ASSERT_EQ(results.size(), 3u);
    EXPECT_EQ(results[0].drop, "node-removed");
    EXPECT_EQ(bench.drops("removed-node", "node-removed"), 3u);
}

TEST(Dispatch, InputTakesNoPackets) {
    Bench bench;
    bench.collector("end");
    EXPECT_EQ(bench.run("bench-input", numbered(bench, 3)).at(0).drop, "node-removed");
}

TEST(Dispatch, FramesRunOutInACounterAndNothingLeaks) {
    Bench bench;
    const unsigned free_before = testing::pool().available();
    std::vector<Frame*> held;
    // Each packet is alone on its way, and the worker has one frame left.
    const Scripted split(
        [](Packet& packet, Dispatch&) { return Hop::edge(Edge(number(packet) % 2)); });
    ASSERT_TRUE(bench.graph().add(Scripted::spec(split, "split", {"left", "right"})).ok());
    bench.build();
    while (bench.dispatch().free_frames() > 2) {
        held.push_back(bench.dispatch().take_frame());
    }
    const auto results = bench.run("split", numbered(bench, 10));
    EXPECT_EQ(results.size(), 5u);
    uint64_t overflow = 0;
    for (const auto& node : bench.graph().nodes()) {
        overflow += bench.dispatch().counters().nodes[node.id].overflow.read();
    }
    EXPECT_EQ(overflow, 5u);
    for (Frame* frame : held) {
        bench.dispatch().give_frame(frame);
    }
    EXPECT_EQ(bench.dispatch().free_frames(), frames_per_worker);
    EXPECT_EQ(testing::pool().available(), free_before);
}

TEST(Dispatch, FrameFromAnInputGoesWholeAndAnEmptyOneComesBack) {
    Bench bench;
    const NodeId end = bench.collector("end");
    bench.build();
    Dispatch& dispatch = bench.dispatch();
    dispatch.begin_input(bench.graph().find("bench-input"));
    dispatch.enqueue(dispatch.take_frame(), end);
    EXPECT_EQ(dispatch.free_frames(), frames_per_worker);
    Frame* frame = dispatch.take_frame();
    frame->packets[frame->size++] = numbered(bench, 1)[0];
    dispatch.enqueue(frame, end);
    dispatch.end_input(1);
    EXPECT_EQ(dispatch.gathered(), 1u);
    EXPECT_EQ(bench.run("end", std::span<Packet* const>()).size(), 1u);
    EXPECT_EQ(dispatch.counters().nodes[bench.graph().find("bench-input")].packets.read(), 1u);
}

}  // namespace
}  // namespace graph
