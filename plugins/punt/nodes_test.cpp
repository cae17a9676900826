// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/nodes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "vnet/ip4/testing/net.hpp"
#include "vnet/ip6/family.hpp"

namespace punt {
namespace {

using graph::testing::Bench;
using vnet::ip4::testing::Bytes;
using vnet::ip4::testing::Case;
using vnet::ip4::testing::Net;
using vnet::punt::Class;
using vnet::wire::IpProtocol;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

PacketMaker to_us() {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip4("10.0.0.2", "10.0.0.1");
}
PacketMaker to_us6() {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip6("2001:db8::2", "2001:db8::1");
}

/// "ip4-punt" and "ip6-punt", and a pair of sockets that keep packets apart in the place of a tun.
struct ToKernelTest : ::testing::Test {
    ToKernelTest() {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets.data()), 0);
        target.fd = sockets[0];
        target.interface = Net::wan;
        node->set(&target);
        node6->set(&target);
        net.bench.add(std::shared_ptr<const Ip4ToKernel>(node));
        net.bench.add(std::shared_ptr<const Ip6ToKernel>(node6));
        net.start();
        for (size_t i = 0; i < vnet::punt::class_count; ++i) {
            limits.set_rate(Class(i), 10'000'000);
        }
    }
    ~ToKernelTest() override {
        for (const int fd : sockets) {
            close(fd);
        }
    }
    /// What the kernel has got since.
    std::vector<Bytes> kernel() {
        std::vector<Bytes> all;
        std::array<std::byte, 2048> buffer;
        for (ssize_t length; (length = recv(sockets[1], buffer.data(), buffer.size(), 0)) > 0;) {
            all.emplace_back(buffer.begin(), buffer.begin() + length);
        }
        return all;
    }
    std::string drop_of(const Bytes& in, const Net::Change& change = {},
                        const char* name = "ip4-punt") {
        const auto results = net.run(name, in, 1, Net::lan, change);
        return results.empty() ? "" : results.at(0).drop;
    }

    Net net;
    std::array<int, 2> sockets{};
    vnet::device::TapTarget target;
    vnet::punt::Limits limits{1, 1'000'000'000};
    std::shared_ptr<Ip4ToKernel> node = std::make_shared<Ip4ToKernel>(net.interfaces, limits);
    std::shared_ptr<Ip6ToKernel> node6 = std::make_shared<Ip6ToKernel>(net.interfaces, limits);
};

TEST_F(ToKernelTest, WritesTheIpPacketAtEveryBurst) {
    const Bytes in = to_us().tcp(40000, 22).payload(9).bytes();
    for (const unsigned burst : Bench::bursts) {
        const auto before = net.interfaces.totals(Net::wan);
        unsigned got = 0;
        // The sockets hold fewer than a whole vector.
        for (unsigned left = burst; left != 0;) {
            const unsigned some = std::min(left, 63U);
            EXPECT_TRUE(net.run("ip4-punt", in, some).empty());
            for (const Bytes& one : kernel()) {
                EXPECT_EQ(one, vnet::ip4::testing::without_ethernet(in));
                ++got;
            }
            left -= some;
        }
        EXPECT_EQ(got, burst);
        const auto after = net.interfaces.totals(Net::wan);
        EXPECT_EQ(after.tx_packets - before.tx_packets, burst);
        EXPECT_EQ(after.tx_bytes - before.tx_bytes, burst * (in.size() - 14));
    }
}

TEST_F(ToKernelTest, LimitsEachClassByItsName) {
    struct Way {
        Bytes in;
        Class one;
        const char* drop;
    };
    const Way ways[] = {
        {to_us().protocol(IpProtocol::ospf).payload(24).bytes(), Class::routing, "limit-routing"},
        {to_us().tcp(40000, 179).bytes(), Class::routing, "limit-routing"},
        {to_us().tcp(40000, 22).bytes(), Class::management, "limit-management"},
        {to_us().icmp_echo_reply(1, 1).bytes(), Class::icmp, "limit-icmp"},
        {to_us().tcp(40000, 8000).bytes(), Class::tcp, "limit-tcp"},
        {to_us().udp(40000, 9).bytes(), Class::other, "limit-other"},
        {to_us().protocol(IpProtocol::tcp).bytes(), Class::tcp, "limit-tcp"},
    };
    for (const Way& way : ways) {
        EXPECT_EQ(drop_of(way.in), "") << way.drop;
        limits.set_rate(way.one, 0);
        EXPECT_EQ(drop_of(way.in), way.drop);
        limits.set_rate(way.one, 10'000'000);
    }
    EXPECT_EQ(kernel().size(), std::size(ways));
}

TEST_F(ToKernelTest, KnowsTheClassesOfIp6BehindItsExtensionHeaders) {
    struct Way {
        Bytes in;
        Class one;
        const char* drop;
    };
    const Way ways[] = {
        {to_us6().protocol(IpProtocol::ospf).payload(24).bytes(), Class::routing, "limit-routing"},
        {to_us6().tcp(40000, 179).bytes(), Class::routing, "limit-routing"},
        {to_us6().destination_options().tcp(40000, 22).bytes(), Class::management,
         "limit-management"},
        {to_us6().icmp6_echo_reply(1, 1).bytes(), Class::icmp, "limit-icmp"},
        {to_us6().hop_by_hop().destination_options().tcp(40000, 8000).bytes(), Class::tcp,
         "limit-tcp"},
        {to_us6().udp(40000, 9).bytes(), Class::other, "limit-other"},
        {to_us6().tcp(40000, 22).truncate(14 + 40 + 3).bytes(), Class::tcp, "limit-tcp"},
    };
    for (const Way& way : ways) {
        EXPECT_EQ(drop_of(way.in, {}, "ip6-punt"), "") << way.drop;
        limits.set_rate(way.one, 0);
        EXPECT_EQ(drop_of(way.in, {}, "ip6-punt"), way.drop);
        limits.set_rate(way.one, 10'000'000);
    }
    const auto written = kernel();
    ASSERT_EQ(written.size(), std::size(ways));
    EXPECT_EQ(written[0], vnet::ip4::testing::without_ethernet(ways[0].in));
    EXPECT_EQ(drop_of(to_us6().truncate(14 + 39).bytes(), {}, "ip6-punt"), "truncated");
}

TEST_F(ToKernelTest, DropsByName) {
    const Bytes in = to_us().tcp(40000, 22).bytes();
    EXPECT_EQ(drop_of(to_us().truncate(14 + 19).bytes()), "truncated");
    EXPECT_EQ(
        drop_of(in,
                [](graph::Packet& one) { one.meta().flags |= graph::packet_flag::local_origin; }),
        "own-packet");
    std::string last;
    for (unsigned i = 0; i < 100'000 && last.empty(); ++i) {
        last = drop_of(in);
    }
    EXPECT_EQ(last, "tx-full");
    EXPECT_EQ(net.interfaces.totals(Net::wan).tx_full, 1U);
    kernel();
    shutdown(sockets[1], SHUT_RD);
    EXPECT_EQ(drop_of(in), "refused");
    node->set(nullptr);
    EXPECT_EQ(drop_of(in), "no-kernel");
}

/// Both lookups' tables, with the router's addresses and a neighbour in each.
struct FromKernelTest : ::testing::Test {
    FromKernelTest() {
        graph::Rcu& rcu = net.engine->rcu();
        ip6 = std::make_unique<vnet::fib::Tables<vnet::ip6::RangeTable>>(rcu, net.interfaces);
        auto& table6 = ip6->make(vnet::interface::default_vrf);
        for (const auto& [address, action] :
             {std::pair("2001:db8::1", vnet::fib::Action::local),
              std::pair("2001:db8::2", vnet::fib::Action::forward)}) {
            vnet::fib::Adjacency adjacency;
            adjacency.action = action;
            const auto key = vnet::wire::testing::ip6(address);
            EXPECT_TRUE(
                vnet::ip6::Family::paint(table6, key, key, net.forwarding.make(adjacency), true));
        }
        net.bench.collector("ip6-lookup");
        net.bench.add(std::make_shared<const FromKernel>(net.tables, *ip6, net.forwarding));
        net.start();
    }
    std::vector<graph::testing::Result> run(const Bytes& in, unsigned burst) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            packets.push_back(net.bench.packet(in));
            packets.back()->meta().l3_offset = 0;
        }
        return net.bench.run("ip-from-kernel", packets);
    }
    Net net;
    std::unique_ptr<vnet::fib::Tables<vnet::ip6::RangeTable>> ip6;
};

TEST_F(FromKernelTest, LetsTheRoutersOwnPacketsPass) {
    const auto from = [](const char* source) { return packet().ip4(source, "10.1.0.9").ttl(1); };
    const auto from6 = [](const char* source, const char* to = "2001:db8:1::9") {
        return packet().ip6(source, to).ttl(1);
    };
    struct Way {
        const char* what;
        Bytes in;
        const char* drop;
        const char* next = "drop";
        unsigned l4_offset = 0;
    };
    const Way ways[] = {
        {"from an address of ours", from("10.0.0.1").udp().bytes(), "", "ip4-lookup", 20},
        {"from another of ours", from("10.1.0.1").udp().bytes(), "", "ip4-lookup", 20},
        {"from a neighbour's", from("10.0.0.2").udp().bytes(), "foreign-source"},
        {"from nobody's", from("192.0.2.1").udp().bytes(), "foreign-source"},
        {"from our network's broadcast address", from("10.0.0.255").udp().bytes(),
         "foreign-source"},
        {"too short", from("10.0.0.1").udp().truncate(19).bytes(), "malformed"},
        {"longer than it is", from("10.0.0.1").udp().truncate(27).bytes(), "malformed"},
        {"neither family", from("10.0.0.1").poke(0, 0x50).udp().bytes(), "not-ip"},
        {"IPv6 from an address of ours", from6("2001:db8::1").udp().bytes(), "", "ip6-lookup", 40},
        {"IPv6 from a neighbour's", from6("2001:db8::2").udp().bytes(), "foreign-source"},
        {"IPv6 from nobody's", from6("2001:db8::3").udp().bytes(), "foreign-source"},
        {"IPv6 from a link-local address", from6("fe80::1").udp().bytes(), "link-local"},
        {"IPv6 to a group", from6("2001:db8::1", "ff02::2").udp().bytes(), "link-local"},
        {"IPv6, too short", from6("2001:db8::1").udp().truncate(39).bytes(), "malformed"},
        {"IPv6, longer than it is", from6("2001:db8::1").udp().truncate(47).bytes(), "malformed"},
    };
    for (const Way& way : ways) {
        SCOPED_TRACE(way.what);
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(way.in, burst);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop);
                ASSERT_EQ(result.next, way.next);
                if (result.drop.empty()) {
                    EXPECT_EQ(result.bytes, way.in);
                    EXPECT_TRUE(result.meta.has(graph::packet_flag::local_origin));
                    EXPECT_EQ(result.meta.l4_offset, way.l4_offset);
                }
            }
        }
    }
}

}  // namespace
}  // namespace punt
