// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/checksum_change.hpp"

#include <gtest/gtest.h>

namespace vnet::wire {
namespace {

constexpr Ip4Address before(10, 0, 0, 1);
constexpr Ip4Address after(192, 0, 2, 255);

TEST(ChecksumChange, AppliesToEveryChecksumThatCoversTheFields) {
    constexpr auto change = ChecksumChange().add(before, after).add(Be16(1000), Be16(65535));
    for (const std::uint16_t word : {0x0000, 0x0001, 0x1234, 0xfffe, 0xffff}) {
        const auto sum = [&](Ip4Address address, std::uint16_t port) {
            return InternetSum().add(Be16(word)).add(address).add(Be16(port)).checksum();
        };
        EXPECT_EQ(change.apply(sum(before, 1000)), sum(after, 65535));
    }
}

TEST(ChecksumChange, AgreesWithUpdateChecksum) {
    for (std::uint32_t checksum = 0; checksum <= 0xffff; ++checksum) {
        const Be16 old(static_cast<std::uint16_t>(checksum));
        ASSERT_EQ(ChecksumChange().add(before, after).apply(old),
                  update_checksum(old, before, after));
        ASSERT_EQ(ChecksumChange().add(Be16(0x5555), Be16(0x3285)).apply(old),
                  update_checksum(old, Be16(0x5555), Be16(0x3285)));
    }
}

TEST(ChecksumChange, ExampleOfRfc1624) {
    // Section 4: 0xdd2f, 0x5555 becoming 0x3285, gives 0x0000 and not 0xffff.
    EXPECT_EQ(ChecksumChange().add(Be16(0x5555), Be16(0x3285)).apply(Be16(0xdd2f)), Be16(0));
}

TEST(ChecksumChange, OfNothingChangesNothing) {
    EXPECT_EQ(ChecksumChange().apply(Be16(0x1234)), Be16(0x1234));
    EXPECT_EQ(ChecksumChange().add(before, before).apply(Be16(0x1234)), Be16(0x1234));
}

}  // namespace
}  // namespace vnet::wire
