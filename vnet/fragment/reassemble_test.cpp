// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/reassemble.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "vnet/fragment/testing/datagrams.hpp"
#include "vnet/wire/ip6_extensions.hpp"

/// ip4-reassemble and ip6-reassemble on the bench.
namespace vnet::fragment {
namespace {

using testing::Bytes;
using testing::ip4_fragment;
using testing::ip6_fragment;
using testing::Part;
using wire::testing::packet;

class ReassembleTest : public ::testing::Test {
protected:
    ReassembleTest() : free_(graph::testing::pool().available()) {
        slot_ = *bench_.slots().place<icmp4::ErrorRequest>("icmp4-error");
        slot6_ = *bench_.slots().place<icmp6::ErrorRequest>("icmp6-error");
        bench_.add(std::make_shared<const Ip4Reassemble>(ip4, *slot_));
        bench_.add(std::make_shared<const Ip6Reassemble>(ip6, *slot6_));
        bench_.build();
    }
    void TearDown() override {
        for (Stores* stores : {&ip4, &ip6}) {
            tick(stores == &ip4);
            EXPECT_EQ(stores->counters(0).buffers.read(), 0u);
        }
        EXPECT_EQ(graph::testing::pool().available(), free_);
    }
    using Results = std::vector<graph::testing::Result>;

    /// Fragments with nothing in front of layer 3, as one vector.
    Results run(const std::vector<Bytes>& fragments, size_t segment = 2000) {
        std::vector<graph::Packet*> packets;
        bool ip6_too = false;
        for (const Bytes& bytes : fragments) {
            packets.push_back(testing::in_segments(bytes, segment));
            packets.back()->meta().rx_interface = interface_;
            ip6_too = uint8_t(bytes[0]) >> 4 == 6;
        }
        return bench_.run(std::string(ip6_too ? Ip6::reassemble : Ip4::reassemble), packets);
    }
    /// All that waits is out of time.
    Results tick(bool four) {
        Stores& stores = four ? ip4 : ip6;
        Settings settings = stores.settings();
        settings.timeout_ms = 0;
        stores.set(settings);
        graph::Packet* one = graph::testing::pool().allocate();
        return bench_.run(std::string(four ? Ip4::reassemble : Ip6::reassemble), {&one, 1});
    }

    const unsigned free_;
    std::unique_ptr<graph::Engine> engine_ = testing::make_engine();
    graph::testing::Bench bench_;
    std::optional<icmp4::ErrorSlot> slot_;
    std::optional<icmp6::ErrorSlot> slot6_;
    uint32_t interface_ = 1;

public:
    Stores ip4{*engine_, 1, Settings{}};
    Stores ip6{*engine_, 2, Settings{}};
};

Bytes whole4(int payload) {
    return packet().ip4().identification(7).udp(5, 6).payload(payload).bytes();
}
Bytes whole6(int payload) {
    return packet().ip6().udp(5, 6).payload(payload).bytes();
}
std::vector<Part> parts(uint32_t total, uint32_t each) {
    std::vector<Part> made;
    for (uint32_t begin = 0; begin < total; begin += each) {
        made.push_back({begin, std::min(begin + each, total)});
    }
    return made;
}

TEST_F(ReassembleTest, PutsDatagramsTogether) {
    for (const int payload : {1, 100, 1473, 7992, 60000, 65507}) {
        for (const uint32_t each : {1480U, 1240U, 8976U}) {
            for (const size_t segment : {2000U, 511U}) {
                SCOPED_TRACE(payload);
                const Bytes four = whole4(payload);
                const Bytes six = whole6(payload);
                std::vector<Bytes> fragments4;
                std::vector<Bytes> fragments6;
                for (const Part& part : parts(uint32_t(payload) + 8, each)) {
                    fragments4.push_back(ip4_fragment(four, part));
                    fragments6.push_back(ip6_fragment(six, part));
                }
                std::reverse(fragments4.begin(), fragments4.end());
                if (fragments4.size() == 1) {
                    continue;
                }
                const auto result4 = run(fragments4, segment);
                ASSERT_EQ(result4.size(), 1u);
                EXPECT_EQ(result4[0].next, "ip4-local");
                EXPECT_EQ(result4[0].bytes, four);
                EXPECT_EQ(result4[0].meta.l4_offset, 20);
                const auto result6 = run(fragments6, segment);
                ASSERT_EQ(result6.size(), 1u);
                EXPECT_EQ(result6[0].next, "ip6-local");
                EXPECT_EQ(result6[0].bytes, six);
                EXPECT_EQ(result6[0].meta.l4_offset, 40);
            }
        }
    }
}

TEST_F(ReassembleTest, AtEveryBurstSize) {
    const Bytes whole = whole4(80);
    const auto all = parts(88, 24);
    Settings settings;
    settings.share = 100;
    ip4.set(settings);
    for (const unsigned burst : graph::testing::Bench::bursts) {
        std::vector<Bytes> fragments;
        for (const Part& part : all) {
            for (unsigned i = 0; i < burst; ++i) {
                fragments.push_back(ip4_fragment(whole, part, uint16_t(i)));
            }
        }
        Results results;
        for (size_t at = 0; at < fragments.size(); at += burst) {
            for (auto& result :
                 run({fragments.begin() + long(at), fragments.begin() + long(at + burst)})) {
                results.push_back(std::move(result));
            }
        }
        ASSERT_EQ(results.size(), burst);
        for (unsigned i = 0; i < burst; ++i) {
            EXPECT_EQ(results[i].bytes,
                      packet().ip4().identification(uint16_t(i)).udp(5, 6).payload(80).bytes());
        }
    }
}

TEST_F(ReassembleTest, TheLastOneSaysWhereItCameIn) {
    const Bytes whole = whole4(80);
    EXPECT_TRUE(run({ip4_fragment(whole, {0, 40})}).empty());
    interface_ = 9;
    const auto result = run({ip4_fragment(whole, {40, 88})});
    ASSERT_EQ(result.size(), 1u);
    EXPECT_EQ(result[0].meta.rx_interface, 9u);
}

TEST_F(ReassembleTest, KeepsTheOptionsOfTheFirst) {
    const Bytes options = wire::testing::from_hex("94040000");
    const auto fragment = [&](bool first) {
        auto maker = packet().ip4().identification(3).fragment(first ? 0 : 16, first);
        if (first) {
            maker.options(options);
        }
        return maker.protocol(wire::IpProtocol::udp).payload(16).bytes();
    };
    const auto result = run({fragment(false), fragment(true)});
    Bytes payload;
    for (unsigned i = 0; i < 32; ++i) {
        payload.push_back(std::byte(i % 16));
    }
    ASSERT_EQ(result.size(), 1u);
    EXPECT_EQ(result[0].bytes, packet()
                                   .ip4()
                                   .identification(3)
                                   .options(options)
                                   .protocol(wire::IpProtocol::udp)
                                   .payload(payload)
                                   .bytes());
    EXPECT_EQ(result[0].meta.l4_offset, 24);
}

TEST_F(ReassembleTest, Ip6HeadersInFrontOfTheFragmentHeaderStay) {
    const auto fragment = [&](uint32_t begin, bool more) {
        return packet()
            .ip6()
            .hop_by_hop()
            .destination_options()
            .fragment_header(begin, more, 5)
            .protocol(wire::IpProtocol::udp)
            .payload(16)
            .bytes();
    };
    const auto result = run({fragment(16, false), fragment(0, true)});
    ASSERT_EQ(result.size(), 1u);
    const auto chain = wire::walk_ip6(result[0].bytes);
    EXPECT_EQ(chain.fault, wire::Ip6ChainFault::none);
    EXPECT_FALSE(chain.has_fragment_header());
    EXPECT_EQ(chain.upper, wire::IpProtocol::udp);
    EXPECT_EQ(chain.upper_offset, 56);
    EXPECT_EQ(result[0].bytes.size(), 56u + 32);
    EXPECT_EQ(wire::check_ip6(result[0].bytes), wire::Ip6Fault::none);
}

TEST_F(ReassembleTest, AtomicFragmentsWaitForNobody) {
    const Bytes first = packet().ip6().fragment_header(0, true, 5).payload(16).bytes();
    EXPECT_TRUE(run({first}).empty());
    const auto result =
        run({packet().ip6().fragment_header(0, false, 5).udp(1, 2).payload(9).bytes()});
    ASSERT_EQ(result.size(), 1u);
    EXPECT_EQ(result[0].next, "ip6-local");
    EXPECT_EQ(result[0].bytes, packet().ip6().udp(1, 2).payload(9).bytes());
    EXPECT_EQ(result[0].meta.l4_offset, 40);
}

TEST_F(ReassembleTest, DropsByName) {
    const Bytes four = whole4(2000);
    const Bytes six = whole6(2000);
    struct Case {
        std::vector<Bytes> in;
        std::vector<const char*> drops;
    };
    const Bytes uneven4 = packet().ip4().fragment(0, true).payload(15).bytes();
    const Bytes uneven6 = packet().ip6().fragment_header(0, true).payload(15).bytes();
    const std::vector<Case> cases = {
        {{uneven4}, {"bad-length"}},
        {{uneven6}, {"bad-length"}},
        {{packet().ip4().fragment(16, false).bytes()}, {"bad-length"}},
        {{packet().ip6().fragment_header(16, false).bytes()}, {"bad-length"}},
        {{packet().ip4().fragment(65528, false).payload(8).bytes()}, {"overrun"}},
        {{packet().ip6().fragment_header(65528, false).payload(8).bytes()}, {"overrun"}},
        {{packet().ip4().fragment(0, true).truncate(19).bytes()}, {"truncated"}},
        {{packet().ip6().fragment_header(0, true).truncate(45).bytes()}, {"truncated"}},
        {{ip4_fragment(four, {0, 800}), ip4_fragment(four, {792, 1600}),
          ip4_fragment(four, {1600, 2008})},
         {"overlap", "overlap", "of-refused-datagram"}},
        {{ip6_fragment(six, {0, 800}), ip6_fragment(six, {0, 808}), ip6_fragment(six, {808, 2008})},
         {"overlap", "overlap", "of-refused-datagram"}},
    };
    for (const Case& one : cases) {
        std::vector<std::string> drops;
        for (const auto& result : run(one.in)) {
            drops.push_back(result.drop);
        }
        EXPECT_THAT(drops, ::testing::ElementsAreArray(one.drops));
        tick(true);
        tick(false);
        ip4.set(Settings{});
        ip6.set(Settings{});
    }
}

TEST_F(ReassembleTest, LongerThanAPacketMayBe) {
    // Each fragment is right by its own header; only the first one's options make it too long.
    const Bytes options(40, std::byte{1});
    std::vector<Bytes> fragments;
    fragments.push_back(packet().ip4().options(options).fragment(0, true).payload(8).bytes());
    for (uint32_t begin = 8; begin < 65512; begin += 1472) {
        const uint32_t end = std::min<uint32_t>(begin + 1472, 65512);
        fragments.push_back(
            packet().ip4().fragment(begin, end < 65512).payload(int(end - begin)).bytes());
    }
    const auto results = run(fragments);
    ASSERT_EQ(results.size(), fragments.size());
    for (const auto& result : results) {
        EXPECT_EQ(result.drop, "too-long");
    }
}

TEST_F(ReassembleTest, TellsWhoseDatagramIsOutOfTime) {
    for (const bool four : {true, false}) {
        const Bytes whole = four ? whole4(2000) : whole6(2000);
        const auto part = [&](Part part, uint16_t identification) {
            return four ? ip4_fragment(whole, part, identification)
                        : ip6_fragment(whole, part, identification);
        };
        EXPECT_TRUE(run({part({0, 800}, 1), part({800, 1600}, 1), part({800, 1600}, 2)}).empty());
        const auto results = tick(four);
        ASSERT_EQ(results.size(), 3u);
        const std::string error = four ? "icmp4-error" : "icmp6-error";
        std::map<std::string, int> next;
        for (const auto& result : results) {
            ++next[result.next];
            if (result.next == error) {
                EXPECT_EQ(result.bytes, part({0, 800}, 1));
            } else {
                EXPECT_EQ(result.drop, "timed-out");
            }
        }
        EXPECT_EQ(next, (std::map<std::string, int>{{"drop", 2}, {error, 1}}));
        EXPECT_EQ(bench_.drops(four ? "ip4-reassemble" : "ip6-reassemble", "timed-out"), 3u);
        EXPECT_EQ((four ? ip4 : ip6).counters(0).timed_out.read(), 2u);
    }
}

}  // namespace
}  // namespace vnet::fragment
