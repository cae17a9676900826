// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/nodes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "vnet/ip4/testing/net.hpp"

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

/// "ip4-punt", and a pair of sockets that keep packets apart in the place of a tun.
struct ToKernelTest : ::testing::Test {
    ToKernelTest() {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets.data()), 0);
        target.fd = sockets[0];
        target.interface = Net::wan;
        node->set(&target);
        net.bench.add(std::shared_ptr<const ToKernel>(node));
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
    std::string drop_of(const Bytes& in, const Net::Change& change = {}) {
        const auto results = net.run("ip4-punt", in, 1, Net::lan, change);
        return results.empty() ? "" : results.at(0).drop;
    }

    Net net;
    std::array<int, 2> sockets{};
    vnet::device::TapTarget target;
    vnet::punt::Limits limits{1, 1'000'000'000};
    std::shared_ptr<ToKernel> node = std::make_shared<ToKernel>(net.interfaces, limits);
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

TEST(FromKernel, LetsTheRoutersOwnPacketsPass) {
    const auto make = [] {
        auto net = std::make_unique<Net>();
        net->bench.add(std::make_shared<const FromKernel>(net->table, net->forwarding));
        net->start();
        return net;
    };
    const auto from = [](const char* source) { return packet().ip4(source, "10.1.0.9").ttl(1); };
    const auto as_kernel_sends = [](graph::Packet& one) { one.meta().l3_offset = 0; };
    const auto run = [&](const Bytes& in, unsigned burst) {
        const auto net = make();
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            packets.push_back(net->bench.packet(in));
            as_kernel_sends(*packets.back());
        }
        return net->bench.run("ip4-from-kernel", packets);
    };
    struct Way {
        const char* what;
        Bytes in;
        const char* drop;
    };
    const Way ways[] = {
        {"from an address of ours", from("10.0.0.1").udp().bytes(), ""},
        {"from another of ours", from("10.1.0.1").udp().bytes(), ""},
        {"from a neighbour's", from("10.0.0.2").udp().bytes(), "foreign-source"},
        {"from nobody's", from("192.0.2.1").udp().bytes(), "foreign-source"},
        {"from our network's broadcast address", from("10.0.0.255").udp().bytes(),
         "foreign-source"},
        {"too short", from("10.0.0.1").udp().truncate(19).bytes(), "not-ip4"},
        {"longer than it is", from("10.0.0.1").udp().truncate(27).bytes(), "malformed"},
        {"IPv6", from("10.0.0.1").poke(0, 0x60).udp().bytes(), "not-ip4"},
    };
    for (const Way& way : ways) {
        SCOPED_TRACE(way.what);
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(way.in, burst);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop);
                if (result.drop.empty()) {
                    EXPECT_EQ(result.next, "ip4-lookup");
                    EXPECT_EQ(result.bytes, way.in);
                    EXPECT_TRUE(result.meta.has(graph::packet_flag::local_origin));
                    EXPECT_EQ(result.meta.l4_offset, 20U);
                }
            }
        }
    }
}

}  // namespace
}  // namespace punt
