// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/nodes.hpp"

namespace graph {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::plain;
using ::testing::UnorderedElementsAre;

std::vector<std::string> build(Graph& graph) {
    std::vector<std::string> warnings;
    const auto version = graph.build(&warnings);
    EXPECT_TRUE(version.ok()) << version.status();
    return warnings;
}

TEST(Graph, UnknownNextNodeIsRefusedByName) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("a", {"nowhere"}, NodeKind::internal, "nat")).ok());
    const auto version = graph.build();
    EXPECT_EQ(version.status().code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(version.status().message(), AllOf(HasSubstr("'a' of nat"), HasSubstr("'nowhere'")));
}

TEST(Graph, AnInputIsNobodysNextNode) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("a", {"in"})).ok());
    const auto version = graph.build();
    EXPECT_EQ(version.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(version.status().message(), HasSubstr("'in', which is an input"));
}

TEST(Graph, UnreachableNodeIsAWarning) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"a"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("a")).ok());
    ASSERT_TRUE(graph.add(plain("lonely", {}, NodeKind::internal, "nat")).ok());
    EXPECT_THAT(build(graph), ElementsAre(AllOf(HasSubstr("'lonely'"), HasSubstr("nat"))));
}

TEST(Graph, NameIsTakenOnce) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("a", {}, NodeKind::internal, "nat")).ok());
    const auto again = graph.add(plain("a", {}, NodeKind::internal, "acl"));
    EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_THAT(again.status().message(), AllOf(HasSubstr("acl"), HasSubstr("from nat")));
    EXPECT_EQ(graph.add(plain("drop")).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(Graph, NodesAreBounded) {
    Graph graph;
    while (graph.nodes().size() < max_nodes) {
        ASSERT_TRUE(graph.add(plain(fmt::format("n{}", graph.nodes().size()))).ok());
    }
    const auto more = graph.add(plain("more"));
    EXPECT_EQ(more.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(more.status().message(), AllOf(HasSubstr("'more'"), HasSubstr("1024")));
    EXPECT_EQ(graph.find("more"), no_node);
    EXPECT_TRUE(graph.build().ok());
}

TEST(Graph, DropReasonsAreBounded) {
    Graph graph;
    NodeSpec spec = plain("a");
    spec.drops.resize(max_drops + 1);
    EXPECT_EQ(graph.add(spec).status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(graph.find("a"), no_node);
}

TEST(Graph, RanksAreTopological) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("z-last")).ok());
    ASSERT_TRUE(graph.add(plain("middle", {"z-last"})).ok());
    ASSERT_TRUE(graph.add(plain("early", {"middle", "z-last"})).ok());
    ASSERT_TRUE(graph.add(plain("in", {"z-last", "early"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("in2", {"early"}, NodeKind::input)).ok());
    const auto version = graph.build();
    ASSERT_TRUE(version.ok());
    const auto rank = [&](const char* name) { return (*version)->rank_of[graph.find(name)]; };
    for (const auto& [from, tos] : graph.successors()) {
        for (const NodeId to : tos) {
            EXPECT_LT((*version)->rank_of[from], (*version)->rank_of[to])
                << graph.name_of(from) << " to " << graph.name_of(to);
        }
    }
    EXPECT_EQ((*version)->nodes[rank("early")].edges,
              (std::vector<Rank>{rank("middle"), rank("z-last")}));
    EXPECT_EQ((*version)->nodes[rank("middle")].id, graph.find("middle"));
}

TEST(Graph, CircleInTheGraphIsAllowed) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"lookup"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("lookup", {"encap"})).ok());
    ASSERT_TRUE(graph.add(plain("encap", {"lookup"})).ok());
    const auto version = graph.build();
    ASSERT_TRUE(version.ok());
    EXPECT_LT((*version)->rank_of[graph.find("lookup")], (*version)->rank_of[graph.find("encap")]);
}

TEST(Graph, LinkReachesAndOrders) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("far")).ok());
    ASSERT_TRUE(graph.add(plain("in", {"a"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("a")).ok());
    graph.link("a", "far");
    EXPECT_THAT(build(graph), IsEmpty());
    EXPECT_THAT(graph.successors().at(graph.find("a")), Contains(graph.find("far")));
}

TEST(Graph, LinkFromANodeThatComesLaterHolds) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"a"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("far")).ok());
    graph.link("a", "far");
    ASSERT_TRUE(graph.add(plain("a")).ok());
    EXPECT_THAT(build(graph), IsEmpty());
    graph.link("misspelt", "far");
    EXPECT_THAT(build(graph), ElementsAre(HasSubstr("'misspelt'")));
}

TEST(Graph, LinkToAnUnknownNodeIsRefused) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("a")).ok());
    graph.link("a", "nowhere");
    EXPECT_EQ(graph.build().status().code(), absl::StatusCode::kNotFound);
}

TEST(Graph, RemovalOfAnOwner) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"a"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("a")).ok());
    const NodeId theirs = *graph.add(plain("theirs", {"a"}, NodeKind::internal, "nat"));
    graph.link("a", "theirs");
    ASSERT_TRUE(graph.build().ok());
    graph.remove_owner("nat");
    EXPECT_EQ(graph.find("theirs"), no_node);
    EXPECT_EQ(graph.name_of(theirs), "theirs");
    const auto version = graph.build();
    ASSERT_TRUE(version.ok());
    EXPECT_EQ((*version)->rank_of[theirs], (*version)->rank_of[graph.find("removed-node")]);
    EXPECT_EQ((*version)->rank_of[no_node], (*version)->rank_of[graph.find("removed-node")]);
    EXPECT_THAT(graph.successors(), Not(Contains(::testing::Key(theirs))));
    // The same name may come back; it is another node.
    const auto again = graph.add(plain("theirs", {}, NodeKind::internal, "nat"));
    ASSERT_TRUE(again.ok());
    EXPECT_NE(*again, theirs);
}

TEST(Graph, WhatLeadsToARemovedNodeIsAWarning) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"a"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("a", {"theirs"})).ok());
    ASSERT_TRUE(graph.add(plain("theirs", {}, NodeKind::internal, "nat")).ok());
    EXPECT_THAT(build(graph), IsEmpty());
    graph.remove_owner("nat");
    EXPECT_THAT(build(graph), ElementsAre(AllOf(HasSubstr("'a' of core"),
                                                HasSubstr("'theirs', which was removed"))));
}

TEST(Graph, NodesThatNoGraphCanBeWithoutStay) {
    Graph graph;
    graph.remove_owner("core");
    EXPECT_NE(graph.find("drop"), no_node);
    EXPECT_TRUE(graph.build().ok());
}

struct Tracked {
    static constexpr auto info = node("tracked");
    std::shared_ptr<int> token;
    void operator()(std::span<Packet*> packets, Dispatch&) const noexcept { free_packets(packets); }
};

TEST(Graph, NodeObjectLivesAsLongAsAVersionRunsIt) {
    const auto token = std::make_shared<int>();
    Graph graph;
    ASSERT_TRUE(graph.add<Tracked>(std::make_shared<const Tracked>(Tracked{token}), "nat").ok());
    EXPECT_EQ(token.use_count(), 2);
    auto version = *graph.build();
    graph.remove_owner("nat");
    EXPECT_EQ(token.use_count(), 2) << "a worker may still run it";
    const auto next = *graph.build();
    EXPECT_EQ(token.use_count(), 2) << "a worker may still run it";
    version.reset();
    EXPECT_EQ(token.use_count(), 1);
}

TEST(Graph, RefusedBuildChangesNothing) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"start"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("start")).ok());
    ASSERT_TRUE(graph.add(plain("end")).ok());
    ASSERT_TRUE(graph.add(plain("feature")).ok());
    ASSERT_TRUE(graph.add_arc({"arc", ArcSide::rx, {"start"}, "end"}).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"feature", {}, {}}).ok());
    const auto version = *graph.build();
    const auto successors = graph.successors();
    // Comes before "feature" in the order, but the whole is refused for its edge.
    ASSERT_TRUE(graph.add(plain("early", {"nowhere"}, NodeKind::internal, "nat")).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"early", {"feature"}, {}}).ok());
    ASSERT_FALSE(graph.build().ok());
    EXPECT_EQ(graph.successors(), successors);
    EXPECT_THAT(graph.arcs()[0].order, ElementsAre("feature"));
    // The bit goes where workers look for it now.
    ASSERT_TRUE(graph.set_feature("arc", "feature", 3, true).ok());
    EXPECT_EQ(version->arcs[0]->enabled[3].load(), 1u);
    ASSERT_TRUE(graph.set_feature("arc", "early", 3, true).ok());
    EXPECT_EQ(version->arcs[0]->enabled[3].load(), 1u);
    graph.remove_owner("nat");
    EXPECT_TRUE(graph.build().ok());
}

TEST(Graph, AnEarlyFeatureComesBeforeWhoSaysNothingOfIt) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"start"}, NodeKind::input)).ok());
    for (const char* name : {"start", "end", "a", "tells", "b", "c"}) {
        ASSERT_TRUE(graph.add(plain(name)).ok());
    }
    ASSERT_TRUE(graph.add_arc({"arc", ArcSide::rx, {"start"}, "end"}).ok());
    // What one owner leaves open is an error, but not where one of the two is early.
    ASSERT_TRUE(graph.add_feature("arc", {"a", {}, {}}).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"tells", {}, {"c"}, true}).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"b", {"tells"}, {"c"}}).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"c", {}, {}}).ok());
    const auto version = graph.build();
    ASSERT_TRUE(version.ok()) << version.status();
    EXPECT_THAT(graph.arcs()[0].order, ElementsAre("c", "b", "tells", "a"));
}

TEST(Graph, ArcIsRefusedWithNames) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("start")).ok());
    ASSERT_TRUE(graph.add_arc({"arc", ArcSide::rx, {"start"}, "nowhere"}).ok());
    EXPECT_THAT(graph.build().status().message(),
                AllOf(HasSubstr("arc 'arc'"), HasSubstr("'nowhere'")));
    EXPECT_EQ(graph.add_arc({"arc", ArcSide::rx, {}, "start"}).status().code(),
              absl::StatusCode::kAlreadyExists);
    EXPECT_THAT(graph.add_feature("other", {"start", {}, {}}).message(),
                HasSubstr("arcs are: arc"));
    EXPECT_THAT(graph.set_feature("other", "start", 1, true).message(), HasSubstr("arcs are: arc"));
    EXPECT_EQ(graph.add_feature("arc", {"nobody", {}, {}}).code(), absl::StatusCode::kNotFound);
    ASSERT_TRUE(graph.add_feature("arc", {"start", {}, {}}).ok());
    EXPECT_EQ(graph.add_feature("arc", {"start", {}, {}}).code(), absl::StatusCode::kAlreadyExists);
    EXPECT_THAT(graph.set_feature("arc", "nobody", 1, true).message(), HasSubstr("it has: start"));
    EXPECT_EQ(graph.set_feature("arc", "start", max_interfaces, true).code(),
              absl::StatusCode::kInvalidArgument);
    graph.forget_interface(max_interfaces);
}

TEST(Graph, ArcOfARemovedOwnerGoesAndComesBackAsItself) {
    Graph graph;
    ASSERT_TRUE(graph.add(plain("in", {"start"}, NodeKind::input)).ok());
    ASSERT_TRUE(graph.add(plain("start")).ok());
    ASSERT_TRUE(graph.add(plain("filter", {}, NodeKind::internal, "acl")).ok());
    const auto load = [&]() -> ArcId {
        EXPECT_TRUE(graph.add(plain("end", {}, NodeKind::internal, "mpls")).ok());
        return *graph.add_arc({"mpls", ArcSide::rx, {"start"}, "end", "mpls"});
    };
    const ArcId id = load();
    ASSERT_TRUE(graph.add_feature("mpls", {"filter", {}, {}}).ok());
    ASSERT_TRUE(graph.set_feature("mpls", "filter", 1, true).ok());
    ASSERT_TRUE(graph.build().ok());
    graph.remove_owner("mpls");
    EXPECT_EQ(graph.add_feature("mpls", {"filter", {}, {}}).code(), absl::StatusCode::kNotFound);
    const auto without = graph.build();
    ASSERT_TRUE(without.ok()) << without.status();
    EXPECT_EQ((*without)->arcs[id]->end, no_node);
    EXPECT_EQ(load(), id);
    ASSERT_TRUE(graph.add_feature("mpls", {"filter", {}, {}}).ok());
    const auto with = graph.build();
    ASSERT_TRUE(with.ok());
    EXPECT_EQ((*with)->arcs[id]->end, graph.find("end"));
    EXPECT_EQ((*with)->arcs[id]->enabled[1].load(), 0u) << "features begin switched off";
}

TEST(Graph, FeatureOrderSurvivesTheRemovalOfOneInBetween) {
    Graph graph;
    for (const char* name : {"start", "end", "x", "a"}) {
        ASSERT_TRUE(graph.add(plain(name)).ok());
    }
    ASSERT_TRUE(graph.add(plain("theirs", {}, NodeKind::internal, "nat")).ok());
    ASSERT_TRUE(graph.add_arc({"arc", ArcSide::rx, {"start"}, "end"}).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"x", {"theirs"}, {}}).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"theirs", {}, {}}).ok());
    ASSERT_TRUE(graph.add_feature("arc", {"a", {}, {"theirs"}}).ok());
    ASSERT_TRUE(graph.build().ok());
    EXPECT_THAT(graph.arcs()[0].order, ElementsAre("x", "theirs", "a"));
    graph.remove_owner("nat");
    const auto version = graph.build();
    ASSERT_TRUE(version.ok()) << version.status();
    EXPECT_THAT(graph.arcs()[0].order, ElementsAre("x", "a"));
}

// ---- descriptions ----

enum class Next : Edge { forward, expired };
enum class Reason : uint16_t { bad_checksum, too_short };

constexpr auto both =
    node<Next, Reason>("both", {{Next::forward, "a"}, {Next::expired, "b"}},
                       {{Reason::bad_checksum, "bad-checksum", "the checksum is wrong"},
                        {Reason::too_short, "too-short", "the header is cut off"}});
constexpr auto edges_only = node<Next>("edges", {{Next::forward, "a"}, {Next::expired, "b"}});
constexpr auto drops_only =
    node<Reason>("drops", {{Reason::bad_checksum, "bad-checksum", "the checksum is wrong"}});
constexpr auto neither = node("neither");
static_assert(both.name == "both" && both.edges.size() == 2 && both.drops.size() == 2);
static_assert(both.edges[1].node == "b" && both.drops[1].name == "too-short");
static_assert(edges_only.edges.size() == 2 && edges_only.drops.empty());
static_assert(drops_only.edges.empty() && drops_only.drops.size() == 1);
static_assert(neither.edges.empty() && neither.drops.empty());

/// Whether a list with these enumerators, in this order, can be described at compile time.
template <Next... Values>
concept Describable = requires {
    typename std::bool_constant<(
        detail::in_order(std::array{EdgeTo<Next>{Values, "a"}...}, &EdgeTo<Next>::next), true)>;
};
static_assert(Describable<Next::forward, Next::expired>);
static_assert(!Describable<Next::expired, Next::forward>);
static_assert(!Describable<Next::expired>);
static_assert(!Describable<Next::forward, Next::forward>);

struct AnswersNext {
    static constexpr auto info = edges_only;
    Next operator()(Packet&) const noexcept { return Next::forward; }
};
struct AnswersNextWithDispatch {
    static constexpr auto info = edges_only;
    Next operator()(Packet&, Dispatch&) const noexcept { return Next::forward; }
};
struct AnswersBoth {
    static constexpr auto info = both;
    To<Next, Reason> operator()(Packet&) const noexcept { return Reason::too_short; }
};
/// Would be taken for an edge.
struct AnswersAReason {
    static constexpr auto info = both;
    Reason operator()(Packet&) const noexcept { return Reason::too_short; }
};
struct MayThrow {
    [[maybe_unused]] static constexpr auto info = edges_only;
    Next operator()(Packet&) const { return Next::forward; }
};
struct TwoForms {
    static constexpr auto info = edges_only;
    Next operator()(Packet&) const noexcept { return Next::forward; }
    void operator()(std::span<Packet* const>, Hops, Dispatch&) const noexcept {}
};
static_assert(AnyNode<AnswersNext> && AnyNode<AnswersNextWithDispatch> && AnyNode<AnswersBoth> &&
              AnyNode<Tracked>);
static_assert(!AnyNode<AnswersAReason> && !AnyNode<MayThrow> && !AnyNode<TwoForms>);

TEST(NodeInfo, BecomesASpec) {
    const AnswersBoth object;
    const NodeSpec spec = describe(object, "nat");
    EXPECT_EQ(spec.name, "both");
    EXPECT_EQ(spec.owner, "nat");
    EXPECT_EQ(spec.kind, NodeKind::internal);
    EXPECT_THAT(spec.edges, ElementsAre("a", "b"));
    ASSERT_EQ(spec.drops.size(), 2u);
    EXPECT_EQ(spec.drops[1].name, "too-short");
    EXPECT_EQ(spec.drops[1].meaning, "the header is cut off");
    EXPECT_EQ(describe(Tracked{}).kind, NodeKind::output);
}

TEST(Hop, SaysWhatItIs) {
    EXPECT_TRUE(Hop::node(max_nodes - 1).is_node());
    EXPECT_EQ(Hop::node(max_nodes - 1).index(), max_nodes - 1);
    EXPECT_TRUE(Hop::drop(max_drops - 1).is_drop());
    EXPECT_EQ(Hop::drop(max_drops - 1).index(), max_drops - 1);
    EXPECT_TRUE(Hop::consumed().is_consumed());
    EXPECT_FALSE(Hop::consumed().is_drop());
    EXPECT_FALSE(Hop::consumed().is_node());
    EXPECT_FALSE(Hop::edge(3).is_node() || Hop::edge(3).is_drop() || Hop::edge(3).is_consumed());
}

}  // namespace
}  // namespace graph
