// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/icmp6.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

TEST(Icmp6, ErrorsAreTheLowerHalf) {
    for (int type = 0; type < 256; ++type) {
        EXPECT_EQ(is_error(static_cast<Icmp6Type>(type)), type < 128);
        EXPECT_EQ(is_neighbor_discovery(static_cast<Icmp6Type>(type)), type >= 133 && type <= 137);
    }
}

TEST(Icmp6, WordsOrNone) {
    EXPECT_EQ(name(Icmp6Type::packet_too_big), "packet-too-big");
    EXPECT_EQ(name(static_cast<Icmp6Type>(200)), "");
    EXPECT_EQ(name(Icmp6Unreachable::reject_route), "reject-route");
    EXPECT_EQ(name(static_cast<Icmp6Unreachable>(7)), "");
    EXPECT_EQ(name(Icmp6ParameterProblem::option_too_big), "option-too-big");
    EXPECT_EQ(name(static_cast<Icmp6ParameterProblem>(4)), "");
    EXPECT_EQ(name(static_cast<Icmp6ParameterProblem>(11)), "");
}

TEST(Icmp6, Messages) {
    const auto echo = testing::packet().icmp6_echo_request(0x1234, 0x5678).bytes();
    const auto* header = view<Icmp6EchoHeader>(echo);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->type_number, 128);
    EXPECT_EQ(header->identifier.value(), 0x1234);
    EXPECT_EQ(header->sequence.value(), 0x5678);
    const auto big = testing::packet().icmp6_packet_too_big(1280).bytes();
    EXPECT_EQ(view<Icmp6PacketTooBigHeader>(big)->mtu.value(), 1280U);
    const auto problem =
        testing::packet()
            .icmp6_parameter_problem(Icmp6ParameterProblem::unknown_next_header, 40)
            .bytes();
    EXPECT_EQ(view<Icmp6ParameterProblemHeader>(problem)->pointer.value(), 40U);
    EXPECT_EQ(view<Icmp6Header>(problem)->code, 1);
}

}  // namespace
}  // namespace vnet::wire
