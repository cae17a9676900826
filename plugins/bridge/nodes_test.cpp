// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "plugins/bridge/flood.hpp"
#include "plugins/bridge/input.hpp"
#include "plugins/bridge/output.hpp"
#include "plugins/bridge/suppress.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace bridge {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::mac;
using vnet::wire::testing::packet;

constexpr const char* one = "02:00:00:00:00:01";
constexpr const char* two = "02:00:00:00:00:02";
constexpr const char* nobody = "02:00:00:00:00:77";
constexpr const char* router = "02:00:00:00:00:0a";
constexpr const char* everybody = "ff:ff:ff:ff:ff:ff";

Bytes frame(const char* from, const char* to, size_t bytes = 46) {
    return packet().ethernet(from, to).type(0x88b5).payload(bytes).bytes();
}

/// A bridge with ports a, b and c; a knows `one`, b knows `two`; and an interface that is no port.
struct NodesTest : ::testing::Test {
    NodesTest() {
        bench.collector("ethernet-input");
        bench.collector("interface-output");
        const auto arc = bench.graph().add_arc(
            {"device-input", graph::ArcSide::rx, {"bridge-input"}, "ethernet-input"});
        EXPECT_TRUE(arc.ok()) << arc.status();
        bench.add(std::make_shared<const Input>(table, shared, *arc));
        bench.add(std::make_shared<const Suppress>(table, shared, *arc));
        bench.add(std::make_shared<const Flood>(table, ports, *arc));
        bench.add(std::make_shared<const Output>(table, shared));
        for (Index* index : {&bridge, &a, &b, &c, &alone}) {
            const std::string name = "i" + std::to_string(index - &bridge);
            *index = *table.add(name, vnet::interface::testing::FakeDevice::maker(
                                          std::make_shared<vnet::interface::testing::FakeState>()));
            EXPECT_TRUE(table.set_up(name, true).ok());
        }
        members = {a, b, c};
        ports.publish(bridge, &members);
        for (const Index index : members) {
            ports.set(index, bridge, {});
        }
        stations.put(station(bridge, mac(one)), a, false, 0);
        stations.put(station(bridge, mac(two)), b, false, 0);
        stations.put(station(bridge, mac(router)), bridge, true, 0);
    }
    void set_link(Index index, bool link) {
        using vnet::interface::flag::up;
        table.hot(index).flags = uint16_t(link ? up | vnet::interface::flag::link : up);
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }
    Result in(const Bytes& bytes, Index interface) {
        return bench.run("bridge-input", bytes, 1, interface).at(0);
    }
    /// Where a flooded frame goes, by interface; the bridge stands for the router.
    std::vector<Index> flooded(const Bytes& bytes, Index interface) {
        std::vector<Index> where;
        for (const Result& result : bench.run("bridge-input", bytes, 1, interface)) {
            EXPECT_EQ(result.bytes, bytes);
            where.push_back(result.next == "ethernet-input" ? result.meta.rx_interface
                                                            : result.meta.tx_interface);
        }
        return where;
    }
    std::vector<HeardStation> heard() {
        std::vector<HeardStation> all;
        shared.station_learner.drain([&](const auto& told) { all.push_back(told.what); });
        return all;
    }

    std::unique_ptr<graph::Engine> engine = make_engine();
    vnet::interface::Table table { *engine };
    Shared shared{*engine};
    Ports& ports = shared.ports;
    MacTable& stations = shared.stations;
    Ports::Members members;
    Bench bench;
    Index bridge = 0, a = 0, b = 0, c = 0, alone = 0;
};

TEST_F(NodesTest, SendsToThePortOfAStationAtEveryBurst) {
    for (const unsigned burst : Bench::bursts) {
        const auto results = bench.run("bridge-input", frame(one, two), burst, a);
        ASSERT_EQ(results.size(), burst);
        for (const Result& result : results) {
            EXPECT_EQ(result.next, "interface-output");
            EXPECT_EQ(result.meta.tx_interface, b);
            EXPECT_EQ(result.bytes, frame(one, two));
        }
    }
    EXPECT_TRUE(heard().empty());
}

TEST_F(NodesTest, FloodsWhatIsForNobodyKnownButNotToTheRouter) {
    EXPECT_THAT(flooded(frame(one, nobody), a), UnorderedElementsAre(b, c));
    EXPECT_THAT(flooded(frame(two, nobody), b), UnorderedElementsAre(a, c));
}

TEST_F(NodesTest, FloodsWhatIsForAGroupToTheRouterToo) {
    EXPECT_THAT(flooded(frame(one, everybody), a), UnorderedElementsAre(b, c, bridge));
    ASSERT_TRUE(table.set_up("i0", false).ok());
    EXPECT_THAT(flooded(frame(one, everybody), a), UnorderedElementsAre(b, c));
    ASSERT_TRUE(table.set_up("i3", false).ok());
    EXPECT_THAT(flooded(frame(one, everybody), a), ElementsAre(b));
}

TEST_F(NodesTest, GivesTheRouterTheFrameItselfWhereNobodyElseTakesIt) {
    for (const char* other : {"i2", "i3"}) {
        ASSERT_TRUE(table.set_up(other, false).ok());
    }
    const unsigned free = graph::testing::pool().available();
    graph::Packet* question = bench.packet(frame(one, everybody), a);
    const auto results = bench.run("bridge-input", std::span(&question, 1));
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].next, "ethernet-input");
    EXPECT_EQ(results[0].meta.rx_interface, bridge);
    EXPECT_TRUE(results[0].meta.has(graph::packet_flag::l2_group));
    EXPECT_EQ(bench.drops("bridge-flood", "no-other-port"), 0U);
    EXPECT_EQ(graph::testing::pool().available(), free);
}

TEST_F(NodesTest, SendsNothingByAPortWithoutLink) {
    set_link(b, false);
    EXPECT_EQ(in(frame(one, two), a).drop, "port-down");
    EXPECT_THAT(flooded(frame(one, nobody), a), ElementsAre(c));
    graph::Packet* made = bench.packet(frame(router, two));
    made->meta().tx_interface = bridge;
    EXPECT_EQ(bench.run("bridge-output", std::span(&made, 1)).at(0).drop, "port-down");
    // What comes in by it is taken all the same: control finds out about its link later.
    EXPECT_EQ(in(frame(two, one), b).meta.tx_interface, a);
    set_link(b, true);
    EXPECT_EQ(in(frame(one, two), a).next, "interface-output");
}

TEST_F(NodesTest, FloodsWhatLiesInSeveralBuffers) {
    const Bytes jumbo = frame(one, everybody, 9000);
    const auto send = [&] {
        graph::Packet* head = nullptr;
        for (size_t begin = 0; begin < jumbo.size(); begin += 1500) {
            const auto part = std::span(jumbo).subspan(begin);
            graph::Packet* made = bench.packet(part.first(std::min<size_t>(1500, part.size())), a);
            if (head == nullptr) {
                head = made;
            } else {
                EXPECT_EQ(rte_pktmbuf_chain(head->mbuf(), made->mbuf()), 0);
            }
        }
        std::vector<Index> where;
        for (const Result& result : bench.run("bridge-input", std::span(&head, 1))) {
            EXPECT_EQ(result.bytes, jumbo);
            where.push_back(result.next == "ethernet-input" ? result.meta.rx_interface
                            : result.drop.empty()           ? result.meta.tx_interface
                                                            : 0);
        }
        return where;
    };
    for (const char* port : {"i1", "i2", "i3"}) {
        ASSERT_TRUE(table.set_mtu(port, 9000).ok());
    }
    EXPECT_THAT(send(), UnorderedElementsAre(b, c, bridge));
    EXPECT_EQ(bench.drops("bridge-flood", "no-buffer"), 0U);
    // A port that does not take it is counted; so is a frame that none takes.
    ASSERT_TRUE(table.set_mtu("i2", 8900).ok());
    EXPECT_THAT(send(), UnorderedElementsAre(c, bridge));
    EXPECT_EQ(bench.drops("bridge-flood", "exceeds-mtu"), 1U);
    ASSERT_TRUE(table.set_mtu("i3", 8900).ok());
    EXPECT_THAT(send(), ElementsAre(bridge));
    EXPECT_EQ(bench.drops("bridge-flood", "exceeds-mtu"), 3U);
    ASSERT_TRUE(table.set_up("i0", false).ok());
    EXPECT_THAT(send(), ElementsAre(0));
    EXPECT_EQ(bench.drops("bridge-flood", "exceeds-mtu"), 4U);
    EXPECT_EQ(bench.drops("bridge-flood", "no-other-port"), 0U);
}

TEST_F(NodesTest, GivesTheRouterWhatIsForIt) {
    const Result result = in(frame(one, router), a);
    EXPECT_EQ(result.next, "ethernet-input");
    EXPECT_EQ(result.meta.rx_interface, bridge);
    EXPECT_EQ(table.totals(bridge).rx_packets, 1U);
}

TEST_F(NodesTest, TellsWhoIsNewAndWhoHasMoved) {
    in(frame(nobody, two), c);
    in(frame(one, two), c);
    const auto told = heard();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].station, station(bridge, mac(nobody)));
    EXPECT_EQ(told[0].interface, c);
    EXPECT_EQ(told[1].station, station(bridge, mac(one)));
    EXPECT_EQ(told[1].interface, c);
}

TEST_F(NodesTest, LearnsNothingWhereItShallNot) {
    ports.set(c, bridge, {0, 0, false});
    EXPECT_EQ(in(frame(nobody, two), c).meta.tx_interface, b);
    stations.put(station(bridge, mac(one)), a, true, 0);
    in(frame(one, two), b);
    EXPECT_TRUE(heard().empty());
}

struct Dropped {
    const char* what;
    Bytes bytes;
    const char* reason;
};

TEST_F(NodesTest, DropsByName) {
    const std::vector<Dropped> all = {
        {"cut", packet().ethernet(one, two).truncate(13).bytes(), "too-short"},
        {"from a group", frame("03:00:00:00:00:01", two), "bad-source-mac"},
        {"spanning tree", frame(one, "01:80:c2:00:00:00"), "link-local-group"},
        {"LLDP", frame(one, "01:80:c2:00:00:0e"), "link-local-group"},
        {"back to where it came from", frame(nobody, one), "same-port"},
        {"too long", frame(one, two, 1509), "exceeds-mtu"},
    };
    for (const Dropped& dropped : all) {
        EXPECT_EQ(in(dropped.bytes, a).drop, dropped.reason) << dropped.what;
    }
    EXPECT_EQ(in(frame(one, two, 1508), a).next, "interface-output");
    EXPECT_EQ(in(frame(one, two), alone).drop, "no-bridge");
    ASSERT_TRUE(table.set_up("i1", false).ok());
    EXPECT_EQ(in(frame(one, two), a).drop, "interface-down");
}

TEST_F(NodesTest, SplitsTheHorizonOfAGroup) {
    ports.set(a, bridge, {7, 0, true});
    ports.set(b, bridge, {7, 0, true});
    EXPECT_EQ(in(frame(one, two), a).drop, "split-horizon");
    EXPECT_THAT(flooded(frame(one, nobody), a), ElementsAre(c));
    EXPECT_THAT(flooded(frame(nobody, everybody), c), UnorderedElementsAre(a, b, bridge));
    ports.set(c, bridge, {7, 0, true});
    EXPECT_EQ(in(frame(one, nobody), a).drop, "no-other-port");
}

TEST_F(NodesTest, LimitsStorms) {
    ports.set(a, bridge, {0, 100, true});
    const auto results = bench.run("bridge-input", frame(one, nobody), 256, a);
    const auto dropped = bench.drops("bridge-flood", "storm-limit");
    EXPECT_GE(dropped, 200U);
    EXPECT_EQ(results.size(), (256 - dropped) * 2 + dropped);
    EXPECT_EQ(in(frame(one, two), a).next, "interface-output") << "what is known is no storm";
}

TEST_F(NodesTest, SendsForTheRouter) {
    const auto send = [&](const char* to) {
        graph::Packet* made = bench.packet(frame(router, to));
        made->meta().tx_interface = bridge;
        std::vector<Index> where;
        for (const Result& result : bench.run("bridge-output", std::span(&made, 1))) {
            EXPECT_EQ(result.next, result.drop.empty() ? "interface-output" : "drop");
            where.push_back(result.drop.empty() ? result.meta.tx_interface : 0);
        }
        return where;
    };
    EXPECT_THAT(send(two), ElementsAre(b));
    EXPECT_THAT(send(nobody), UnorderedElementsAre(a, b, c));
    EXPECT_THAT(send(everybody), UnorderedElementsAre(a, b, c));
    EXPECT_THAT(send(router), ElementsAre(0));
    ASSERT_TRUE(table.set_mtu("i2", 100).ok());
    graph::Packet* long_one = bench.packet(frame(router, two, 109));
    long_one->meta().tx_interface = bridge;
    EXPECT_EQ(bench.run("bridge-output", std::span(&long_one, 1)).at(0).drop, "exceeds-mtu");
    ports.publish(bridge, nullptr);
    EXPECT_THAT(send(two), ElementsAre(0));
    EXPECT_EQ(bench.drops("bridge-output", "bridge-gone"), 1U);
}

}  // namespace
}  // namespace bridge
