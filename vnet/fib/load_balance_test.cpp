// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/load_balance.hpp"

#include <gtest/gtest.h>

#include <map>

#include "vnet/fib/testing/group_net.hpp"

namespace vnet::fib {
namespace {

using graph::testing::Bench;
using ip4::testing::Net;
using testing::GroupNet;
using wire::testing::Bytes;
using wire::testing::packet;

Bytes flow(unsigned number) {
    return packet()
        .ethernet(Net::host_mac, Net::lan_mac)
        .ip4("10.0.0.2", "20.0.0.1")
        .udp(uint16_t(1024 + number), 53)
        .payload(10)
        .bytes();
}

class LoadBalanceTest : public ::testing::Test {
protected:
    static constexpr unsigned flows = 512;
    LoadBalanceTest() {
        EXPECT_TRUE(router_.groups->add("out").ok());
        router_.add_member("out", "10.0.0.2");
        router_.add_member("out", "10.1.0.2", Net::wan, 3);
        router_.net.route("20.0.0.0/8", ip4::Via::to_group(router_.groups->find("out")));
    }
    graph::testing::Result one(const Bytes& bytes) {
        return router_.net.run("ip4-lookup", bytes).at(0);
    }
    /// The interface that each flow leaves by.
    std::map<unsigned, uint32_t> ways() {
        std::map<unsigned, uint32_t> all;
        for (unsigned i = 0; i < flows; ++i) {
            all[i] = one(flow(i)).meta.tx_interface;
        }
        return all;
    }
    static std::map<uint32_t, unsigned> counts(const std::map<unsigned, uint32_t>& ways) {
        std::map<uint32_t, unsigned> all;
        for (const auto& [flow, interface] : ways) {
            ++all[interface];
        }
        return all;
    }

    GroupNet router_;
};

TEST_F(LoadBalanceTest, AFlowGoesOneWayAtEveryBurst) {
    for (unsigned i = 0; i < 16; ++i) {
        const uint32_t interface = one(flow(i)).meta.tx_interface;
        for (const unsigned burst : Bench::bursts) {
            for (const auto& result : router_.net.run("ip4-lookup", flow(i), burst)) {
                ASSERT_EQ(result.next, "ip4-rewrite");
                ASSERT_EQ(result.meta.tx_interface, interface);
                const Adjacency& adjacency =
                    router_.net.forwarding.adjacency(result.meta.adjacency);
                ASSERT_EQ(adjacency.action, Action::forward);
                ASSERT_EQ(adjacency.interface, interface);
                ASSERT_EQ(result.bytes, flow(i));
            }
        }
    }
}

TEST_F(LoadBalanceTest, FlowsSpreadByWeight) {
    auto spread = counts(ways());
    EXPECT_NEAR(spread[Net::lan], flows / 4, flows / 12);
    EXPECT_NEAR(spread[Net::wan], 3 * flows / 4, flows / 12);
}

TEST_F(LoadBalanceTest, ALostMemberMovesItsOwnFlowsOnlyAndGetsThemBack) {
    const auto before = ways();
    router_.lose("10.0.0.2");
    const auto without = ways();
    EXPECT_EQ(counts(without), (std::map<uint32_t, unsigned>{{Net::wan, flows}}));
    router_.resolve("10.0.0.2");
    EXPECT_EQ(ways(), before);
}

TEST_F(LoadBalanceTest, WithoutAMemberPacketsAreUnreachable) {
    router_.lose("10.0.0.2");
    router_.lose("10.1.0.2", Net::wan);
    for (const unsigned burst : Bench::bursts) {
        for (const auto& result : router_.net.run("ip4-lookup", flow(1), burst)) {
            ASSERT_EQ(result.next, "ip4-unreachable");
            ASSERT_EQ(router_.net.forwarding.adjacency(result.meta.adjacency).action,
                      Action::unreachable);
        }
    }
}

TEST_F(LoadBalanceTest, FragmentsOfADatagramGoOneWay) {
    for (unsigned i = 0; i < 64; ++i) {
        const auto piece = [&](uint32_t offset, uint16_t port) {
            return packet()
                .ethernet(Net::host_mac, Net::lan_mac)
                .ip4("10.0.0.2", wire::testing::IpArgument(("20.0.1." + std::to_string(i)).c_str()))
                .fragment(offset, true)
                .udp(port, 80)
                .payload(100)
                .bytes();
        };
        ASSERT_EQ(one(piece(0, 1)).meta.tx_interface, one(piece(1480, 777)).meta.tx_interface);
    }
}

TEST_F(LoadBalanceTest, WhatIsTooShortTakesOneWayAndNothingBreaks) {
    Bytes bytes = flow(3);
    for (size_t length = 34; length < bytes.size(); ++length) {
        const Bytes part(bytes.begin(), bytes.begin() + long(length));
        ASSERT_EQ(one(part).next, "ip4-rewrite");
    }
}

TEST(FlowHash, OfIp6LooksAtPortsBehindTheHeaderOnly) {
    const auto hash = [](const Bytes& frame, uint64_t seed = 1) {
        return ip6::Family::flow_hash(std::span<const std::byte>(frame).subspan(14), seed);
    };
    const auto udp = [](uint16_t port) { return packet().ethernet().ip6().udp(port, 53).bytes(); };
    EXPECT_NE(hash(udp(1)), hash(udp(2)));
    EXPECT_NE(hash(udp(1)), hash(udp(1), 2));
    const auto piece = [](uint32_t offset, uint16_t port) {
        return packet().ethernet().ip6().fragment_header(offset, true).udp(port, 53).bytes();
    };
    EXPECT_EQ(hash(piece(0, 1)), hash(piece(1448, 2)));
    EXPECT_EQ(ip6::Family::flow_hash({}, 1), 0u);
}

}  // namespace
}  // namespace vnet::fib
