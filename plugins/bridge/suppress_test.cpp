// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/suppress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "plugins/bridge/flood.hpp"
#include "plugins/bridge/input.hpp"
#include "plugins/bridge/output.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace bridge {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using vnet::wire::Ip6Address;
using vnet::wire::NdOptionType;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::ip;
using vnet::wire::testing::ip6;
using vnet::wire::testing::mac;
using vnet::wire::testing::packet;

constexpr const char* one = "02:00:00:00:00:01";
constexpr const char* two = "02:00:00:00:00:02";
constexpr const char* router = "02:00:00:00:00:0a";
constexpr const char* everybody = "ff:ff:ff:ff:ff:ff";

Bytes request(const char* target, const char* from = one, const char* sender = "10.0.0.1") {
    return packet().ethernet(from, everybody).arp_request(from, sender, target).pad_to().bytes();
}
Bytes reply(const char* from, const char* sender) {
    return packet().ethernet(from, one).arp_reply(from, sender, one, "10.0.0.1").pad_to().bytes();
}
Bytes solicitation() {
    return packet()
        .ethernet(one, "33:33:ff:00:00:02")
        .ip6("fe80::1", "ff02::1:ff00:2")
        .neighbor_solicitation("fe80::2")
        .bytes();
}
Bytes advertisement() {
    return packet()
        .ethernet(two, one)
        .ip6("fe80::2", "fe80::1")
        .neighbor_advertisement("fe80::2", 0x60)
        .nd_options([](vnet::wire::NdOptionsWriter& out) {
            out.link_address(NdOptionType::target_link_address, mac(two));
        })
        .bytes();
}

/// A bridge with ports a and b, at which `one` and `two` are, and a third; both kinds suppressed;
/// 10.0.0.2 and fe80::2 are known to be two's, 10.0.0.10 the router's.
struct SuppressTest : ::testing::Test {
    SuppressTest() {
        bench.collector("ethernet-input");
        bench.collector("interface-output");
        const auto arc = bench.graph().add_arc(
            {"device-input", graph::ArcSide::rx, {"bridge-input"}, "ethernet-input"});
        bench.add(std::make_shared<const Input>(table, shared, *arc));
        bench.add(std::make_shared<const Suppress>(table, shared, *arc));
        bench.add(std::make_shared<const Flood>(table, shared.ports, *arc));
        bench.add(std::make_shared<const Output>(table, shared));
        for (Index* index : {&bridge, &a, &b, &c}) {
            const std::string name = "i" + std::to_string(index - &bridge);
            *index = *table.add(name, vnet::interface::testing::FakeDevice::maker(
                                          std::make_shared<vnet::interface::testing::FakeState>()));
            EXPECT_TRUE(table.set_up(name, true).ok());
        }
        members = {a, b, c};
        shared.ports.publish(bridge, &members);
        shared.ports.set_suppressed(bridge, suppress::arp | suppress::nd);
        for (const Index index : members) {
            shared.ports.set(index, bridge, {});
        }
        shared.stations.put(station(bridge, mac(one)), a, false, 0);
        shared.stations.put(station(bridge, mac(two)), b, false, 0);
        shared.stations.put(station(bridge, mac(router)), bridge, true, 0);
        know("10.0.0.2", two);
        know("10.0.0.10", router);
        shared.hosts.put({ip6("fe80::2"), bridge}, {mac(two).to_uint64()}, 0);
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }
    void know(const char* address, const char* who) {
        shared.hosts.put({Ip6Address::mapped(ip(address)), bridge}, {mac(who).to_uint64()}, 0);
    }
    std::vector<Result> in(const Bytes& bytes, Index interface) {
        return bench.run("bridge-input", bytes, 1, interface);
    }
    std::vector<Result> out(const Bytes& bytes) {
        graph::Packet* made = bench.packet(bytes);
        made->meta().tx_interface = bridge;
        return bench.run("bridge-output", std::span(&made, 1));
    }
    std::vector<HeardHost> heard() {
        std::vector<HeardHost> all;
        shared.host_learner.drain([&](const auto& told) { all.push_back(told.what); });
        return all;
    }

    std::unique_ptr<graph::Engine> engine = make_engine();
    vnet::interface::Table table { *engine };
    Shared shared{*engine};
    Ports::Members members;
    Bench bench;
    Index bridge = 0, a = 0, b = 0, c = 0;
};

TEST_F(SuppressTest, AnswersInTheHostsNameAtEveryBurst) {
    for (const auto& [question, expected] : {std::pair(request("10.0.0.2"), reply(two, "10.0.0.2")),
                                             std::pair(solicitation(), advertisement())}) {
        for (const unsigned burst : Bench::bursts) {
            const auto results = bench.run("bridge-input", question, burst, a);
            ASSERT_EQ(results.size(), burst);
            for (const Result& result : results) {
                EXPECT_EQ(result.next, "interface-output");
                EXPECT_EQ(result.meta.tx_interface, a);
                EXPECT_EQ(result.bytes, expected);
                EXPECT_FALSE(result.meta.has(graph::packet_flag::l2_group));
            }
        }
    }
    EXPECT_EQ(shared.ports.answered(0, bridge).arp.read(), 1U + 3 + 63 + 256);
    EXPECT_EQ(shared.ports.answered(0, bridge).nd.read(), 1U + 3 + 63 + 256);
}

TEST_F(SuppressTest, GivesQuestionsForTheRouterToItAlone) {
    const auto results = in(request("10.0.0.10"), a);
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].next, "ethernet-input");
    EXPECT_EQ(results[0].meta.rx_interface, bridge);
    EXPECT_EQ(results[0].bytes, request("10.0.0.10"));
    EXPECT_TRUE(results[0].meta.has(graph::packet_flag::l2_group));
    ASSERT_TRUE(table.set_up("i0", false).ok());
    EXPECT_THAT(in(request("10.0.0.10"), a), SizeIs(2)) << "nobody would answer";
}

TEST_F(SuppressTest, AnswersTheRouter) {
    const auto results = out(request("10.0.0.2", router, "10.0.0.10"));
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].next, "ethernet-input");
    EXPECT_EQ(results[0].meta.rx_interface, bridge);
    EXPECT_EQ(results[0].bytes, packet()
                                    .ethernet(two, router)
                                    .arp_reply(two, "10.0.0.2", router, "10.0.0.10")
                                    .pad_to()
                                    .bytes());
    EXPECT_THAT(out(request("10.0.0.77", router, "10.0.0.10")), SizeIs(3));
}

TEST_F(SuppressTest, FloodsWhatItCannotAnswerForCertain) {
    const auto flooded = [&](const Bytes& bytes, Index from = 0) {
        return in(bytes, from == 0 ? a : from).size() == 3;
    };
    EXPECT_TRUE(flooded(request("10.0.0.77"))) << "nobody has told of it";
    EXPECT_TRUE(flooded(request("10.0.0.2", two, "10.0.0.2"), b)) << "an announcement";
    EXPECT_TRUE(flooded(request("10.0.0.2", one, "0.0.0.0"))) << "a probe";
    EXPECT_TRUE(flooded(request("10.0.0.2", one, "10.0.0.1"), b)) << "its station is there too";
    EXPECT_TRUE(flooded(request("10.0.0.2", two, "10.0.0.9"), c)) << "asked by the host itself";
    shared.stations.remove(station(bridge, mac(two)));
    EXPECT_TRUE(flooded(request("10.0.0.2"))) << "nobody knows where its station is";
    shared.stations.put(station(bridge, mac(two)), b, false, 0);
    shared.ports.set_suppressed(bridge, suppress::nd);
    EXPECT_TRUE(flooded(request("10.0.0.2"))) << "not this kind";
    EXPECT_THAT(in(solicitation(), a), SizeIs(1));
    shared.ports.set_suppressed(bridge, suppress::arp);
    EXPECT_TRUE(flooded(solicitation())) << "nor that";
    ASSERT_TRUE(table.set_up("i2", false).ok());
    EXPECT_THAT(in(request("10.0.0.2"), a), SizeIs(2)) << "its port is down";
}

TEST_F(SuppressTest, TellsNobodyOfWhomItMayNotReach) {
    shared.ports.set(a, bridge, {7, 0, true});
    shared.ports.set(b, bridge, {7, 0, true});
    EXPECT_THAT(in(request("10.0.0.2"), a), SizeIs(2)) << "to c and to the router";
    EXPECT_EQ(shared.ports.answered(0, bridge).arp.read(), 0U);
}

TEST_F(SuppressTest, HearsWhoseAnAddressIs) {
    in(request("10.0.0.2"), a);
    in(reply(two, "10.0.0.3"), b);
    in(advertisement(), b);
    out(request("10.0.0.2", router, "10.0.0.11"));
    const auto told = heard();
    ASSERT_THAT(told, SizeIs(3));
    EXPECT_EQ(told[0].key.address, Ip6Address::mapped(ip("10.0.0.1")));
    EXPECT_EQ(told[0].facts.mac, mac(one).to_uint64());
    EXPECT_EQ(told[1].key.address, Ip6Address::mapped(ip("10.0.0.3")));
    EXPECT_EQ(told[1].key.bridge, bridge);
    EXPECT_EQ(told[2].facts.mac, mac(router).to_uint64());
    EXPECT_NE(shared.hosts.find({ip6("fe80::2"), bridge})->heard.load(), 0U)
        << "what is known is heard again";

    shared.ports.set(a, bridge, {0, 0, false});
    in(request("10.0.0.2", one, "10.0.0.4"), a);
    EXPECT_THAT(heard(), IsEmpty()) << "the port does not learn";
    shared.ports.set_suppressed(bridge, 0);
    in(reply(two, "10.0.0.5"), b);
    EXPECT_THAT(heard(), IsEmpty()) << "nobody wants to know";
}

}  // namespace
}  // namespace bridge
