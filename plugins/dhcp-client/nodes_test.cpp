// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/nodes.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "plugins/dhcp-client/testing/server_message.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace dhcp_client {
namespace {

using graph::testing::Bench;
using testing::ServerMessage;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::ip;
using vnet::wire::testing::mac;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

constexpr const char* ours = "02:00:00:00:00:a0";
constexpr const char* server = "02:00:00:00:00:99";

/// Both nodes; the message goes to a mailbox that nobody empties but the test.
struct NodesTest : ::testing::Test {
    NodesTest() {
        bench.collector("port-rx");
        bench.collector("ethernet-input");
        EXPECT_TRUE(
            bench.graph()
                .add_arc({"device-input", graph::ArcSide::rx, {"port-rx"}, "ethernet-input"})
                .ok());
        limit.set(1'000'000);
        bench.add(std::make_shared<const Listen>(table, watch));
        bench.add(std::make_shared<const Input>(box, limit));
        EXPECT_TRUE(bench.graph().add_feature("device-input", {"dhcp-client-listen", {}, {}}).ok());
    }
    std::vector<graph::testing::Result> run(const Bytes& frame, unsigned burst = 1) {
        return bench.run("dhcp-client-listen", frame, burst, index);
    }
    std::vector<Bytes> taken() {
        for (size_t before = ~size_t(0); before != messages.size();) {
            before = messages.size();
            control.poll();
        }
        return std::exchange(messages, {});
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }

    std::unique_ptr<graph::Engine> engine = make_engine();
    vnet::interface::Table table { *engine };
    const Index index =
        *table.add("lan", vnet::interface::testing::FakeDevice::maker(
                              std::make_shared<vnet::interface::testing::FakeState>()));
    Watch watch;
    vnet::punt::RateLimit limit{1'000'000'000};
    Bench bench;
    graph::Control control;
    std::vector<Bytes> messages;
    graph::Mailbox box{"dhcp", 512, control, [this](std::span<graph::Packet*> packets) {
                           for (graph::Packet* one : packets) {
                               const auto message = message_of(*one);
                               messages.emplace_back(message.begin(), message.end());
                               graph::free_packet(one);
                           }
                       }};
};

PacketMaker from_server(const char* to = ours) {
    return packet().ethernet(server, to).ip4("10.0.0.1", "10.0.0.7");
}
Bytes offer() {
    return ServerMessage(Type::offer).bytes();
}

TEST_F(NodesTest, TakeOutWhatIsForTheClientAtEveryBurst) {
    const Bytes ways[] = {
        from_server().udp(67, 68).payload(offer()).bytes(),
        from_server("ff:ff:ff:ff:ff:ff").udp(67, 68).payload(offer()).bytes(),
        packet()
            .ethernet(server, "ff:ff:ff:ff:ff:ff")
            .ip4("10.0.0.1", "255.255.255.255")
            .udp(67, 68)
            .checksum(0)
            .payload(offer())
            .bytes(),
        from_server().udp(67, 68).payload(offer()).pad_to(400).bytes(),
    };
    for (const Bytes& frame : ways) {
        for (const unsigned burst : Bench::bursts) {
            EXPECT_TRUE(run(frame, burst).empty());
            EXPECT_EQ(taken(), std::vector<Bytes>(burst, offer()));
        }
    }
}

TEST_F(NodesTest, LeaveAllElseWhereItWas) {
    const Bytes others[] = {
        from_server("02:00:00:00:00:b0").udp(67, 68).payload(offer()).bytes(),
        from_server().udp(68, 67).payload(offer()).bytes(),
        from_server().tcp(67, 68).payload(offer()).bytes(),
        from_server().fragment(0, true).udp(67, 68).payload(offer()).bytes(),
        from_server().fragment(8, false).udp(67, 68).payload(offer()).bytes(),
        from_server().udp(67, 68).truncate(14 + 20 + 7).bytes(),
        packet().ethernet(server, ours).type(0x86dd).payload(60).bytes(),
        from_server().truncate(13).bytes(),
    };
    for (const Bytes& frame : others) {
        const auto result = run(frame).at(0);
        EXPECT_EQ(result.next, "ethernet-input");
        EXPECT_EQ(result.bytes, frame);
    }
    EXPECT_TRUE(taken().empty());
}

TEST_F(NodesTest, DropByName) {
    struct Way {
        const char* drop;
        Bytes frame;
    };
    const auto with = [](const ServerMessage& message) {
        return from_server().udp(67, 68).payload(message.bytes()).bytes();
    };
    const Way ways[] = {
        {"malformed", from_server().length(2000).udp(67, 68).payload(offer()).bytes()},
        {"malformed", from_server().udp(67, 68).length(7).payload(offer()).bytes()},
        {"malformed", from_server().udp(67, 68).length(900).payload(offer()).bytes()},
        {"bad-checksum", from_server().bad_checksum().udp(67, 68).payload(offer()).bytes()},
        {"bad-checksum", from_server().udp(67, 68).bad_checksum().payload(offer()).bytes()},
        {"truncated", from_server().udp(67, 68).payload(100).bytes()},
        {"not-a-reply", with(ServerMessage(Type::discover).poke(0, 1))},
        {"bad-options", with(ServerMessage(Type::offer).end("0c 09"))},
    };
    for (const Way& way : ways) {
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(way.frame, burst);
            ASSERT_EQ(results.size(), burst) << way.drop;
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop);
            }
        }
    }
    EXPECT_TRUE(taken().empty());
    limit.set(0);
    EXPECT_EQ(run(with(ServerMessage(Type::offer))).at(0).drop, "rate-limited");
}

TEST_F(NodesTest, HearWhoHasTheAddress) {
    const auto arp = [](const char* sender, const char* target) {
        return packet()
            .ethernet(server, "ff:ff:ff:ff:ff:ff")
            .arp_request(server, sender, target)
            .bytes();
    };
    EXPECT_EQ(run(arp("10.0.0.7", "10.0.0.1")).at(0).next, "ethernet-input");
    EXPECT_TRUE(watch.holder(index).is_zero());
    watch.set(index, ip("10.0.0.7"));
    run(arp("10.0.0.8", "10.0.0.7"));
    run(packet().ethernet(server).arp_request(server, "10.0.0.7", "10.0.0.1").poke(1, 6).bytes());
    EXPECT_TRUE(watch.holder(index).is_zero());
    for (const Bytes& frame : {arp("10.0.0.7", "10.0.0.1"), arp("0.0.0.0", "10.0.0.7")}) {
        watch.set(index, ip("10.0.0.7"));
        EXPECT_EQ(run(frame).at(0).next, "ethernet-input");
        EXPECT_EQ(watch.holder(index), mac(server));
    }
}

}  // namespace
}  // namespace dhcp_client
