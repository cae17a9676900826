// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/fib.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "vnet/ip4/testing/net.hpp"

namespace vnet::ip4 {
namespace {

using testing::Net;
using wire::testing::ip;
using wire::testing::prefix;

Via hop(interface::Index interface, const char* address) {
    return {Via::Kind::next_hop, interface, ip(address)};
}
Via special(Via::Kind kind) {
    return {kind, 0, {}};
}

class FibTest : public ::testing::Test {
protected:
    FibTest() { net_.start(); }
    absl::Status add(const char* text, const Via& via, RouteSource source = RouteSource::configured,
                     std::optional<uint8_t> preference = std::nullopt) {
        return fib().add(prefix(text), source, via, preference);
    }
    absl::Status remove(const char* text, RouteSource source = RouteSource::configured) {
        return fib().remove(prefix(text), source);
    }
    /// What workers find for an address.
    const fib::Adjacency& at(const char* address) {
        return net_.forwarding.adjacency(
            net_.forwarding.at(net_.table.lookup(ip(address).value())));
    }
    std::string next_hop(const char* address) {
        return at(address).ip4_next_hop().to_string() + "@" + std::to_string(at(address).interface);
    }
    Fib& fib() { return *net_.fib; }
    Net net_;
};

TEST_F(FibTest, RefusesWithASentence) {
    const size_t size = fib().size();
    EXPECT_EQ(add("20.0.0.1/8", special(Via::Kind::blackhole)).message(),
              "20.0.0.1/8 is not a network: bits behind the prefix length are set; 20.0.0.0/8 "
              "would be right");
    for (const char* address : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
        EXPECT_EQ(add("20.0.0.0/8", hop(1, address)).message(),
                  std::string("route 20.0.0.0/8 cannot lead to ") + address +
                      "; give the unicast address of a router or host");
    }
    EXPECT_EQ(add("20.0.0.0/8", special(Via::Kind::connected)).message(),
              "route 20.0.0.0/8 is said to be connected, but to no interface; name one");
    EXPECT_EQ(remove("20.0.0.0/8").message(), "there is no configured route 20.0.0.0/8");
    ASSERT_TRUE(add("20.0.0.0/8", special(Via::Kind::blackhole)).ok());
    EXPECT_EQ(remove("20.0.0.0/8", RouteSource::address).message(),
              "there is no address route 20.0.0.0/8");
    EXPECT_EQ(fib().size(), size + 1);
}

TEST_F(FibTest, TheLowestPreferenceIsUsed) {
    ASSERT_TRUE(add("20.0.0.0/8", hop(1, "10.0.0.2")).ok());
    ASSERT_TRUE(add("20.0.0.0/8", hop(2, "10.1.0.2"), RouteSource::neighbor).ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "10.0.0.2@1");
    ASSERT_TRUE(add("20.0.0.0/8", hop(2, "10.1.0.2"), RouteSource::neighbor, 9).ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "10.1.0.2@2");
    EXPECT_EQ(fib().find(prefix("20.0.0.0/8"), RouteSource::neighbor)->preference, 9);
    EXPECT_EQ(fib().find(prefix("20.0.0.0/8"), RouteSource::configured)->preference, 10);
    EXPECT_FALSE(fib().find(prefix("20.0.0.0/8"), RouteSource::address));
    ASSERT_TRUE(remove("20.0.0.0/8", RouteSource::neighbor).ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "10.0.0.2@1");
    ASSERT_TRUE(remove("20.0.0.0/8").ok());
    EXPECT_EQ(at("20.0.0.1").action, fib::Action::no_route);
}

TEST_F(FibTest, ASourceReplacesItsOwnRoute) {
    const size_t size = fib().size();
    const size_t paths = net_.forwarding.paths_in_use();
    ASSERT_TRUE(add("20.0.0.0/8", hop(1, "10.0.0.9")).ok());
    ASSERT_TRUE(add("20.0.0.0/8", hop(2, "10.1.0.9")).ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "10.1.0.9@2");
    ASSERT_TRUE(add("20.0.0.0/8", special(Via::Kind::prohibit)).ok());
    EXPECT_EQ(at("20.0.0.1").action, fib::Action::prohibit);
    EXPECT_EQ(fib().size(), size + 1);
    net_.engine->rcu().flush();
    EXPECT_EQ(net_.forwarding.paths_in_use(), paths);
}

TEST_F(FibTest, EveryKindLeadsWhereItSays) {
    struct Way {
        Via via;
        fib::Action action;
    };
    for (const Way& way : {Way{special(Via::Kind::blackhole), fib::Action::blackhole},
                           Way{special(Via::Kind::prohibit), fib::Action::prohibit},
                           Way{special(Via::Kind::unreachable), fib::Action::unreachable},
                           Way{{Via::Kind::local, 1, {}}, fib::Action::local},
                           Way{{Via::Kind::broadcast, 1, {}}, fib::Action::broadcast},
                           Way{{Via::Kind::connected, 1, {}}, fib::Action::resolve},
                           Way{hop(1, "10.0.0.2"), fib::Action::forward},
                           Way{hop(0, "10.0.0.2"), fib::Action::forward},
                           Way{hop(0, "99.0.0.1"), fib::Action::unreachable}}) {
        ASSERT_TRUE(add("20.0.0.0/8", way.via).ok());
        EXPECT_EQ(at("20.0.0.1").action, way.action) << name(way.via.kind);
        ASSERT_TRUE(add("0.0.0.0/0", way.via).ok());
        EXPECT_EQ(at("8.8.8.8").action, way.action) << name(way.via.kind);
    }
}

TEST_F(FibTest, ConnectedToOneAddressIsThatNeighbour) {
    ASSERT_TRUE(add("10.0.0.2/32", {Via::Kind::connected, Net::lan, {}}).ok());
    EXPECT_EQ(next_hop("10.0.0.2"), "10.0.0.2@1");
    EXPECT_EQ(at("10.0.0.2").action, fib::Action::forward);
    net_.next_hops->lost(Net::lan, ip("10.0.0.2"));
    EXPECT_EQ(at("10.0.0.2").action, fib::Action::resolve);
}

TEST_F(FibTest, AFollowerKnowsThePathThatALookupFinds) {
    std::vector<fib::PathIndex> told;
    const auto looked_up = [this] { return net_.table.lookup(ip("20.1.2.3").value()); };
    const auto id = fib().follow(ip("20.1.2.3"), [&](fib::PathIndex path) {
        told.push_back(path);
        EXPECT_EQ(path, looked_up()) << "told when workers find it";
    });
    ASSERT_EQ(told.size(), 1u);
    ASSERT_TRUE(add("20.0.0.0/8", hop(1, "10.0.0.2")).ok());
    EXPECT_EQ(told.size(), 2u);
    ASSERT_TRUE(add("20.1.2.3/32", hop(2, "10.1.0.2")).ok());
    EXPECT_EQ(told.size(), 3u);
    // What it does not follow, or finds no other path for, is not told.
    ASSERT_TRUE(add("20.1.0.0/16", special(Via::Kind::blackhole)).ok());
    ASSERT_TRUE(add("20.1.2.4/32", special(Via::Kind::blackhole)).ok());
    ASSERT_TRUE(add("21.0.0.0/8", special(Via::Kind::blackhole)).ok());
    ASSERT_TRUE(add("20.1.2.3/32", hop(1, "10.0.0.2"), RouteSource::neighbor).ok());
    EXPECT_EQ(told.size(), 3u);
    ASSERT_TRUE(remove("20.1.2.3/32").ok());
    EXPECT_EQ(told.size(), 4u) << "the neighbour's is used now";
    EXPECT_EQ(told[3], told[1]) << "by the same next hop";
    ASSERT_TRUE(remove("20.1.2.3/32", RouteSource::neighbor).ok());
    EXPECT_EQ(at("20.1.2.3").action, fib::Action::blackhole);
    EXPECT_EQ(told.size(), 5u);
    ASSERT_TRUE(remove("20.1.0.0/16").ok());
    ASSERT_TRUE(remove("20.0.0.0/8").ok());
    EXPECT_EQ(told.size(), 7u);
    EXPECT_EQ(told.back(), told.front());
    ASSERT_TRUE(add("0.0.0.0/0", hop(1, "10.0.0.2")).ok());
    EXPECT_EQ(told.size(), 8u) << "the default route";
    fib().unfollow(ip("20.1.2.3"), id);
    ASSERT_TRUE(remove("0.0.0.0/0").ok());
    EXPECT_EQ(told.size(), 8u);
    EXPECT_EQ(fib().followers(), 0u);
}

TEST_F(FibTest, AFollowerIsToldWhileTheOldPathIsHeld) {
    const auto holders = [this] { return net_.next_hops->holders(Net::lan, ip("10.0.0.2")); };
    const unsigned others = holders();
    unsigned changes = 0;
    const auto id = fib().follow(ip("20.1.2.3"), [&](fib::PathIndex) {
        EXPECT_EQ(holders(), others + (changes > 0 ? 1 : 0));
        ++changes;
    });
    ASSERT_TRUE(add("20.0.0.0/8", hop(1, "10.0.0.2")).ok());
    ASSERT_TRUE(add("20.0.0.0/8", hop(2, "10.1.0.2")).ok());
    ASSERT_TRUE(add("20.0.0.0/8", hop(1, "10.0.0.2")).ok());
    ASSERT_TRUE(remove("20.0.0.0/8").ok());
    EXPECT_EQ(changes, 5U);
    EXPECT_EQ(holders(), others);
    fib().unfollow(ip("20.1.2.3"), id);
}

TEST_F(FibTest, FollowersOfOneAddressAndOfItsNeighboursAreToldApart) {
    std::map<std::string, unsigned> told;
    std::map<std::string, fib::Fib<Family>::FollowerId> ids;
    const auto address = [](const std::string& name) { return ip(name.substr(0, 8)); };
    for (const char* name : {"20.0.0.1", "20.0.0.1 again", "20.0.0.2"}) {
        ids[name] = fib().follow(address(name), [&told, name](auto) { ++told[name]; });
    }
    ASSERT_TRUE(add("20.0.0.1/32", hop(1, "10.0.0.2")).ok());
    EXPECT_EQ(told, (std::map<std::string, unsigned>{
                        {"20.0.0.1", 2}, {"20.0.0.1 again", 2}, {"20.0.0.2", 1}}));
    ASSERT_TRUE(add("20.0.0.0/30", hop(1, "10.0.0.2")).ok());
    EXPECT_EQ(told["20.0.0.2"], 2u);
    EXPECT_EQ(told["20.0.0.1"], 2u);
    for (const auto& [name, id] : ids) {
        fib().unfollow(address(name), id);
    }
}

TEST_F(FibTest, RecursiveNextHopsFollowTheConnectedRoute) {
    ASSERT_TRUE(add("20.0.0.0/8", hop(0, "30.0.0.7")).ok());
    ASSERT_TRUE(add("21.1.1.128/25", hop(0, "30.0.0.7")).ok());
    EXPECT_EQ(at("20.0.0.1").action, fib::Action::unreachable);
    EXPECT_EQ(fib().match(ip("20.0.0.1"))->interface, 0u);
    for (unsigned round = 0; round < 2; ++round) {
        ASSERT_TRUE(net_.addresses->add("wan", prefix("30.0.0.1/24")).ok());
        EXPECT_EQ(next_hop("20.0.0.1"), "30.0.0.7@2");
        EXPECT_EQ(next_hop("21.1.1.200"), "30.0.0.7@2");
        EXPECT_EQ(fib().match(ip("20.0.0.1"))->interface, Net::wan);
        ASSERT_TRUE(net_.addresses->remove("wan", prefix("30.0.0.1/24")).ok());
        EXPECT_EQ(at("20.0.0.1").action, fib::Action::unreachable);
        EXPECT_EQ(at("21.1.1.200").action, fib::Action::unreachable);
    }
    // To another interface.
    ASSERT_TRUE(net_.addresses->add("lan", prefix("30.0.0.1/24")).ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "30.0.0.7@1");
    // A neighbour's own route changes nothing but the path's length.
    ASSERT_TRUE(add("30.0.0.7/32", hop(1, "30.0.0.7"), RouteSource::neighbor).ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "30.0.0.7@1");
    // What lies in front of the connected route and is none ends it.
    ASSERT_TRUE(add("30.0.0.7/32", special(Via::Kind::blackhole)).ok());
    EXPECT_EQ(at("20.0.0.1").action, fib::Action::unreachable);
    ASSERT_TRUE(remove("30.0.0.7/32").ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "30.0.0.7@1");
}

TEST_F(FibTest, ARouteIsNotTheWayToItsOwnNextHop) {
    ASSERT_TRUE(add("10.0.0.128/25", hop(0, "10.0.0.200")).ok());
    EXPECT_EQ(next_hop("10.0.0.129"), "10.0.0.200@1");
    ASSERT_TRUE(add("10.0.0.200/32", hop(0, "10.0.0.200")).ok());
    EXPECT_EQ(next_hop("10.0.0.129"), "10.0.0.200@1");
    EXPECT_EQ(next_hop("10.0.0.200"), "10.0.0.200@1");
    ASSERT_TRUE(add("0.0.0.0/0", hop(0, "8.8.8.8")).ok());
    EXPECT_EQ(at("8.8.8.8").action, fib::Action::unreachable);
}

TEST_F(FibTest, ForgetsAnInterface) {
    const size_t size = fib().size();
    ASSERT_TRUE(add("20.0.0.0/8", hop(Net::lan, "10.0.0.2")).ok());
    ASSERT_TRUE(add("20.0.0.0/8", hop(Net::wan, "10.1.0.2"), RouteSource::neighbor).ok());
    ASSERT_TRUE(add("21.0.0.0/8", hop(0, "10.0.0.2")).ok());
    EXPECT_EQ(next_hop("21.0.0.1"), "10.0.0.2@1");
    ASSERT_TRUE(net_.interfaces.remove("lan").ok());
    EXPECT_EQ(next_hop("20.0.0.1"), "10.1.0.2@2");
    EXPECT_EQ(at("21.0.0.1").action, fib::Action::unreachable);
    EXPECT_EQ(at("10.0.0.9").action, fib::Action::no_route);
    // Gone: four routes of lan's, and its own of 20/8. Come: 20/8 by wan, 21/8.
    EXPECT_EQ(fib().size(), size - 4 + 2);
}

TEST_F(FibTest, VisitsInOrderAndByPages) {
    for (const char* text :
         {"20.0.0.0/8", "20.0.0.0/16", "20.0.0.0/32", "5.0.0.0/8", "0.0.0.0/0"}) {
        ASSERT_TRUE(add(text, special(Via::Kind::blackhole)).ok());
    }
    ASSERT_TRUE(add("20.0.0.0/16", special(Via::Kind::prohibit), RouteSource::neighbor).ok());
    std::vector<std::string> all;
    std::vector<bool> used;
    fib().visit(std::nullopt, [&](const Fib::Match& match, bool is_used) {
        all.push_back(match.prefix.to_string());
        used.push_back(is_used);
        return true;
    });
    EXPECT_EQ(
        all, (std::vector<std::string>{"0.0.0.0/0", "5.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32",
                                       "10.0.0.2/32", "10.0.0.255/32", "10.1.0.0/24", "10.1.0.1/32",
                                       "10.1.0.2/32", "10.1.0.255/32", "20.0.0.0/8", "20.0.0.0/16",
                                       "20.0.0.0/16", "20.0.0.0/32"}));
    EXPECT_EQ(all.size(), fib().size());
    for (size_t i = 0; i < used.size(); ++i) {
        EXPECT_EQ(used[i], i != 12);
    }
    std::vector<std::string> paged;
    std::optional<wire::Ip4Prefix> after;
    for (bool more = true; more;) {
        more = false;
        unsigned count = 0;
        fib().visit(after, [&](const Fib::Match& match, bool) {
            // A page ends between two prefixes, never inside one.
            if (count >= 3 && match.prefix != after) {
                more = true;
                return false;
            }
            ++count;
            after = match.prefix;
            paged.push_back(match.prefix.to_string());
            return true;
        });
    }
    EXPECT_EQ(paged, all);
}

TEST_F(FibTest, WithoutBlocksARouteIsRefusedAndRemovalsWork) {
    // Two halves with one path: the block is still theirs, so that what covers one of them can come
    // back.
    ASSERT_TRUE(add("10.9.0.0/16", special(Via::Kind::blackhole)).ok());
    ASSERT_TRUE(add("10.9.9.0/25", special(Via::Kind::prohibit)).ok());
    ASSERT_TRUE(add("10.9.9.128/25", special(Via::Kind::prohibit)).ok());
    uint32_t net = 0x20000000;
    while (net_.table.blocks_in_use() < Dir24::max_blocks) {
        ASSERT_TRUE(net_.table.paint(net, net, 1));
        net += 256;
    }
    const size_t size = fib().size();
    EXPECT_EQ(add("99.0.0.0/30", special(Via::Kind::blackhole)).message(),
              "no room for route 99.0.0.0/30: prefixes longer than 24 bits fill 262144 blocks");
    EXPECT_EQ(add("99.0.0.0/30", hop(0, "10.0.0.7")).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(fib().size(), size);
    EXPECT_FALSE(fib().match(ip("99.0.0.1")));
    EXPECT_EQ(at("99.0.0.1").action, fib::Action::no_route);
    ASSERT_TRUE(add("99.0.0.0/24", special(Via::Kind::blackhole)).ok());
    ASSERT_TRUE(remove("10.9.9.0/25").ok());
    EXPECT_EQ(at("10.9.9.1").action, fib::Action::blackhole);
    EXPECT_EQ(at("10.9.9.129").action, fib::Action::prohibit);
    ASSERT_TRUE(remove("10.9.9.128/25").ok());
    EXPECT_EQ(net_.table.blocks_in_use(), Dir24::max_blocks - 1);
    EXPECT_TRUE(add("99.0.1.0/30", special(Via::Kind::blackhole)).ok());
}

/// Routes beside a list of them that is searched from end to end.
class Model {
public:
    void set(const wire::Ip4Prefix& prefix, const Via& via) { routes_[prefix] = via; }
    void erase(const wire::Ip4Prefix& prefix) { routes_.erase(prefix); }
    const std::pair<const wire::Ip4Prefix, Via>* match(wire::Ip4Address address) const {
        const std::pair<const wire::Ip4Prefix, Via>* best = nullptr;
        for (const auto& route : routes_) {
            if (route.first.contains(address) &&
                (best == nullptr || route.first.length() > best->first.length())) {
                best = &route;
            }
        }
        return best;
    }
    const std::map<wire::Ip4Prefix, Via>& all() const { return routes_; }

private:
    std::map<wire::Ip4Prefix, Via> routes_;
};

void random_routes(Net& net, unsigned seed, uint32_t base, uint32_t spread, unsigned rounds) {
    // No addresses: only what is added here.
    ASSERT_TRUE(net.interfaces.remove("lan").ok());
    ASSERT_TRUE(net.interfaces.remove("wan").ok());
    for (const char* left : {"10.0.0.2/32", "10.1.0.2/32"}) {
        (void)net.fib->remove(prefix(left), RouteSource::neighbor);
    }
    ASSERT_EQ(net.fib->size(), 0u);
    std::mt19937 random(seed);
    Model model;
    const auto address = [&] { return wire::Ip4Address(base + random() % spread); };
    for (unsigned round = 0; round < rounds; ++round) {
        // Short prefixes are many addresses to paint: all occur, but seldom.
        const unsigned choice = random() % 60;
        const auto length = uint8_t(choice == 0   ? random() % 10
                                    : choice <= 4 ? 32
                                    : choice <= 8 ? 31
                                                  : 10 + random() % 23);
        const wire::Ip4Prefix at = wire::Ip4Prefix(address(), length).normalised();
        if (random() % 5 < 2 && !model.all().empty()) {
            auto gone = model.all().lower_bound(at);
            const wire::Ip4Prefix which =
                gone == model.all().end() ? model.all().begin()->first : gone->first;
            model.erase(which);
            ASSERT_TRUE(net.fib->remove(which, RouteSource::configured).ok());
        } else {
            const Via via{Via::Kind::next_hop, interface::Index(1 + random() % 2),
                          wire::Ip4Address(0x0a000001 + random() % 9)};
            model.set(at, via);
            ASSERT_TRUE(net.fib->add(at, RouteSource::configured, via).ok());
        }
        net.engine->rcu().reclaim();
        const wire::Ip4Address edges[] = {at.first(), at.last(),
                                          wire::Ip4Address(at.first().value() - 1),
                                          wire::Ip4Address(at.last().value() + 1)};
        for (unsigned i = 0; i < 8; ++i) {
            const wire::Ip4Address probe = i < 4 ? edges[i] : address();
            const auto* expected = model.match(probe);
            const auto found = net.fib->match(probe);
            const fib::Adjacency& adjacency =
                net.forwarding.adjacency(net.forwarding.at(net.table.lookup(probe.value())));
            ASSERT_EQ(found.has_value(), expected != nullptr) << probe;
            if (expected == nullptr) {
                ASSERT_EQ(adjacency.action, fib::Action::no_route) << probe;
            } else {
                ASSERT_EQ(found->prefix, expected->first) << probe;
                ASSERT_EQ(adjacency.interface, expected->second.interface) << probe;
                ASSERT_EQ(adjacency.ip4_next_hop(), expected->second.next_hop) << probe;
            }
        }
    }
    ASSERT_EQ(net.fib->size(), model.all().size());
    std::vector<wire::Ip4Prefix> rest;
    for (const auto& [at, via] : model.all()) {
        rest.push_back(at);
    }
    std::shuffle(rest.begin(), rest.end(), random);
    for (const wire::Ip4Prefix& at : rest) {
        ASSERT_TRUE(net.fib->remove(at, RouteSource::configured).ok());
    }
    EXPECT_EQ(net.table.blocks_in_use(), 0u);
    for (unsigned i = 0; i < 1000; ++i) {
        ASSERT_EQ(net.table.lookup(address().value()), 0u);
    }
}

TEST_F(FibTest, MatchesAsAListWouldInACrowd) {
    random_routes(net_, 7, 0x14000000, 0x400, 4000);
}
TEST_F(FibTest, MatchesAsAListWouldInTheWholeSpace) {
    random_routes(net_, 8, 0, 0xffff'ffff, 2500);
}
TEST_F(FibTest, MatchesAsAListWouldAtTheTop) {
    random_routes(net_, 9, 0xffff'f800, 0x800, 2000);
}

}  // namespace
}  // namespace vnet::ip4
