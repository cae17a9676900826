// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/icmp4.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::from_hex;

TEST(Icmp4, LayoutsOfTheRest) {
    const auto echo = from_hex("08 00 1234 0007 0102");
    EXPECT_EQ(view<Icmp4Header>(echo)->type(), Icmp4Type::echo_request);
    EXPECT_EQ(view<Icmp4EchoHeader>(echo)->identifier.value(), 7);
    EXPECT_EQ(view<Icmp4EchoHeader>(echo)->sequence.value(), 0x0102);

    const auto too_big = from_hex("03 04 0000 00 20 05dc");
    EXPECT_EQ(view<Icmp4UnreachableHeader>(too_big)->next_hop_mtu.value(), 1500);
    EXPECT_EQ(view<Icmp4UnreachableHeader>(too_big)->quoted_words, 32);

    const auto redirect = from_hex("05 01 0000 0a0000fe");
    EXPECT_EQ(view<Icmp4RedirectHeader>(redirect)->gateway, testing::ip("10.0.0.254"));

    const auto problem = from_hex("0c 00 0000 15 00 0000");
    EXPECT_EQ(view<Icmp4ParameterProblemHeader>(problem)->pointer, 21);

    const auto exceeded = from_hex("0b 00 0000 00 11 0000");
    EXPECT_EQ(view<Icmp4TimeExceededHeader>(exceeded)->quoted_words, 17);
}

TEST(Icmp4, ErrorsAreTheFiveOfRfc1122) {
    int errors = 0;
    for (int type = 0; type < 256; ++type) {
        errors += is_error(static_cast<Icmp4Type>(type)) ? 1 : 0;
    }
    EXPECT_EQ(errors, 5);
    EXPECT_TRUE(is_error(Icmp4Type::unreachable));
    EXPECT_FALSE(is_error(Icmp4Type::echo_request));
}

TEST(Icmp4, WordsForCodes) {
    EXPECT_EQ(name(Icmp4Unreachable::fragmentation_needed), "fragmentation-needed");
    EXPECT_EQ(name(Icmp4Unreachable::precedence_cutoff), "precedence-cutoff");
    EXPECT_EQ(name(Icmp4Unreachable::prohibited), "prohibited");
    EXPECT_EQ(name(static_cast<Icmp4Unreachable>(8)), "");
    EXPECT_EQ(name(static_cast<Icmp4Unreachable>(200)), "");
    EXPECT_EQ(name(Icmp4Type::time_exceeded), "time-exceeded");
}

}  // namespace
}  // namespace vnet::wire
