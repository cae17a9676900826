// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/next_hops.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "graph/testing/bench.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::fib {
namespace {

using interface::testing::FakeDevice;
using interface::testing::FakeState;
using wire::testing::ip;
using wire::testing::mac;

std::unique_ptr<graph::Engine> make_engine() {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 256;
    return std::move(graph::Engine::create(options).value());
}

class NextHopsTest : public ::testing::Test {
protected:
    NextHopsTest() {
        for (const char* name : {"lan", "wan"}) {
            EXPECT_TRUE(interfaces_.add(name, FakeDevice::maker(state_)).ok());
        }
    }
    // Observers end with the interfaces.
    ~NextHopsTest() override { interfaces_.remove_all(); }
    const Adjacency& at(PathIndex path) { return forwarding_.adjacency(forwarding_.at(path)); }
    wire::EthernetHeader header(PathIndex path) {
        const Adjacency& adjacency = at(path);
        wire::EthernetHeader header;
        EXPECT_EQ(adjacency.rewrite_length, sizeof(header));
        std::memcpy(&header, adjacency.rewrite.end() - sizeof(header), sizeof(header));
        return header;
    }

    std::shared_ptr<FakeState> state_ = std::make_shared<FakeState>();
    std::unique_ptr<graph::Engine> engine_ = make_engine();
    interface::Table interfaces_ {
        *engine_
    };
    ForwardingTable forwarding_{engine_->rcu()};
    NextHops<wire::Ip4Address> hops_{forwarding_, interfaces_, {11, 12, 13}};
};

TEST_F(NextHopsTest, SharedAndCounted) {
    const PathIndex path = hops_.acquire(1, ip("10.0.0.2"));
    EXPECT_EQ(hops_.acquire(1, ip("10.0.0.2")), path);
    EXPECT_NE(hops_.acquire(1, ip("10.0.0.3")), path);
    EXPECT_NE(hops_.acquire(2, ip("10.0.0.2")), path);
    EXPECT_EQ(forwarding_.paths_in_use(), 4u);
    hops_.release(1, ip("10.0.0.2"));
    hops_.release(1, ip("10.0.0.9"));
    engine_->rcu().flush();
    EXPECT_EQ(forwarding_.paths_in_use(), 4u);
    hops_.release(1, ip("10.0.0.2"));
    engine_->rcu().flush();
    EXPECT_EQ(forwarding_.paths_in_use(), 3u);
}

TEST_F(NextHopsTest, TurnsWhenTheNeighbourIsKnownOrLost) {
    const PathIndex path = hops_.acquire(2, ip("10.0.0.2"));
    EXPECT_EQ(at(path).action, Action::resolve);
    EXPECT_EQ(at(path).next, 11);
    EXPECT_EQ(at(path).interface, 2u);
    EXPECT_EQ(at(path).ip4_next_hop(), ip("10.0.0.2"));

    hops_.resolved(2, ip("10.0.0.2"), mac("02:00:00:00:00:b1"));
    EXPECT_EQ(at(path).action, Action::forward);
    EXPECT_EQ(at(path).next, 12);
    EXPECT_EQ(at(path).mtu, 1500u);
    EXPECT_EQ(at(path).ip4_next_hop(), ip("10.0.0.2"));
    EXPECT_EQ(header(path).destination, mac("02:00:00:00:00:b1"));
    EXPECT_EQ(header(path).source, state_->mac);
    EXPECT_EQ(header(path).ether_type(), wire::EtherType::ip4);

    const AdjacencyIndex same = forwarding_.at(path);
    hops_.resolved(2, ip("10.0.0.2"), mac("02:00:00:00:00:b1"));
    EXPECT_EQ(forwarding_.at(path), same);
    hops_.resolved(2, ip("10.0.0.2"), mac("02:00:00:00:00:b2"));
    EXPECT_EQ(header(path).destination, mac("02:00:00:00:00:b2"));
    hops_.lost(2, ip("10.0.0.2"));
    EXPECT_EQ(at(path).action, Action::resolve);
    hops_.lost(2, ip("10.0.0.2"));
    hops_.resolved(2, ip("10.0.0.99"), mac("02:00:00:00:00:b2"));
    EXPECT_EQ(forwarding_.paths_in_use(), 2u);
}

TEST_F(NextHopsTest, FollowTheInterface) {
    const PathIndex one = hops_.acquire(1, ip("10.0.0.2"));
    const PathIndex other = hops_.acquire(2, ip("10.0.0.2"));
    const PathIndex link = hops_.acquire(1, wire::Ip4Address());
    hops_.resolved(1, ip("10.0.0.2"), mac("02:00:00:00:00:b1"));
    ASSERT_TRUE(interfaces_.set_mtu("lan", 9000).ok());
    EXPECT_EQ(at(one).mtu, 9000u);
    EXPECT_EQ(at(link).mtu, 9000u);
    EXPECT_EQ(at(other).mtu, 1500u);
    ASSERT_TRUE(interfaces_.set_mac("lan", mac("02:00:00:00:00:01")).ok());
    EXPECT_EQ(header(one).source, mac("02:00:00:00:00:01"));
    EXPECT_EQ(header(one).destination, mac("02:00:00:00:00:b1"));
    EXPECT_EQ(at(link).action, Action::resolve);
}

TEST_F(NextHopsTest, ARecursiveHopGoesWhereItIsPlaced) {
    const PathIndex path = hops_.acquire(0, ip("10.0.0.2"));
    EXPECT_EQ(at(path).action, Action::unreachable);
    EXPECT_EQ(at(path).next, 13);
    hops_.resolved(0, ip("10.0.0.2"), mac("02:00:00:00:00:b1"));
    EXPECT_EQ(at(path).action, Action::unreachable) << "no neighbour is nowhere";
    hops_.place(ip("10.0.0.2"), 1);
    EXPECT_EQ(at(path).action, Action::resolve);
    EXPECT_EQ(at(path).interface, 1u);
    EXPECT_EQ(at(path).ip4_next_hop(), ip("10.0.0.2"));
    // It follows the neighbour where it is, and no other.
    hops_.resolved(2, ip("10.0.0.2"), mac("02:00:00:00:00:b2"));
    EXPECT_EQ(at(path).action, Action::resolve);
    hops_.resolved(1, ip("10.0.0.2"), mac("02:00:00:00:00:b1"));
    EXPECT_EQ(header(path).destination, mac("02:00:00:00:00:b1"));
    ASSERT_TRUE(interfaces_.set_mtu("lan", 9000).ok());
    EXPECT_EQ(at(path).mtu, 9000u);
    hops_.lost(1, ip("10.0.0.2"));
    EXPECT_EQ(at(path).action, Action::resolve);
    // What is known of the neighbour there counts at once.
    hops_.acquire(2, ip("10.0.0.2"));
    hops_.resolved(2, ip("10.0.0.2"), mac("02:00:00:00:00:b2"));
    hops_.place(ip("10.0.0.2"), 2);
    EXPECT_EQ(header(path).destination, mac("02:00:00:00:00:b2"));
    hops_.place(ip("10.0.0.2"), 0);
    EXPECT_EQ(at(path).action, Action::unreachable);
    hops_.place(ip("10.0.0.77"), 1);
    hops_.release(0, ip("10.0.0.2"));
    engine_->rcu().flush();
    EXPECT_EQ(forwarding_.paths_in_use(), 2u);
}

TEST_F(NextHopsTest, NobodyIsAskedForWhereThereIsNoLinkLayer) {
    auto plain = std::make_shared<FakeState>();
    plain->ethernet = false;
    ASSERT_TRUE(interfaces_.add("plain", FakeDevice::maker(plain)).ok());
    const auto leaves_as_it_is = [this](PathIndex path) {
        return at(path).action == Action::forward && at(path).next == 12 &&
               at(path).interface == 3 && at(path).rewrite_length == 0 && at(path).mtu == 1500;
    };
    const PathIndex hop = hops_.acquire(3, ip("10.0.0.2"));
    EXPECT_TRUE(leaves_as_it_is(hop));
    EXPECT_TRUE(hops_.is_resolved(3, ip("10.0.0.2")));
    EXPECT_TRUE(leaves_as_it_is(hops_.acquire(3, {})));
    // Also for who finds it by routes, there and elsewhere.
    const PathIndex found = hops_.acquire(0, ip("10.0.0.9"));
    hops_.place(ip("10.0.0.9"), 3);
    EXPECT_TRUE(leaves_as_it_is(found));
    EXPECT_TRUE(hops_.is_resolved(0, ip("10.0.0.9")));
    hops_.place(ip("10.0.0.9"), 1);
    EXPECT_EQ(at(found).action, Action::resolve);
    ASSERT_TRUE(interfaces_.set_mtu("plain", 1400).ok());
    EXPECT_EQ(at(hop).mtu, 1400u);
}

TEST_F(NextHopsTest, AHopWithoutRoomNeverTouchesPathZero) {
    while (forwarding_.make({}) != 0) {
    }
    EXPECT_EQ(hops_.acquire(1, ip("10.0.0.2")), 0u);
    hops_.resolved(1, ip("10.0.0.2"), mac("02:00:00:00:00:b1"));
    ASSERT_TRUE(interfaces_.set_mtu("lan", 9000).ok());
    EXPECT_EQ(at(0).action, Action::no_route);
    hops_.lost(1, ip("10.0.0.2"));
    EXPECT_EQ(at(0).action, Action::no_route);
    hops_.release(1, ip("10.0.0.2"));
    EXPECT_EQ(at(0).action, Action::no_route);
}

}  // namespace
}  // namespace vnet::fib
