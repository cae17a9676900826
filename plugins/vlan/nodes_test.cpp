// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "plugins/vlan/input.hpp"
#include "plugins/vlan/output.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vlan {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;

constexpr const char* ours = "02:00:00:00:00:0a";
constexpr const char* peer = "02:00:00:00:00:01";

Bytes tagged(uint16_t id, uint8_t priority = 0) {
    return packet().ethernet(peer, ours).vlan(id, priority).ip4().udp().payload(40).bytes();
}
Bytes untagged() {
    return packet().ethernet(peer, ours).ip4().udp().payload(40).bytes();
}
constexpr uint16_t flags_of(uint8_t priority) {
    return uint16_t(priority << 1 << graph::packet_flag::priority_shift);
}

/// A parent with VLAN 10, a parent with VLAN 20 and all the rest, and one without any.
struct NodesTest : ::testing::Test {
    NodesTest() {
        graph::ArcSpec spec;
        spec.name = "device-input";
        spec.end = "ethernet-input";
        bench.collector("ethernet-input");
        const auto arc = bench.graph().add_arc(spec);
        EXPECT_TRUE(arc.ok()) << arc.status();
        bench.add(std::make_shared<const Input>(table, tags, *arc));
        bench.collector("interface-output");
        bench.add(std::shared_ptr<const Output>(output));
        for (vnet::interface::Index* index : {&a, &b, &bare, &ten, &twenty, &rest}) {
            *index = *table.add("i" + std::to_string(index - &a),
                                vnet::interface::testing::FakeDevice::maker(
                                    std::make_shared<vnet::interface::testing::FakeState>()));
        }
        tags.add(a, Tag{EtherType::vlan, 10}, ten);
        tags.add(b, Tag{EtherType::qinq, 20}, twenty);
        tags.add(b, std::nullopt, rest);
        output->set(ten, a, Tag{EtherType::vlan, 10});
        output->set(twenty, b, Tag{EtherType::qinq, 20});
        output->set(rest, b, std::nullopt);
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }
    Result one(const std::string& node, graph::Packet* packet) {
        return bench.run(node, std::span(&packet, 1)).at(0);
    }

    std::unique_ptr<graph::Engine> engine = make_engine();
    vnet::interface::Table table { *engine };
    Tags tags{engine->rcu()};
    std::shared_ptr<Output> output = std::make_shared<Output>(table);
    Bench bench;
    vnet::interface::Index a = 0, b = 0, bare = 0, ten = 0, twenty = 0, rest = 0;
};

struct Case {
    const char* what;
    Bytes frame;
    vnet::interface::Index NodesTest::*in;
    vnet::interface::Index NodesTest::*is;
    Bytes comes;
    const char* drop = "";
    uint16_t flags = 0;
};

std::vector<Case> cases() {
    const auto twice = packet().ethernet(peer, ours).qinq().vlan(20, 5).vlan(10, 3).ip4().bytes();
    const auto once = packet().ethernet(peer, ours).vlan(10, 3).ip4().bytes();
    const auto provider = packet().ethernet(peer, ours).qinq().vlan(10).ip4().bytes();
    const auto for_priority = packet().ethernet(peer, ours).vlan(0, 6).ip4().udp().payload(40);
    const auto two = packet().ethernet(peer, ours).vlan(0, 1).vlan(0, 2).ip4().bytes();
    const auto inner = packet().ethernet(peer, ours).vlan(0, 1).vlan(10, 2).ip4().bytes();
    const auto inner_left = packet().ethernet(peer, ours).vlan(10, 2).ip4().bytes();
    return {
        {"a VLAN", tagged(10), &NodesTest::a, &NodesTest::ten, untagged()},
        {"with a priority", tagged(10, 5), &NodesTest::a, &NodesTest::ten, untagged(), "",
         flags_of(5)},
        {"two tags, one is taken", twice, &NodesTest::b, &NodesTest::twenty, once, "", flags_of(5)},
        {"another VLAN", tagged(11), &NodesTest::a, &NodesTest::a, tagged(11), "unknown-vlan"},
        {"another kind of tag", provider, &NodesTest::a, &NodesTest::a, provider, "unknown-vlan"},
        {"no VLANs at all", tagged(10), &NodesTest::bare, &NodesTest::bare, tagged(10),
         "unknown-vlan"},
        {"the rest", tagged(10), &NodesTest::b, &NodesTest::rest, tagged(10)},
        {"for priority only", for_priority.bytes(), &NodesTest::a, &NodesTest::a, untagged(), "",
         flags_of(6)},
        {"for priority, where there are no VLANs", for_priority.bytes(), &NodesTest::bare,
         &NodesTest::bare, untagged(), "", flags_of(6)},
        {"for priority twice", two, &NodesTest::a, &NodesTest::a, two, "too-many-tags"},
        {"for priority, then a VLAN", inner, &NodesTest::a, &NodesTest::a, inner_left, "",
         flags_of(1)},
        {"cut in its tag", packet().ethernet(peer, ours).vlan(10).truncate(17).bytes(),
         &NodesTest::a, &NodesTest::a, packet().ethernet(peer, ours).vlan(10).truncate(17).bytes(),
         "too-short"},
        {"nothing behind its tag", packet().ethernet(peer, ours).vlan(0).truncate(18).bytes(),
         &NodesTest::a, &NodesTest::a, packet().ethernet(peer, ours).type(0).bytes()},
    };
}

TEST_F(NodesTest, SortsTaggedFramesAtEveryBurst) {
    for (const Case& c : cases()) {
        for (const unsigned burst : Bench::bursts) {
            SCOPED_TRACE(testing::Message() << c.what << " x " << burst);
            const auto results = bench.run("vlan-input", c.frame, burst, this->*c.in);
            ASSERT_EQ(results.size(), burst);
            for (const Result& result : results) {
                EXPECT_EQ(result.next, *c.drop == '\0' ? "ethernet-input" : "drop");
                EXPECT_EQ(result.drop, c.drop);
                EXPECT_EQ(result.meta.rx_interface, this->*c.is);
                EXPECT_EQ(result.meta.flags, c.flags);
                if (std::string_view(c.what) != "nothing behind its tag") {
                    EXPECT_EQ(result.bytes, c.comes);
                } else {
                    EXPECT_EQ(result.bytes.size(), 14U);
                }
            }
        }
    }
}

TEST_F(NodesTest, CountsForTheVlansInterface) {
    table.clear_counters();
    bench.run("vlan-input", tagged(10), 63, a);
    EXPECT_EQ(table.totals(ten).rx_packets, 63U);
    EXPECT_EQ(table.totals(ten).rx_bytes, 63U * untagged().size());
    EXPECT_EQ(table.totals(a).rx_packets, 0U);
}

TEST_F(NodesTest, AVectorMayMixInterfaces) {
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < 256; ++i) {
        packets.push_back(bench.packet(tagged(i % 2 == 0 ? 10 : 11), i % 3 == 0 ? a : b));
    }
    std::map<vnet::interface::Index, unsigned> seen;
    for (const Result& result : bench.run("vlan-input", packets)) {
        ++seen[result.meta.rx_interface];
    }
    EXPECT_EQ(seen[ten], 43U);
    EXPECT_EQ(seen[a], 43U);
    EXPECT_EQ(seen[rest], 170U);
}

TEST_F(NodesTest, TagsWhatIsSent) {
    graph::Packet* plain = bench.packet(untagged());
    plain->meta().tx_interface = ten;
    const Result result = one("vlan-output", plain);
    EXPECT_EQ(result.next, "interface-output");
    EXPECT_EQ(result.meta.tx_interface, a);
    EXPECT_EQ(result.bytes, tagged(10));
}

TEST_F(NodesTest, KeepsThePriorityIntoAnotherVlan) {
    graph::Packet* frame = bench.packet(tagged(10, 5), a);
    Result result = one("vlan-input", frame);
    graph::Packet* on = bench.packet(result.bytes);
    on->meta() = result.meta;
    on->meta().tx_interface = twenty;
    result = one("vlan-output", on);
    EXPECT_EQ(result.bytes,
              packet().ethernet(peer, ours).qinq().vlan(20, 5).ip4().udp().payload(40).bytes());
}

TEST_F(NodesTest, SendsTheRestAsItIs) {
    graph::Packet* frame = bench.packet(tagged(77));
    frame->meta().tx_interface = rest;
    const Result result = one("vlan-output", frame);
    EXPECT_EQ(result.next, "interface-output");
    EXPECT_EQ(result.meta.tx_interface, b);
    EXPECT_EQ(result.bytes, tagged(77));
}

TEST_F(NodesTest, DropsWhatHasNoVlanAnyLonger) {
    output->clear(ten);
    for (const vnet::interface::Index index : {ten, bare, graph::no_interface}) {
        graph::Packet* frame = bench.packet(untagged());
        frame->meta().tx_interface = index;
        EXPECT_EQ(one("vlan-output", frame).drop, "vlan-gone");
    }
}

TEST_F(NodesTest, DropsWhatHasNoRoomForATag) {
    graph::Packet* frame = bench.packet(untagged());
    frame->meta().tx_interface = ten;
    Bytes long_front(frame->headroom() + untagged().size() - 3);
    ASSERT_TRUE(frame->move_start(-int(frame->headroom()) + 3));
    EXPECT_EQ(one("vlan-output", frame).drop, "no-room");
    frame = bench.packet(packet().ethernet(peer, ours).truncate(11).bytes());
    frame->meta().tx_interface = ten;
    EXPECT_EQ(one("vlan-output", frame).drop, "no-room");
}

}  // namespace
}  // namespace vlan
