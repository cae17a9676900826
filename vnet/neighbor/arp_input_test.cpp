// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/arp_input.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/testing/bench.hpp"
#include "vnet/ip4/family.hpp"
#include "vnet/ip4/testing/net.hpp"
#include "vnet/neighbor/resolve.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::neighbor {
namespace {

using graph::testing::Bench;
using wire::testing::Bytes;
using wire::testing::packet;
using wire::testing::PacketMaker;

constexpr const char* host = "02:00:00:00:00:b1";

class ArpInputTest : public ::testing::Test {
protected:
    static constexpr unsigned capacity = 512;
    ArpInputTest() {
        limits_.set_rate(punt::Class::neighbor, 1'000'000);
        bench_.add(std::make_shared<const ArpInput>(
            box_, limits_, Known<ip4::Family>(net_.tables, net_.forwarding)));
    }
    std::vector<graph::testing::Result> run(const Bytes& frame, unsigned count) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < count; ++i) {
            packets.push_back(bench_.packet(frame));
            packets.back()->meta().l3_offset = 14;
        }
        return bench_.run("arp-input", packets);
    }
    std::vector<Bytes> taken() {
        for (size_t before = ~size_t(0); before != taken_.size();) {
            before = taken_.size();
            control_.poll();
        }
        return std::exchange(taken_, {});
    }

    /// Nobody is known there.
    ip4::testing::Net net_;
    Bench bench_;
    punt::Limits limits_{1, 1'000'000'000};
    graph::Control control_;
    std::vector<Bytes> taken_;
    graph::Mailbox box_{"arp", capacity, control_, [this](std::span<graph::Packet*> packets) {
                            for (graph::Packet* one : packets) {
                                taken_.emplace_back(one->bytes().begin(), one->bytes().end());
                                graph::free_packet(one);
                            }
                        }};
};

PacketMaker request() {
    return packet().ethernet(host, "ff:ff:ff:ff:ff:ff").arp_request(host, "10.0.0.2", "10.0.0.1");
}
PacketMaker reply() {
    return packet()
        .ethernet(host, "02:00:00:00:00:a1")
        .arp_reply(host, "10.0.0.2", "02:00:00:00:00:a1", "10.0.0.1");
}

TEST_F(ArpInputTest, HandsTheWellFormedToControl) {
    const Bytes probe = packet()
                            .ethernet(host, "ff:ff:ff:ff:ff:ff")
                            .arp_request(host, "0.0.0.0", "10.0.0.1")
                            .bytes();
    for (const Bytes& frame :
         {request().bytes(), reply().bytes(), request().pad_to(60).bytes(), probe}) {
        for (const unsigned burst : Bench::bursts) {
            EXPECT_TRUE(run(frame, burst).empty());
            EXPECT_EQ(taken(), std::vector<Bytes>(burst, frame));
        }
    }
}

TEST_F(ArpInputTest, DropsByName) {
    struct Way {
        const char* drop;
        Bytes frame;
    };
    for (const Way& way :
         {Way{"truncated", request().truncate(14).bytes()},
          Way{"truncated", request().truncate(41).bytes()},
          Way{"bad-hardware-type", request().poke(1, 6).bytes()},
          Way{"bad-protocol-type", request().poke(2, 9).bytes()},
          Way{"bad-hardware-length", request().poke(4, 8).bytes()},
          Way{"bad-protocol-length", request().poke(5, 16).bytes()},
          Way{"bad-operation", request().poke(7, 3).bytes()},
          Way{"bad-operation", request().poke(7, 0).bytes()},
          Way{"bad-sender-mac", request().poke(8, 3).bytes()},
          Way{"bad-sender-mac", packet()
                                    .ethernet("00:00:00:00:00:00")
                                    .arp_request("00:00:00:00:00:00", "10.0.0.2", "10.0.0.1")
                                    .bytes()},
          Way{"bad-sender-ip", request().poke(14, 224).bytes()},
          Way{"bad-sender-ip", request().poke(14, 127).bytes()},
          Way{"bad-sender-ip",
              packet().ethernet(host).arp_reply(host, "0.0.0.0", host, "10.0.0.1").bytes()},
          Way{"spoofed-mac", request().poke(13, 0xb2).bytes()},
          Way{"spoofed-mac", reply().poke(13, 0xb2).bytes()}}) {
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(way.frame, burst);
            ASSERT_EQ(results.size(), burst) << way.drop;
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop);
            }
        }
    }
    EXPECT_TRUE(taken().empty());
}

TEST_F(ArpInputTest, AFullQueueIsACountedDrop) {
    const unsigned dropped = unsigned(run(request().bytes(), 3 * 256).size());
    EXPECT_EQ(bench_.drops("arp-input", "queue-full"), dropped);
    EXPECT_GE(dropped, 3u * 256 - capacity);
    EXPECT_EQ(taken().size() + dropped, 3u * 256);
}

TEST_F(ArpInputTest, NoMoreThanMayComeInASecond) {
    limits_.set_rate(punt::Class::neighbor, 0);
    for (const auto& result : run(request().bytes(), 3)) {
        EXPECT_EQ(result.drop, "rate-limited");
    }
    EXPECT_EQ(bench_.drops("arp-input", "rate-limited"), 3U);
    EXPECT_EQ(limits_.counts(punt::Class::neighbor).limited, 3U);
    // What is none is dropped as that.
    EXPECT_EQ(run(request().poke(1, 6).bytes(), 1).at(0).drop, "bad-hardware-type");
    EXPECT_TRUE(taken().empty());
}

TEST(Resolve, NotesTheNextHopInThePacket) {
    Bench bench;
    graph::Control control;
    graph::Rcu rcu(1);
    fib::ForwardingTable forwarding(rcu);
    const NextHopSlot slot = *bench.slots().place<NextHop>("neighbor-next-hop");
    std::vector<NextHop> taken;
    graph::Mailbox box("unresolved", 256, control, [&](std::span<graph::Packet*> packets) {
        for (graph::Packet* one : packets) {
            taken.push_back(slot.of(*one));
            graph::free_packet(one);
        }
    });
    bench.add(std::make_shared<const Resolve<ip4::Family>>(box, forwarding, slot, 1));
    fib::Adjacency adjacency;
    adjacency.interface = 3;
    adjacency.set_next_hop(wire::Ip4Address(0x0a000009));
    const fib::PathIndex path = forwarding.make(adjacency);
    for (const unsigned burst : Bench::bursts) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            packets.push_back(bench.packet(request().bytes()));
            packets.back()->meta().adjacency = forwarding.at(path);
        }
        const auto results = bench.run("ip4-resolve", packets);
        for (size_t before = ~size_t(0); before != taken.size();) {
            before = taken.size();
            control.poll();
        }
        EXPECT_EQ(taken.size() + results.size(), burst);
        // One next hop is asked for no more than so often.
        EXPECT_EQ(
            bench.drops("ip4-resolve", "queue-full") + bench.drops("ip4-resolve", "rate-limited"),
            results.size());
        EXPECT_GE(taken.size(), std::min(burst, 63u));
        for (const NextHop& hop : taken) {
            EXPECT_EQ(hop.interface, 3u);
            EXPECT_EQ(hop.address, wire::Ip6Address::mapped(wire::Ip4Address(0x0a000009)));
        }
        taken.clear();
    }
}

}  // namespace
}  // namespace vnet::neighbor
