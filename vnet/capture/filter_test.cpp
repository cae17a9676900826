// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::capture {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
    return std::string(Filter::compile(text).status().message());
}

class FilterTest : public ::testing::Test {
protected:
    static bool passes(const std::string& text, std::span<const std::byte> bytes,
                       uint16_t flags = 0) {
        const auto filter = Filter::compile(text);
        EXPECT_TRUE(filter.ok()) << filter.status();
        graph::Packet* const packet = graph::testing::pool().allocate();
        EXPECT_TRUE(packet->resize(uint32_t(bytes.size())));
        std::copy(bytes.begin(), bytes.end(), packet->data());
        packet->meta().flags = flags;
        const bool matches = filter->matches(*packet);
        graph::free_packet(packet);
        return matches;
    }
    const wire::testing::Bytes udp_ =
        wire::testing::packet().ethernet().ip4("10.0.0.1", "10.0.0.2").udp(1000, 53).bytes();
};

TEST_F(FilterTest, LetsThroughWhatItSays) {
    EXPECT_TRUE(passes("udp port 53", udp_));
    EXPECT_TRUE(passes("host 10.0.0.2 and not tcp", udp_));
    EXPECT_TRUE(passes("ip[8] > 0 and len < 1000", udp_));
    EXPECT_FALSE(passes("icmp", udp_));
    EXPECT_FALSE(passes("src net 10.0.1.0/24", udp_));
}

TEST_F(FilterTest, PacketsWithoutALinkLayer) {
    const auto ip = std::span(udp_).subspan(14);
    for (const uint16_t flag : {graph::packet_flag::local_origin, graph::packet_flag::bare}) {
        EXPECT_TRUE(passes("udp port 53", ip, flag));
        EXPECT_FALSE(passes("icmp", ip, flag));
        EXPECT_FALSE(passes("ether host 02:00:00:00:00:01", ip, flag))
            << "cannot have what it asks for";
    }
}

TEST_F(FilterTest, APacketThatIsTooShortPassesNothing) {
    EXPECT_FALSE(passes("udp port 53", std::span(udp_).first(20)));
}

TEST(Filter, LibpcapSaysWhatIsWrong) {
    EXPECT_THAT(refusal("tcp port"), AllOf(HasSubstr("\"tcp port\""), HasSubstr("syntax error")));
    EXPECT_THAT(refusal("port 70000"), HasSubstr("70000"));
    EXPECT_THAT(refusal("port nosuchservice"), HasSubstr("nosuchservice"));
    EXPECT_THAT(refusal(std::string(5000, '1')), HasSubstr("at most 4096"));
}

TEST(Filter, NamesOfHostsAreNotLookedUp) {
    EXPECT_THAT(refusal("host www.example.com"), HasSubstr("not looked up"));
    EXPECT_THAT(refusal("icpm"), AllOf(HasSubstr("\"icpm\""), HasSubstr("no word")));
    for (const char* text :
         {"host a", "src b", "net c or icmp", "not d", "host 1.2.3.4 or e", "port 53 and host f.g",
          "gateway 7up", "ip proto \\tcp and host \\udp"}) {
        EXPECT_NE(looked_up_name(text), "") << text;
    }
}

TEST(Filter, OrdinaryFiltersAreUnderstood) {
    for (const char* text : {"",
                             "icmp or arp",
                             "tcp port http",
                             "tcp port http or ssh",
                             "portrange 1000-2000",
                             "ip proto \\tcp",
                             "ether proto \\arp",
                             "ether host 02:00:00:ab:cd:ef",
                             "ether host 02-00-00-ab-cd-ef",
                             "ip6 host 2001:db8::1",
                             "net 10.0.0.0/8",
                             "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
                             "icmp[icmptype] = icmp-echo",
                             "ip[6:2] & 0x1fff = 0",
                             "vlan 100 and (udp or tcp)",
                             "len >= 100 && !broadcast",
                             "greater 100 and less 200",
                             "src host 1.2.3.4 and dst port 53",
                             "ip multicast",
                             "icmp6 or esp or ah or sctp",
                             "mpls 5",
                             "udp[8:4] = 0xdeadbeef"}) {
        EXPECT_EQ(looked_up_name(text), "") << text;
        EXPECT_TRUE(Filter::compile(text).ok()) << refusal(text);
    }
}

}  // namespace
}  // namespace vnet::capture
