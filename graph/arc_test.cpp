// SPDX-License-Identifier: Apache-2.0
#include "graph/arc.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"

namespace graph {
namespace {

using testing::Bench;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Scripted;

/// A bench with an arc: "start" puts packets on it, each feature notes its name and passes them on.
class Arc : public ::testing::Test {
protected:
    Arc() {
        start_ = std::make_unique<Scripted>([this](Packet& packet, Dispatch& dispatch) {
            return dispatch.start_arc(arc_, packet);
        });
        add(*start_, "start");
        bench_.collector("end");
        arc_ = *bench_.graph().add_arc({"arc", ArcSide::rx, {"start"}, "end"});
    }
    void add(const Scripted& node, const std::string& name, const std::string& owner = "core") {
        ASSERT_TRUE(bench_.graph().add(Scripted::spec(node, name, {}, {}, owner)).ok());
    }
    void feature(const std::string& name, std::vector<std::string> after = {},
                 const std::string& arc = "arc", const std::string& owner = "core") {
        features_.push_back(
            std::make_unique<Scripted>([this, name](Packet& packet, Dispatch& dispatch) {
                met_.push_back(name);
                return dispatch.next_feature(packet);
            }));
        add(*features_.back(), name, owner);
        ASSERT_TRUE(bench_.graph().add_feature(arc, {name, {}, std::move(after)}).ok());
    }
    void set(const std::string& name, bool on, uint32_t interface = 1,
             const std::string& arc = "arc") {
        ASSERT_TRUE(bench_.graph().set_feature(arc, name, interface, on).ok());
        EXPECT_EQ(bench_.graph().has_feature(arc, name, interface), on);
    }
    /// Which features one packet meets from `start` to the end.
    std::vector<std::string> met(uint32_t interface = 1, const std::string& start = "start") {
        met_.clear();
        const std::byte bytes[1] = {};
        const auto results = bench_.run(start, bytes, 1, interface);
        EXPECT_EQ(results.size(), 1u);
        last_ = results.at(0).next;
        return met_;
    }

    Bench bench_;
    std::unique_ptr<Scripted> start_;
    std::vector<std::unique_ptr<Scripted>> features_;
    std::vector<std::string> met_;
    std::string last_;
    ArcId arc_ = 0;
};

TEST_F(Arc, WithoutFeaturesLeadsToItsEnd) {
    feature("a");
    EXPECT_THAT(met(), IsEmpty());
    EXPECT_EQ(last_, "end");
}

TEST_F(Arc, SwitchTakesEffectAtOnce) {
    feature("a");
    EXPECT_THAT(met(), IsEmpty());
    set("a", true);
    EXPECT_THAT(met(1), ElementsAre("a"));
    EXPECT_THAT(met(2), IsEmpty());
    EXPECT_THAT(met(no_interface), IsEmpty());
    set("a", false);
    EXPECT_THAT(met(1), IsEmpty());
}

TEST_F(Arc, SwitchedOnBeforeTheFirstBuildHolds) {
    feature("a");
    set("a", true, max_interfaces - 1);
    EXPECT_THAT(met(max_interfaces - 1), ElementsAre("a"));
    bench_.graph().forget_interface(max_interfaces - 1);
    EXPECT_THAT(met(max_interfaces - 1), IsEmpty());
}

TEST_F(Arc, SeveralInTheirOrder) {
    feature("a", {"b"});
    feature("b", {"c"});
    feature("c");
    for (const char* name : {"a", "b", "c"}) {
        set(name, true);
    }
    EXPECT_THAT(met(), ElementsAre("c", "b", "a"));
    EXPECT_EQ(last_, "end");
    set("b", false);
    EXPECT_THAT(met(), ElementsAre("c", "a"));
    set("c", false);
    EXPECT_THAT(met(), ElementsAre("a"));
}

TEST_F(Arc, FeatureSwitchedOffOnThePacketsWay) {
    feature("a");
    Scripted off([this](Packet& packet, Dispatch& dispatch) {
        set("c", false);
        return dispatch.next_feature(packet);
    });
    add(off, "b");
    ASSERT_TRUE(bench_.graph().add_feature("arc", {"b", {}, {"a"}}).ok());
    feature("c", {"b"});
    for (const char* name : {"a", "b", "c"}) {
        set(name, true);
    }
    EXPECT_THAT(met(), ElementsAre("a"));
    EXPECT_EQ(last_, "end");
}

TEST_F(Arc, TwoInARow) {
    // The end of the first starts the second.
    const Scripted turn([](Packet& packet, Dispatch& dispatch) {
        packet.meta().tx_interface = 7;
        return dispatch.start_arc(1, packet);
    });
    add(turn, "turn");
    bench_.collector("wire");
    Graph& graph = bench_.graph();
    ASSERT_EQ(*graph.add_arc({"output", ArcSide::tx, {"turn"}, "wire"}), 1);
    feature("in-1");
    feature("in-2", {"in-1"});
    feature("out-1", {}, "output");
    const Scripted to_turn([&graph](Packet&, Dispatch&) { return Hop::node(graph.find("turn")); });
    add(to_turn, "route");
    ASSERT_TRUE(graph.add_feature("arc", {"route", {}, {"in-2"}}).ok());
    set("in-1", true);
    set("in-2", true);
    set("route", true);
    set("out-1", true, 7, "output");
    EXPECT_THAT(met(1), ElementsAre("in-1", "in-2", "out-1"));
    EXPECT_EQ(last_, "wire");
    set("out-1", false, 7, "output");
    set("out-1", true, 1, "output");
    EXPECT_THAT(met(1), ElementsAre("in-1", "in-2"))
        << "the output arc goes by the output interface";
}

TEST_F(Arc, FullArc) {
    for (unsigned i = 0; i < max_features; ++i) {
        feature(fmt::format("f{:02}", i),
                i == 0 ? std::vector<std::string>{} : std::vector{fmt::format("f{:02}", i - 1)});
    }
    ASSERT_TRUE(bench_.graph().add(testing::plain("more")).ok());
    EXPECT_EQ(bench_.graph().add_feature("arc", {"more", {}, {}}).code(),
              absl::StatusCode::kResourceExhausted);
    set("f63", true);
    EXPECT_THAT(met(), ElementsAre("f63"));
    set("f00", true);
    EXPECT_THAT(met(), ElementsAre("f00", "f63"));
}

TEST_F(Arc, NodeThatIsNoFeatureOfItLeadsToItsEnd) {
    feature("a");
    const Scripted lost([](Packet& packet, Dispatch& dispatch) {
        packet.meta().arc = 0;
        return dispatch.next_feature(packet);
    });
    add(lost, "lost");
    set("a", true);
    EXPECT_THAT(met(1, "lost"), IsEmpty());
    EXPECT_EQ(last_, "end");
}

TEST_F(Arc, ArcThatIsNotThereIsANamedDrop) {
    const Scripted wrong(
        [](Packet& packet, Dispatch& dispatch) { return dispatch.start_arc(9, packet); });
    add(wrong, "wrong");
    const std::byte bytes[1] = {};
    EXPECT_EQ(bench_.run("wrong", bytes).at(0).drop, "node-removed");
}

TEST_F(Arc, BitsAreKeptWhileTheOrderStays) {
    feature("b");
    set("b", true);
    Graph& graph = bench_.graph();
    const auto one = *graph.build();
    ASSERT_TRUE(graph.add(testing::plain("elsewhere")).ok());
    const auto two = *graph.build();
    EXPECT_EQ(one->arcs[0], two->arcs[0]);
    feature("a", {}, "arc", "plugin");
    const auto three = *graph.build();
    EXPECT_NE(two->arcs[0], three->arcs[0]);
    EXPECT_EQ(two->arcs[0]->enabled[1].load(), 0b01u);
    EXPECT_EQ(three->arcs[0]->enabled[1].load(), 0b10u);
    graph.remove_owner("plugin");
    const auto four = *graph.build();
    EXPECT_EQ(four->arcs[0]->enabled[1].load(), 0b01u);
}

}  // namespace
}  // namespace graph
