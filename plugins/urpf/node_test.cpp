// SPDX-License-Identifier: Apache-2.0
#include "plugins/urpf/node.hpp"

#include <gtest/gtest.h>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace urpf {
namespace {

using graph::testing::Bench;
using vnet::fib::Action;
using vnet::fib::Adjacency;
using vnet::fib::PathIndex;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;

constexpr Index lan = 1;
constexpr Index wan = 2;
constexpr Index other = 3;

/// What differs between the families in these tests.
struct Four {
    using Family = vnet::ip4::Family;
    static vnet::wire::Ip4Prefix prefix(const char* text) {
        return *vnet::wire::Ip4Prefix::parse(text);
    }
    static Bytes from(const char* source) {
        return packet().ethernet().ip4(source, "99.0.0.1").udp().payload(20).bytes();
    }
    static constexpr const char* lan_net = "10.0.0.0/24";
    static constexpr const char* lan_host = "10.0.0.2";
    static constexpr const char* wan_net = "10.1.0.0/16";
    static constexpr const char* wan_host = "10.1.2.3";
    static constexpr const char* own = "10.0.0.1";
    static constexpr const char* own_route = "10.0.0.1/32";
    static constexpr const char* black_net = "20.0.0.0/8";
    static constexpr const char* black_host = "20.0.0.1";
    static constexpr const char* group_net = "30.0.0.0/8";
    static constexpr const char* group_host = "30.0.0.1";
    static constexpr const char* elsewhere = "8.8.8.8";
    static std::vector<const char*> of_no_way() { return {"0.0.0.0"}; }
};
struct Six {
    using Family = vnet::ip6::Family;
    static vnet::wire::Ip6Prefix prefix(const char* text) {
        return *vnet::wire::Ip6Prefix::parse(text);
    }
    static Bytes from(const char* source) {
        return packet().ethernet().ip6(source, "2001:db8:99::1").udp().payload(20).bytes();
    }
    static constexpr const char* lan_net = "2001:db8:1::/64";
    static constexpr const char* lan_host = "2001:db8:1::2";
    static constexpr const char* wan_net = "2001:db8:2::/48";
    static constexpr const char* wan_host = "2001:db8:2:3::4";
    static constexpr const char* own = "2001:db8:1::1";
    static constexpr const char* own_route = "2001:db8:1::1/128";
    static constexpr const char* black_net = "2001:db8:20::/48";
    static constexpr const char* black_host = "2001:db8:20::1";
    static constexpr const char* group_net = "2001:db8:30::/48";
    static constexpr const char* group_host = "2001:db8:30::1";
    static constexpr const char* elsewhere = "2600::1";
    static std::vector<const char*> of_no_way() { return {"::", "fe80::1"}; }
};

template <class World>
class NodeTest : public ::testing::Test {
protected:
    using Family = typename World::Family;
    using Node = SourceCheck<Family>;

    NodeTest() {
        bench_.collector("input");
        bench_.collector("lookup");
        EXPECT_TRUE(bench_.graph()
                        .add_arc({Words<Family>::arc, graph::ArcSide::rx, {"input"}, "lookup"})
                        .ok());
        bench_.add(std::make_shared<const Node>(modes_, tables_, forwarding_));
        EXPECT_TRUE(bench_.graph()
                        .add_feature(Words<Family>::arc, {std::string(Words<Family>::node), {}, {}})
                        .ok());
        paint(World::lan_net, make(Action::resolve, lan));
        paint(World::wan_net, make(Action::forward, wan));
        paint(World::own_route, make(Action::local, 0));
        paint(World::black_net, make(Action::blackhole, 0));
        auto& groups = forwarding_.groups();
        group_ = groups.make(0);
        groups.set_place(group_, 0, lan);
        groups.set_place(group_, 5, wan);
        Adjacency balance;
        balance.action = Action::balance;
        balance.group = group_;
        paint(World::group_net, forwarding_.make(balance));
    }
    PathIndex make(Action action, Index interface) {
        Adjacency adjacency;
        adjacency.action = action;
        adjacency.interface = interface;
        return forwarding_.make(adjacency);
    }
    void paint(const char* to, PathIndex path) {
        const auto prefix = World::prefix(to);
        ASSERT_TRUE(Family::paint(table_, prefix.first(), prefix.last(), path, false));
    }
    /// What becomes of a packet: "" where it passes, else the drop, at every burst the same.
    std::string fate(const char* source, Index from) {
        std::string all;
        for (const unsigned burst : Bench::bursts) {
            std::vector<graph::Packet*> packets;
            for (unsigned i = 0; i < burst; ++i) {
                packets.push_back(bench_.packet(World::from(source), from));
                packets.back()->meta().l3_offset = 14;
                packets.back()->meta().arc = 0;
            }
            const auto results = bench_.run(std::string(Words<Family>::node), packets);
            EXPECT_EQ(results.size(), burst);
            for (const auto& result : results) {
                EXPECT_EQ(result.next, result.drop.empty() ? "lookup" : "drop");
                EXPECT_EQ(result.bytes, World::from(source));
                EXPECT_TRUE(&result == &results.front() || result.drop == all);
                all = result.drop;
            }
        }
        return all;
    }

    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    vnet::interface::Table interfaces_ { *engine_ };
    vnet::fib::ForwardingTable forwarding_{engine_->rcu()};
    vnet::fib::GroupIndex group_ = 0;
    vnet::fib::Tables<typename Family::Table> tables_{engine_->rcu(), interfaces_};
    typename Family::Table& table_ = tables_.make(vnet::interface::default_vrf);
    Modes modes_{1};
    Bench bench_;
};

using Worlds = ::testing::Types<Four, Six>;
TYPED_TEST_SUITE(NodeTest, Worlds);

TYPED_TEST(NodeTest, StrictWantsTheWayBackByTheInterface) {
    using World = TypeParam;
    for (const Index interface : {lan, wan, other}) {
        this->modes_.set(interface, {Mode::strict, true});
    }
    EXPECT_EQ(this->fate(World::lan_host, lan), "");
    EXPECT_EQ(this->fate(World::lan_host, wan), "urpf-strict");
    EXPECT_EQ(this->fate(World::wan_host, wan), "");
    EXPECT_EQ(this->fate(World::wan_host, lan), "urpf-strict");
    EXPECT_EQ(this->fate(World::own, lan), "urpf-strict");
    EXPECT_EQ(this->fate(World::black_host, lan), "urpf-strict");
    EXPECT_EQ(this->fate(World::elsewhere, wan), "urpf-strict");
    // Any member of a group is a way back.
    EXPECT_EQ(this->fate(World::group_host, lan), "");
    EXPECT_EQ(this->fate(World::group_host, wan), "");
    EXPECT_EQ(this->fate(World::group_host, other), "urpf-strict");
    EXPECT_EQ(this->modes_.dropped(other), 1u + 3 + 63 + 256);
}

TYPED_TEST(NodeTest, TheVrfOfTheInterfaceSaysTheWay) {
    using World = TypeParam;
    constexpr vnet::interface::Vrf red = 7;
    auto& table = this->tables_.make(red);
    this->interfaces_.hot(other).vrf.store(red);
    this->modes_.set(other, {Mode::strict, true});
    const auto prefix = World::prefix(World::lan_net);
    const auto paint = [&](PathIndex path) {
        ASSERT_TRUE(TestFixture::Family::paint(table, prefix.first(), prefix.last(), path, false));
    };
    EXPECT_EQ(this->fate(World::lan_host, other), "urpf-strict");
    paint(this->make(Action::resolve, other));
    EXPECT_EQ(this->fate(World::lan_host, other), "");
    EXPECT_EQ(this->fate(World::wan_host, other), "urpf-strict");
    // A route that leads to another VRF leads where that one's routes do.
    Adjacency elsewhere;
    elsewhere.action = Action::lookup;
    elsewhere.vrf = vnet::interface::default_vrf;
    paint(this->forwarding_.make(elsewhere));
    EXPECT_EQ(this->fate(World::lan_host, other), "urpf-strict");
    this->modes_.set(other, {Mode::loose, true});
    EXPECT_EQ(this->fate(World::lan_host, other), "");
    EXPECT_EQ(this->fate(World::black_host, other), "urpf-loose");
    // In a circle it leads nowhere.
    elsewhere.vrf = red;
    paint(this->forwarding_.make(elsewhere));
    EXPECT_EQ(this->fate(World::lan_host, other), "urpf-loose");
}

TYPED_TEST(NodeTest, LooseWantsAWayBack) {
    using World = TypeParam;
    this->modes_.set(lan, {Mode::loose, true});
    for (const char* source : {World::lan_host, World::wan_host, World::group_host}) {
        EXPECT_EQ(this->fate(source, lan), "") << source;
    }
    for (const char* source : {World::own, World::black_host, World::elsewhere}) {
        EXPECT_EQ(this->fate(source, lan), "urpf-loose") << source;
    }
    // A group whose members are nowhere is no way, nor is one without members.
    auto& groups = this->forwarding_.groups();
    groups.set_place(this->group_, 0, 0);
    EXPECT_EQ(this->fate(World::group_host, lan), "");
    groups.set_place(this->group_, 5, 0);
    EXPECT_EQ(this->fate(World::group_host, lan), "urpf-loose");
}

TYPED_TEST(NodeTest, TheDefaultRouteCountsUnlessItIsSaidNotTo) {
    using World = TypeParam;
    // The same path as another route's: what counts is which route it was.
    this->table_.set_default(this->table_.lookup([&] {
        const auto first = World::prefix(World::wan_net).first();
        if constexpr (std::is_same_v<World, Four>) {
            return first.value();
        } else {
            return vnet::ip6::RangeTable::Key(first);
        }
    }()));
    this->modes_.set(wan, {Mode::strict, true});
    EXPECT_EQ(this->fate(World::elsewhere, wan), "");
    EXPECT_EQ(this->fate(World::lan_host, wan), "urpf-strict");
    this->modes_.set(wan, {Mode::strict, false});
    EXPECT_EQ(this->fate(World::elsewhere, wan), "urpf-strict");
    EXPECT_EQ(this->fate(World::wan_host, wan), "");
    this->modes_.set(lan, {Mode::loose, true});
    EXPECT_EQ(this->fate(World::elsewhere, lan), "");
    this->modes_.set(lan, {Mode::loose, false});
    EXPECT_EQ(this->fate(World::elsewhere, lan), "urpf-loose");
}

TYPED_TEST(NodeTest, WhatSaysNothingOfAWayPasses) {
    using World = TypeParam;
    this->modes_.set(lan, {Mode::strict, false});
    for (const char* source : World::of_no_way()) {
        EXPECT_EQ(this->fate(source, lan), "") << source;
    }
    // Off, all do.
    EXPECT_EQ(this->fate(World::elsewhere, wan), "");
}

}  // namespace
}  // namespace urpf
