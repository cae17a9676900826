// SPDX-License-Identifier: Apache-2.0
#include "vnet/ethernet/input.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::ethernet {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using wire::testing::Bytes;
using wire::testing::mac;
using wire::testing::packet;

/// An interface with an address and nothing behind it.
class Stub final : public interface::Device {
public:
    explicit Stub(wire::MacAddress address) : mac_(address) {}
    std::string_view kind() const override { return "stub"; }
    graph::NodeId tx_node() const override { return 0; }
    wire::MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override { return 1500; }
    std::string description() const override { return ""; }
    absl::Status set_up(bool) override { return absl::OkStatus(); }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const wire::MacAddress&) override { return absl::OkStatus(); }
    bool link_up() const override { return true; }

private:
    wire::MacAddress mac_;
};

constexpr const char* ours = "02:00:00:00:00:0a";
constexpr const char* ours_too = "02:00:00:00:00:0b";
constexpr const char* peer = "02:00:00:00:00:01";
constexpr const char* group = "01:00:5e:00:00:05";
constexpr const char* broadcast = "ff:ff:ff:ff:ff:ff";

struct InputTest : ::testing::Test {
    InputTest() {
        a = add("a", ours, true);
        b = add("b", ours_too, true);
        down = add("down", ours, false);
        bench.add(std::make_shared<const Input>(table, types));
        bench.collector("ip6-input");
        bench.collector("mpls-input");
        EXPECT_TRUE(types.add(wire::EtherType::mpls, "mpls-input").ok());
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }
    interface::Index add(const std::string& name, const char* address, bool up) {
        const auto index = table.add(
            name, [&](interface::Index) -> absl::StatusOr<std::unique_ptr<interface::Device>> {
                return std::make_unique<Stub>(mac(address));
            });
        EXPECT_TRUE(table.set_up(name, up).ok());
        return *index;
    }
    std::unique_ptr<graph::Engine> engine = make_engine();
    interface::Table table {
        *engine
    };
    Bench bench;
    EtherTypes types{bench.graph()};
    interface::Index a, b, down;
};

struct Case {
    const char* what;
    Bytes bytes;
    bool up = true;
    const char* next;
    const char* drop = "";
    uint16_t flags = 0;
};

std::vector<Case> cases() {
    const auto frame = [](const char* to, const char* from = peer) {
        return packet().ethernet(from, to);
    };
    const uint16_t grouped = graph::packet_flag::l2_group;
    return {
        {"IPv4 for us", frame(ours).ip4().udp().pad_to().bytes(), true, "ip4-input"},
        {"IPv4 broadcast", frame(broadcast).ip4().udp().pad_to().bytes(), true, "ip4-input", "",
         grouped},
        {"IPv4 multicast", frame(group).ip4().udp().pad_to().bytes(), true, "ip4-input", "",
         grouped},
        {"header only", frame(ours).type(0x0800).bytes(), true, "ip4-input"},
        {"ARP request", frame(broadcast).arp_request(peer, "10.0.0.1", "10.0.0.2").bytes(), true,
         "arp-input", "", grouped},
        {"ARP reply", frame(ours).arp_reply(peer, "10.0.0.1", ours, "10.0.0.2").bytes(), true,
         "arp-input"},
        {"a registered type", frame(ours).type(0x8847).payload(40).bytes(), true, "mpls-input"},
        {"IPv6", frame(ours).type(0x86dd).payload(40).bytes(), true, "ip6-input"},
        {"IPv6 to a group", frame("33:33:00:00:00:01").type(0x86dd).payload(40).bytes(), true,
         "ip6-input", "", grouped},
        {"13 bytes", frame(ours).ip4().truncate(13).bytes(), true, "drop", "too-short"},
        {"1 byte", frame(ours).truncate(1).bytes(), true, "drop", "too-short"},
        {"interface down", frame(ours).ip4().udp().bytes(), false, "drop", "interface-down"},
        {"down, all bits of the address set", frame(broadcast, broadcast).ip4().udp().bytes(),
         false, "drop", "interface-down"},
        {"short and down", frame(ours).truncate(13).bytes(), false, "drop", "too-short"},
        {"for another", frame(peer).ip4().udp().bytes(), true, "drop", "not-for-us"},
        {"last bit differs", frame("02:00:00:00:00:0b").ip4().udp().bytes(), true, "drop",
         "not-for-us"},
        {"source is a group", frame(ours, group).ip4().udp().bytes(), true, "drop",
         "bad-source-mac"},
        {"LLC", frame(ours).type(0x0026).payload(38).bytes(), true, "drop", "not-ethernet-ii"},
        {"largest length", frame(ours).type(0x05ff).payload(38).bytes(), true, "drop",
         "not-ethernet-ii"},
        {"smallest type", frame(ours).type(0x0600).payload(38).bytes(), true, "drop",
         "unknown-ethertype"},
        {"C-VLAN", frame(ours).vlan(7).ip4().bytes(), true, "drop", "unknown-vlan"},
        {"S-VLAN", frame(ours).qinq().vlan(7).ip4().bytes(), true, "drop", "unknown-vlan"},
        {"LLDP", frame(group).type(0x88cc).payload(46).bytes(), true, "drop", "unknown-ethertype",
         grouped},
        {"type FFFF", frame(ours).type(0xffff).payload(46).bytes(), true, "drop",
         "unknown-ethertype"},
    };
}

TEST_F(InputTest, SortsFramesAtEveryBurst) {
    for (const Case& c : cases()) {
        for (const unsigned burst : Bench::bursts) {
            SCOPED_TRACE(testing::Message() << c.what << " x " << burst);
            const auto results = bench.run("ethernet-input", c.bytes, burst, c.up ? a : down);
            ASSERT_EQ(results.size(), burst);
            for (const Result& result : results) {
                EXPECT_EQ(result.next, c.next);
                EXPECT_EQ(result.drop, c.drop);
                EXPECT_EQ(result.bytes, c.bytes);
                EXPECT_EQ(result.meta.flags, c.flags);
                EXPECT_EQ(result.meta.l2_offset, 0);
                EXPECT_EQ(result.meta.l3_offset, 14);
            }
        }
    }
}

TEST_F(InputTest, AVectorMayMixInterfacesAndKinds) {
    const auto all = cases();
    std::vector<graph::Packet*> packets;
    std::multimap<std::string, size_t> expected;
    for (size_t i = 0; i < 256; ++i) {
        const Case& c = all[i % all.size()];
        packets.push_back(bench.packet(c.bytes, c.up ? a : down));
        ++expected.emplace(c.next, 0)->second;
    }
    const auto results = bench.run("ethernet-input", packets);
    std::map<std::string, size_t> seen;
    for (const Result& result : results) {
        ++seen[result.next];
    }
    for (const auto& [next, count] : seen) {
        EXPECT_EQ(count, expected.count(next)) << next;
    }
    EXPECT_EQ(results.size(), 256U);
}

TEST_F(InputTest, EachInterfaceHasItsOwnAddress) {
    const Bytes to_b = packet().ethernet(peer, ours_too).ip4().udp().bytes();
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < 63; ++i) {
        packets.push_back(bench.packet(to_b, i % 3 == 0 ? b : a));
    }
    for (const Result& result : bench.run("ethernet-input", packets)) {
        EXPECT_EQ(result.next, result.meta.rx_interface == b ? "ip4-input" : "drop");
    }
    EXPECT_EQ(bench.drops("ethernet-input", "not-for-us"), 42U);
}

TEST_F(InputTest, AChangedAddressCountsAtOnce) {
    const Bytes to_b = packet().ethernet(peer, ours_too).ip4().udp().bytes();
    EXPECT_EQ(bench.run("ethernet-input", to_b, 1, a)[0].drop, "not-for-us");
    ASSERT_TRUE(table.set_mac("a", mac(ours_too)).ok());
    EXPECT_EQ(bench.run("ethernet-input", to_b, 1, a)[0].next, "ip4-input");
}

TEST_F(InputTest, NoInterfaceIsDown) {
    const Bytes frame = packet().ethernet(peer, ours).ip4().udp().bytes();
    EXPECT_EQ(bench.run("ethernet-input", frame, 3, graph::no_interface)[0].drop, "interface-down");
}

TEST_F(InputTest, ATypeThatIsTakenBackIsUnknownAgain) {
    types.remove(wire::EtherType::mpls);
    const Bytes frame = packet().ethernet(peer, ours).type(0x8847).payload(40).bytes();
    EXPECT_EQ(bench.run("ethernet-input", frame, 1, a)[0].drop, "unknown-ethertype");
}

}  // namespace
}  // namespace vnet::ethernet
