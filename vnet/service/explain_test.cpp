// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "graph/testing/bench.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wire::testing::Bytes;
using wire::testing::packet;
using wire::testing::PacketMaker;

template <class T>
T must(absl::StatusOr<T> value) {
    EXPECT_TRUE(value.ok()) << value.status();
    return std::move(*value);
}
void must(const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
}

/// Where the fake interfaces transmit.
struct FakeTx {
    static constexpr auto info = graph::node("fake-tx");
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        graph::free_packets(packets);
    }
};

/// A feature that drops what is to UDP port 666 and lets all else pass.
struct Fence {
    enum class Drop : graph::Edge { fenced };
    static constexpr auto info =
        graph::node<Drop>("fence", {{Drop::fenced, "fenced", "for a test"}});
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept {
        const auto port = packet.from_offset(uint16_t(packet.meta().l4_offset + 2));
        if (port.size() >= 2 && port[0] == std::byte{2} && port[1] == std::byte{0x9a}) {
            return Drop::fenced;
        }
        return dispatch.next_feature(packet);
    }
};

/// A packet's way in words: what is to be the same in a dry run and in a real one.
using Way = std::vector<std::string>;

std::string in_words(const sluice::TraceStep& step) {
    return fmt::format("{} [{}] {}", step.node(), step.drop(), step.packet());
}

/// A router with two interfaces, "lan" 10.0.0.1/24 and "wan" 10.1.0.1/24, a neighbour on each,
/// whose one worker is run by hand.
class ExplainTest : public ::testing::Test {
protected:
    static constexpr const char* lan_mac = "02:00:00:00:00:a1";
    static constexpr const char* host_mac = "02:00:00:00:00:b1";

    ExplainTest() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 1024;
        engine_ = must(graph::Engine::create(options));
        router_ = must(Router::create(*engine_));
        graph::Graph& graph = engine_->graph();
        const auto tx = must(graph.add(std::make_shared<const FakeTx>()));
        must(graph.add(std::make_shared<const Fence>()).status());
        must(graph.add_feature("ip4-unicast", {"fence", {}, {}}));
        graph.link("interface-output", "fake-tx");
        must(engine_->commit());
        for (const auto& [name, mac, address] :
             {std::tuple("lan", lan_mac, "10.0.0.1/24"),
              std::tuple("wan", "02:00:00:00:00:a2", "10.1.0.1/24")}) {
            auto state = std::make_shared<interface::testing::FakeState>();
            state->tx_node = tx;
            state->mac = wire::testing::mac(mac);
            must(router_->interfaces()
                     .add(name, interface::testing::FakeDevice::maker(state))
                     .status());
            must(router_->interfaces().set_up(name, true));
            must(router_->addresses().add(name, wire::testing::prefix(address)));
        }
        must(router_->neighbors().add_fixed("lan", wire::testing::ip("10.0.0.2"),
                                            wire::testing::mac(host_mac)));
        must(router_->neighbors().add_fixed("lan", wire::testing::ip("10.0.0.9"),
                                            wire::testing::mac("02:00:00:00:00:b9")));
        must(router_->neighbors().add_fixed("wan", wire::testing::ip("10.1.0.2"),
                                            wire::testing::mac("02:00:00:00:00:b2")));
        route("20.0.0.0/8", ip4::Via::Kind::next_hop, "10.1.0.2", "wan");
        route("20.1.0.0/16", ip4::Via::Kind::blackhole);
        route("20.2.0.0/16", ip4::Via::Kind::prohibit);
        route("20.3.0.0/16", ip4::Via::Kind::next_hop, "10.0.0.9", "lan");
        must(router_->interfaces().set_mtu("wan", 1000));
        engine_->rcu().flush();
        engine_->take_up_here();
    }

    void route(const char* prefix, ip4::Via::Kind kind, const char* next_hop = "0.0.0.0",
               const char* interface = nullptr) {
        const auto index = interface == nullptr ? 0 : index_of(interface);
        must(router_->fib().add(wire::testing::prefix(prefix), ip4::RouteSource::configured,
                                {kind, index, wire::testing::ip(next_hop)}));
    }
    interface::Index index_of(const char* name) {
        return (*router_->interfaces().find(name))->index;
    }
    PacketMaker to(const char* destination) {
        return packet().ethernet(host_mac, lan_mac).ip4("10.0.0.2", destination);
    }

    sluice::Explanation explain(const Bytes& bytes, const char* interface = "lan") {
        sluice::ExplainRequest request;
        request.set_interface(interface);
        request.mutable_hex()->set_value(bytes.data(), bytes.size());
        return must(Explain(*router_).packet(request));
    }
    sluice::Explanation explain(const sluice::ExplainRequest& request) {
        return must(Explain(*router_).packet(request));
    }
    static sluice::ExplainRequest flow(const char* source, const char* destination) {
        sluice::ExplainRequest request;
        request.set_interface("lan");
        request.mutable_source()->set_ip4(wire::testing::ip(source).value());
        request.mutable_destination()->set_ip4(wire::testing::ip(destination).value());
        return request;
    }
    std::string refusal(const sluice::ExplainRequest& request) {
        const auto reply = Explain(*router_).packet(request);
        EXPECT_FALSE(reply.ok());
        return std::string(reply.status().message());
    }
    std::vector<Way> ways(const sluice::Explanation& explanation) {
        std::vector<Way> ways;
        for (const sluice::ExplainedPacket& packet : explanation.packets()) {
            Way& way = ways.emplace_back();
            for (const sluice::ExplainedStep& step : packet.steps()) {
                way.push_back(in_words(step.step()));
            }
        }
        return ways;
    }

    /// Sends the same bytes for real and traces them.
    std::vector<Way> trace(const Bytes& bytes) {
        graph::Dispatch& dispatch = engine_->workers()[0]->dispatch();
        auto order = std::make_unique<graph::TraceOrder>();
        order->filter.nodes.set();
        order->left = 100;
        dispatch.tracer().arm(std::move(order));
        graph::Packet* packet = engine_->pool().allocate();
        graph::reset_metadata(*packet, index_of("lan"));
        packet->resize(uint32_t(bytes.size()));
        std::memcpy(packet->data(), bytes.data(), bytes.size());
        dispatch.tick();
        dispatch.enqueue(*packet, engine_->graph().find("ethernet-input"));
        dispatch.drain();
        dispatch.tracer().arm(nullptr);
        std::vector<graph::TraceRecord> records;
        dispatch.tracer().collect(records);
        std::map<uint64_t, std::vector<graph::TraceRecord>> packets;
        for (const graph::TraceRecord& record : records) {
            packets[record.packet].push_back(record);
        }
        std::vector<Way> ways;
        for (const auto& [id, steps] : packets) {
            Way& way = ways.emplace_back();
            for (size_t i = 0; i < steps.size(); ++i) {
                way.push_back(in_words(Steps(*router_).describe(steps, i)));
            }
        }
        return ways;
    }
    /// All that a packet with an effect would have changed.
    std::map<std::string, uint64_t> counters() {
        std::map<std::string, uint64_t> all;
        for (graph::NodeId node = 0; node < engine_->graph().nodes().size(); ++node) {
            all["node " + engine_->graph().name_of(node)] = engine_->totals(node).packets;
        }
        for (size_t drop = 0; drop < engine_->graph().drops().size(); ++drop) {
            all[fmt::format("drop {}", drop)] = engine_->drops(graph::DropId(drop));
        }
        for (const char* name : {"lan", "wan"}) {
            const auto totals = router_->interfaces().totals(index_of(name));
            all[std::string("tx ") + name] = totals.tx_packets;
            all[std::string("rx ") + name] = totals.rx_packets;
        }
        all["neighbours"] = router_->neighbors().list().size();
        all["buffers"] = engine_->pool().available();
        return all;
    }

    std::unique_ptr<graph::Engine> engine_;
    std::unique_ptr<Router> router_;
};

TEST_F(ExplainTest, SaysWhatTheRealPacketMeets) {
    struct Case {
        const char* what;
        Bytes bytes;
        sluice::PacketEnd end;
        const char* node;
        const char* drop = "";
        bool feature = false;
    };
    const auto dropped = sluice::PACKET_END_DROPPED;
    const auto sent = sluice::PACKET_END_TRANSMITTED;
    const auto taken = sluice::PACKET_END_TAKEN;
    const Case cases[] = {
        {"forwarded", to("20.9.9.9").udp().payload(20).bytes(), sent, "fake-tx"},
        {"answered", to("10.0.0.1").icmp_echo_request(1, 1).payload(8).bytes(), sent, "fake-tx"},
        {"local, nobody", to("10.0.0.1").udp().payload(20).bytes(), sent, "fake-tx"},
        {"ttl 1", to("20.9.9.9").ttl(1).udp().payload(20).bytes(), sent, "fake-tx"},
        {"no route", to("99.0.0.1").udp().payload(20).bytes(), sent, "fake-tx"},
        {"prohibited", to("20.2.0.1").udp().payload(20).bytes(), sent, "fake-tx"},
        {"blackhole", to("20.1.0.1").udp().bytes(), dropped, "ip4-unreachable", "blackhole"},
        {"too big", to("20.9.9.9").udp().payload(1200).bytes(), sent, "fake-tx"},
        {"a fragment for us", to("10.0.0.1").fragment(0, true).udp().payload(64).bytes(), taken,
         "ip4-reassemble"},
        {"too big, may not fragment", to("20.9.9.9").dont_fragment().udp().payload(1200).bytes(),
         sent, "fake-tx"},
        {"bad checksum", to("20.9.9.9").bad_checksum().udp().bytes(), dropped, "ip4-input",
         "bad-checksum"},
        {"unresolved", to("10.1.0.77").udp().bytes(), taken, "ip4-resolve"},
        {"redirected", to("20.3.0.1").udp().bytes(), sent, "fake-tx"},
        {"through a feature", to("20.9.9.9").udp().bytes(), sent, "fake-tx", "", true},
        {"dropped by a feature", to("20.9.9.9").udp(1, 666).bytes(), dropped, "fence", "fenced",
         true},
        {"not for us", packet().ethernet(host_mac, host_mac).ip4().udp().bytes(), dropped,
         "ethernet-input", "not-for-us"},
        {"arp",
         packet().ethernet(host_mac, lan_mac).arp_request(host_mac, "10.0.0.2", "10.0.0.1").bytes(),
         taken, "arp-input"},
        {"bad arp",
         packet().ethernet(host_mac, lan_mac).arp_request(lan_mac, "10.0.0.2", "10.0.0.1").bytes(),
         dropped, "arp-input", "spoofed-mac"},
        {"runt", Bytes(5), dropped, "ethernet-input", "too-short"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.what);
        must(engine_->graph().set_feature("ip4-unicast", "fence", index_of("lan"), one.feature));
        const auto before = counters();
        const sluice::Explanation explained = explain(one.bytes);
        EXPECT_EQ(counters(), before) << "explaining has no effect";
        EXPECT_EQ(ways(explained), trace(one.bytes));
        ASSERT_GE(explained.packets_size(), 1);
        EXPECT_EQ(explained.packets(0).end(), one.end);
        EXPECT_EQ(explained.packets(0).node(), one.node);
        EXPECT_EQ(explained.packets(0).drop(), one.drop);
    }
}

TEST_F(ExplainTest, TellsRouteAdjacencyArcsAndFeatures) {
    must(engine_->graph().set_feature("ip4-unicast", "fence", index_of("lan"), true));
    const std::string text = explain(flow("10.0.0.2", "20.9.9.9")).text();
    EXPECT_THAT(text, HasSubstr("arc device-input of lan: no feature is on"));
    EXPECT_THAT(text, HasSubstr("arc ip4-unicast of lan: fence"));
    EXPECT_THAT(text, HasSubstr("arc ip4-output of wan: no feature is on"));
    EXPECT_THAT(text, HasSubstr("route 20.0.0.0/8, source configured, adjacency forward, next-hop "
                                "10.1.0.2, interface wan, mtu 1000"));
    EXPECT_THAT(text, HasSubstr("ttl 64 -> 63"));
    EXPECT_THAT(text, HasSubstr("would be transmitted by wan: ethernet"));
}

TEST_F(ExplainTest, FollowsTheErrorThatTheRouterWouldSend) {
    auto request = flow("10.0.0.2", "20.9.9.9");
    request.set_ttl(1);
    // Far more than the router's limit of errors: it is not spent.
    for (int i = 0; i < 100; ++i) {
        const auto explained = explain(request);
        ASSERT_EQ(explained.packets(0).end(), sluice::PACKET_END_TRANSMITTED);
        ASSERT_EQ(explained.packets(0).interface(), "lan");
        EXPECT_THAT(explained.text(), HasSubstr("dropped by ip4-rewrite: ttl-expired"));
        EXPECT_THAT(explained.text(), HasSubstr("error time-exceeded code 0, to 10.0.0.2"));
    }
}

TEST_F(ExplainTest, MakesPacketsThatAreValid) {
    for (const char* protocol : {"udp", "tcp", "icmp", "89"}) {
        auto request = flow("10.0.0.2", "20.9.9.9");
        request.set_protocol(protocol);
        const auto explained = explain(request);
        EXPECT_EQ(explained.packets(0).end(), sluice::PACKET_END_TRANSMITTED);
        EXPECT_THAT(explained.text(), ::testing::Not(HasSubstr("bad checksum"))) << protocol;
        EXPECT_THAT(explained.text(), ::testing::Not(HasSubstr("malformed"))) << protocol;
    }
    auto request = flow("10.0.0.2", "20.9.9.9");
    request.set_source_port(7);
    request.set_destination_port(666);
    EXPECT_THAT(explain(request).text(), HasSubstr("udp 7 -> 666 length 44"));
}

TEST_F(ExplainTest, MakesPacketsOfIp6AsWell) {
    must(router_->interfaces().set_up("lan", true));
    sluice::ExplainRequest request;
    request.set_interface("lan");
    const auto set = [](sluice::IpAddress& into, const char* text) {
        into = ip_to_api(wire::testing::ip6(text));
    };
    set(*request.mutable_source(), "2001:db8::2");
    set(*request.mutable_destination(), "2001:db8:1::2");
    for (const char* protocol : {"udp", "tcp", "icmp", "icmp6", "89"}) {
        request.set_protocol(protocol);
        const auto explained = explain(request);
        EXPECT_EQ(explained.packets(0).drop(), "not-enabled");
        EXPECT_EQ(explained.packets(0).steps(0).step().length(), 14U + 64U);
        EXPECT_THAT(explained.text(), HasSubstr("2001:db8::2 -> 2001:db8:1::2")) << protocol;
        EXPECT_THAT(explained.text(), ::testing::Not(HasSubstr("bad checksum"))) << protocol;
        EXPECT_THAT(explained.text(), ::testing::Not(HasSubstr("malformed"))) << protocol;
    }
    request.set_protocol("icmp");
    request.set_length(47);
    EXPECT_EQ(refusal(request),
              "a packet of 47 bytes cannot be made; give 48 to 2034, the IPv6 header included");
    request.clear_length();
    request.mutable_source()->set_ip4(1);
    EXPECT_EQ(
        refusal(request),
        "no packet goes from an address of one family to one of the other; give both of IPv4, "
        "or both of IPv6");
}

TEST_F(ExplainTest, RefusesWhatMakesNoPacket) {
    auto request = flow("10.0.0.2", "20.9.9.9");
    request.set_interface("nosuch");
    EXPECT_THAT(refusal(request), HasSubstr("nosuch"));
    request = flow("10.0.0.2", "20.9.9.9");
    request.set_protocol("xyz");
    EXPECT_EQ(refusal(request),
              "'xyz' is no IP protocol; give icmp, icmp6, tcp, udp, or a number from 0 to 255");
    request.set_protocol("icmp");
    request.set_source_port(1);
    EXPECT_EQ(refusal(request),
              "protocol icmp has no ports; leave the ports out, or give tcp or udp");
    request.set_protocol("udp");
    request.set_source_port(65536);
    EXPECT_EQ(refusal(request), "source port 65536 is out of range; ports are 0 to 65535");
    request = flow("10.0.0.2", "20.9.9.9");
    request.set_length(20);
    EXPECT_EQ(refusal(request),
              "a packet of 20 bytes cannot be made; give 28 to 2034, the IPv4 header included");
    request.set_length(100);
    request.set_ttl(256);
    EXPECT_EQ(refusal(request), "TTL 256 does not fit in a packet; give 0 to 255");
    request.clear_source();
    EXPECT_THAT(refusal(request), HasSubstr("needs a source and a destination"));
    request.mutable_hex()->set_value("");
    EXPECT_EQ(refusal(request), "a packet of 0 bytes cannot come in; give 1 to 2048 bytes");
}

}  // namespace
}  // namespace vnet::service
