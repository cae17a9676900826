// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/nat.hpp"

#include <gtest/gtest.h>

#include "graph/testing/wait.hpp"
#include "plugins/nat44/counted_by_others.hpp"
#include "plugins/nat44/testing/idle_router.hpp"
#include "plugins/nat44/testing/world.hpp"
#include "vnet/interface/testing/fake_device.hpp"

namespace nat44 {
namespace {

using testing::key;
using testing::tcp;
using testing::udp;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;
using vnet::wire::testing::ip;

AddressRange only(const char* address) {
    return {ip(address), ip(address)};
}

/// With interface wan.
class NatTest : public testing::IdleRouterTest {
protected:
    NatTest() {
        EXPECT_TRUE(router_->interfaces()
                        .add("wan", vnet::interface::testing::FakeDevice::maker(
                                        std::make_shared<vnet::interface::testing::FakeState>()))
                        .ok());
    }
    void add_pool(const std::string& name, const char* inside, const char* address) {
        PoolSettings settings;
        settings.name = name;
        settings.mapping = MappingKind::endpoint_independent;
        settings.filtering = Filtering::endpoint_independent;
        settings.inside = {ip(inside), 16};
        EXPECT_TRUE(nat_->add_pool(settings).ok());
        if (address != nullptr) {
            EXPECT_TRUE(nat_->add_addresses(name, only(address)).ok());
        }
    }
    static StaticMapping mapping(const char* outside, const char* inside, uint16_t port = 0) {
        StaticMapping made;
        made.outside = ip(outside);
        made.port = port;
        made.protocol = port == 0 ? 0 : tcp;
        made.targets = {{ip(inside), port, 1}};
        return made;
    }
    Ref outbound(const Key& asked) {
        Ref ref;
        EXPECT_EQ(translators_->of(0).outbound(ask(asked), 0, ref), Verdict::made);
        return ref;
    }
    Ref hairpin(const Key& asked) {
        Ref ref;
        EXPECT_EQ(translators_->of(0).hairpin(ask(asked), 0, ref), Verdict::made);
        return ref;
    }
    /// As packets from outside to 192.0.2.1 begin them, so many.
    void make_inbound(uint16_t count, uint16_t port = 80) {
        for (uint16_t i = 0; i < count; ++i) {
            Ref ref;
            const Key asked = key(tcp, "198.51.100.1", uint16_t(1024 + i), "192.0.2.1", port);
            ASSERT_EQ(translators_->of(0).inbound(ask(asked), ref), Verdict::made);
        }
    }
    void end(Ref ref) { table().end(ref.index(), vnet::flow::Ending::removed); }
    bool eventually(const std::function<bool()>& condition) {
        return graph::testing::eventually(condition, [this] { engine_->control().poll(); });
    }
    /// Control does all that it has to do by then.
    void pass(std::chrono::milliseconds time) {
        auto& control = engine_->control();
        const auto later = control.after(time, [&control] { control.stop(); });
        control.run();
    }
};

/// A controller that takes something back again and again.
TEST_F(NatTest, ASweepFinishesHoweverOftenItIsAskedFor) {
    EXPECT_TRUE(nat_->add_static(mapping("192.0.2.1", "10.0.0.1")).ok());
    constexpr uint16_t many = 20'000;
    make_inbound(many);
    std::vector<unsigned> looks(many + 1);
    Sweep sweep(router_->flows(), *engine_, [&](const vnet::flow::Flows::Found& found) {
        ++looks[found.index];
        return false;
    });
    EXPECT_EQ(sweep.start(), 1U);
    EXPECT_EQ(sweep.start(), 1U) << "it has not begun to look";
    engine_->control().poll();
    for (unsigned i = 0; i < 40; ++i) {
        EXPECT_GT(sweep.start(), sweep.completed());
        engine_->control().poll();
    }
    const uint64_t last = sweep.start();
    EXPECT_GE(sweep.completed(), 2U);
    EXPECT_GE(looks[many], 2U);
    // Whoever asks is served by a pass that begins behind that.
    const unsigned before = looks[1];
    EXPECT_TRUE(eventually([&] { return !sweep.is_running(); }));
    EXPECT_EQ(sweep.completed(), last);
    EXPECT_EQ(looks[1], before + 1);
}

/// What is asked of static mappings that are there is the dear part: it is asked only of a session
/// that was led by what is gone.
TEST(TakenBackTest, LooksAtWhatASessionIsByAlone) {
    TakenBack taken;
    StaticMapping forward;
    forward.protocol = tcp;
    for (uint16_t port = 1; port <= 1000; ++port) {
        forward.outside = ip("192.0.2.1");
        forward.port = port;
        forward.targets = {{ip("10.0.0.1"), port, 1}};
        taken.add(forward, forward.targets[0], 1);
        taken.add(forward, forward.targets[0], 2);
    }
    EXPECT_EQ(taken.targets(), 1000U);
    unsigned asked = 0;
    bool is_there = false;
    const auto is_led = [&](Vrf, const Key&, const Key&) {
        ++asked;
        return is_there;
    };
    const auto session_to = [](uint16_t port, uint16_t target) {
        Session session{};
        session.forward = key(tcp, "198.51.100.1", 7, "192.0.2.1", port);
        session.reverse = key(tcp, "10.0.0.1", target, "198.51.100.1", 7);
        session.flags = session_flag::fixed | session_flag::from_outside;
        return session;
    };
    EXPECT_TRUE(taken.has(session_to(500, 500), is_led));
    EXPECT_EQ(asked, 1U);
    is_there = true;
    EXPECT_FALSE(taken.has(session_to(500, 500), is_led));
    EXPECT_EQ(asked, 2U);
    EXPECT_FALSE(taken.has(session_to(500, 501), is_led)) << "another target";
    EXPECT_FALSE(taken.has(session_to(1001, 500), is_led));
    Session other = session_to(500, 500);
    other.forward.vrf = 1;
    EXPECT_FALSE(taken.has(other, is_led)) << "another VRF outside";
    other = session_to(500, 500);
    other.flags = session_flag::from_outside;
    EXPECT_FALSE(taken.has(other, is_led)) << "by a pool";
    EXPECT_EQ(asked, 2U);
    // Behind the pass that has seen all of its sessions it is forgotten, and not before.
    taken.forget(1);
    EXPECT_EQ(taken.targets(), 1000U);
    taken.forget(2);
    EXPECT_EQ(taken.targets(), 0U);
    EXPECT_TRUE(taken.empty());
}

TEST(TakenBackTest, AddressesArePoolsUntilTheyAreRemoved) {
    TakenBack taken;
    const AddressRange range{ip("192.0.2.1"), ip("192.0.2.8")};
    taken.add(range, 3);
    StaticMapping forward;
    forward.outside = ip("192.0.2.2");
    forward.port = 80;
    forward.protocol = tcp;
    taken.add(forward, {ip("10.0.0.1"), 80, 1}, 1);
    const auto nothing = [](Vrf, const Key&, const Key&) { return false; };
    Session session{};
    session.forward = key(udp, "10.0.0.1", 5, "198.51.100.1", 53);
    session.reverse = key(udp, "198.51.100.1", 53, "192.0.2.8", 5, 3);
    EXPECT_TRUE(taken.has(session, nothing));
    session.reverse.vrf = 0;
    EXPECT_FALSE(taken.has(session, nothing));
    session.flags = session_flag::hairpin | session_flag::twice;
    EXPECT_TRUE(taken.has(session, nothing)) << "its keys are of VRFs inside";
    session.flags = session_flag::fixed;
    session.reverse.vrf = 3;
    EXPECT_FALSE(taken.has(session, nothing));
    taken.remove(range);
    EXPECT_FALSE(taken.empty()) << "a port of one of them was forwarded";
    session.flags = 0;
    EXPECT_FALSE(taken.has(session, nothing));
    taken.forget(1);
    EXPECT_TRUE(taken.empty());
}

/// As one commit does it that gives an address of a pool to another one.
TEST_F(NatTest, AnAddressIsNotGivenAgainWhileSomebodyInsideSpeaksToIt) {
    add_pool("p", "10.1.0.0", "192.0.2.1");
    add_pool("q", "10.2.0.0", "192.0.2.9");
    add_pool("r", "10.3.0.0", nullptr);
    const Ref open = outbound(key(udp, "10.1.0.1", 1000, "198.51.100.1", 53));
    const uint16_t port = table()[open.index()].reverse.ports.destination();
    (void)hairpin(key(udp, "10.2.0.1", 2000, "192.0.2.1", port));
    end(open);
    ASSERT_EQ(router_->flows().tables().sessions(), 1U);
    // What others speak with is nothing to an address that nobody uses.
    EXPECT_TRUE(nat_->add_addresses("p", only("192.0.2.3")).ok());
    EXPECT_TRUE(nat_->remove_addresses("p", only("192.0.2.3")).ok());
    EXPECT_TRUE(nat_->add_addresses("r", only("192.0.2.3")).ok());
    EXPECT_TRUE(nat_->remove_addresses("p", only("192.0.2.1")).ok());
    // No host has it any more, but packets to it would still reach the one that had.
    EXPECT_TRUE(absl::IsUnavailable(nat_->add_addresses("r", only("192.0.2.1"))));
    ASSERT_TRUE(engine_->start().ok());
    EXPECT_TRUE(eventually([&] { return nat_->add_addresses("r", only("192.0.2.1")).ok(); }));
    EXPECT_EQ(router_->flows().tables().sessions(), 0U);
}

TEST_F(NatTest, AnInterfaceGetsItsAddressWhoeverFoundThatItIsFree) {
    const auto address = ip("192.0.2.1");
    add_pool("q", "10.2.0.0", "192.0.2.1");
    EXPECT_TRUE(nat_->add_addresses("q", only("192.0.2.2")).ok());
    // Hosts of both.
    std::vector<Ref> used;
    for (unsigned host = 1; host <= 30; ++host) {
        const std::string name = "10.2.0." + std::to_string(host);
        used.push_back(outbound(key(udp, name.c_str(), 1000, "198.51.100.1", 53)));
    }
    EXPECT_TRUE(router_->addresses().add("wan", {address, 24}).ok());
    EXPECT_TRUE(nat_->remove_addresses("q", only("192.0.2.1")).ok());
    EXPECT_TRUE(nat_->remove_addresses("q", only("192.0.2.2")).ok());
    add_pool("p", "10.1.0.0", nullptr);
    EXPECT_TRUE(nat_->add_interface("p", "wan").ok());
    const auto has = [&] { return nat_->pools().at("p").interfaces.begin()->second == address; };
    EXPECT_FALSE(has()) << "its sessions are still being ended";
    EXPECT_EQ(nat_->addresses().size(), 2U);
    for (const Ref ref : used) {
        end(ref);
    }
    // Who asks for the other one finds that both are free.
    add_pool("r", "10.3.0.0", "192.0.2.2");
    EXPECT_EQ(nat_->addresses().size(), 1U);
    EXPECT_TRUE(eventually(has));
}

/// Between a statement and the next one, or before the sweep comes by.
TEST_F(NatTest, WhatIsLedAnotherWayByNowIsNotEnded) {
    EXPECT_TRUE(nat_->add_static(mapping("192.0.2.1", "10.0.0.1")).ok());
    make_inbound(1, 443);
    EXPECT_TRUE(nat_->remove_static(0, ip("192.0.2.1")).ok());
    EXPECT_TRUE(nat_->add_forward(mapping("192.0.2.1", "10.0.0.1", 80)).ok());
    make_inbound(1);
    ASSERT_EQ(router_->flows().tables().sessions(), 2U);
    ASSERT_TRUE(engine_->start().ok());
    EXPECT_TRUE(eventually([&] { return router_->flows().tables().sessions() == 1; }));
    pass(std::chrono::milliseconds(150));
    EXPECT_TRUE(table().find(key(tcp, "198.51.100.1", 1024, "192.0.2.1", 80)));
}

/// Workers are told of some at a time, and where none listens nothing piles up.
TEST_F(NatTest, SessionsThatAreEndingAreToldOfABitAtATime) {
    add_pool("p", "10.1.0.0", "192.0.2.1");
    constexpr uint16_t many = 5000;
    for (uint16_t port = 1; port <= many; ++port) {
        (void)outbound(key(udp, "10.1.0.1", port, "198.51.100.1", 53));
    }
    EXPECT_TRUE(nat_->remove_addresses("p", only("192.0.2.1")).ok());
    pass(std::chrono::milliseconds(300));
    EXPECT_LE(router_->flows().ending(), 128U);
    EXPECT_GT(router_->flows().ending(), 0U) << "no worker listens";
    EXPECT_EQ(router_->flows().tables().sessions(), many);
    ASSERT_TRUE(engine_->start().ok());
    EXPECT_TRUE(eventually([&] { return router_->flows().tables().sessions() == 0; }));
    EXPECT_TRUE(eventually([&] { return nat_->addresses().empty(); }));
}

TEST_F(NatTest, AnInterfacesAddressComesBackToItsPoolUnderTraffic) {
    EXPECT_TRUE(router_->addresses().add("wan", {ip("192.0.2.1"), 24}).ok());
    add_pool("p", "10.1.0.0", nullptr);
    EXPECT_TRUE(nat_->add_interface("p", "wan").ok());
    (void)outbound(key(udp, "10.1.0.1", 1000, "198.51.100.1", 53));
    EXPECT_TRUE(nat_->remove_interface("p", "wan").ok());
    EXPECT_TRUE(nat_->add_interface("p", "wan").ok());
    const auto has = [&] {
        return nat_->pools().at("p").interfaces.begin()->second == ip("192.0.2.1");
    };
    EXPECT_FALSE(has());
    ASSERT_TRUE(engine_->start().ok());
    EXPECT_TRUE(eventually(has));
    EXPECT_EQ(router_->flows().tables().sessions(), 0U);
}

TEST_F(NatTest, SessionsOfAnotherVrfStayWhenAPoolLosesTheirRemoteAddress) {
    add_pool("p", "10.1.0.0", "198.51.100.1");
    PoolSettings settings;
    settings.name = "q";
    settings.inside = {ip("10.2.0.0"), 16};
    settings.outside_vrf = must(router_->vrfs().add("red"));
    EXPECT_TRUE(nat_->add_pool(settings).ok());
    EXPECT_TRUE(nat_->add_addresses("q", only("192.0.2.10")).ok());
    // It speaks with the pool's address, which is somebody else's in its own VRF.
    const Key other = key(udp, "10.2.0.1", 1000, "198.51.100.1", 53);
    Ref ref;
    EXPECT_EQ(translators_->of(0).outbound(ask(other), settings.outside_vrf, ref), Verdict::made);
    (void)outbound(key(udp, "10.1.0.1", 1000, "203.0.113.1", 53));
    ASSERT_EQ(router_->flows().tables().sessions(), 2U);
    EXPECT_TRUE(nat_->remove_addresses("p", only("198.51.100.1")).ok());
    ASSERT_TRUE(engine_->start().ok());
    EXPECT_TRUE(eventually([&] { return nat_->add_addresses("p", only("198.51.100.1")).ok(); }));
    pass(std::chrono::milliseconds(150));
    EXPECT_EQ(router_->flows().tables().sessions(), 1U);
    engine_->stop();
    EXPECT_TRUE(table().find(other));
}

/// However pools come, go and change places.
TEST_F(NatTest, WhatOtherPoolsHaveCountedNeverGoesDown) {
    CountedByOthers counted(1);
    const auto begun = [&] { return counted.look(*nat_).created; };
    const auto begin = [&](unsigned network, uint16_t sessions) {
        static uint16_t port = 0;
        const std::string host = "10." + std::to_string(network) + ".0.1";
        for (uint16_t i = 0; i < sessions; ++i) {
            (void)outbound(key(udp, host.c_str(), ++port, "198.51.100.1", 53));
        }
    };
    add_pool("b", "10.1.0.0", "192.0.2.1");
    begin(1, 5);
    EXPECT_EQ(begun(), 0U) << "it has samples of its own";
    add_pool("a", "10.2.0.0", "192.0.2.2");
    EXPECT_EQ(begun(), 0U) << "those that it has counted apart are not counted again";
    begin(1, 3);
    EXPECT_EQ(begun(), 3U);
    add_pool("c", "10.3.0.0", "192.0.2.3");
    begin(3, 4);
    EXPECT_EQ(begun(), 7U);
    EXPECT_TRUE(nat_->remove_pool("c").ok());
    EXPECT_EQ(begun(), 7U);
    EXPECT_TRUE(nat_->remove_pool("a").ok());
    begin(1, 2);
    EXPECT_EQ(begun(), 7U);
}

}  // namespace
}  // namespace nat44
