// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/endian.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>
#include <type_traits>

namespace vnet::wire {
namespace {

template <class From, class To>
constexpr bool implicit = std::is_convertible_v<From, To>;

static_assert(!implicit<std::uint16_t, Be16> && !implicit<Be16, std::uint16_t>);
static_assert(!implicit<std::uint32_t, Be32> && !implicit<Be32, std::uint32_t>);
static_assert(!implicit<Be16, Be32> && !implicit<Be32, Be16> && !implicit<int, Be64>);
template <class Left, class Right>
constexpr bool comparable = requires(Left left, Right right) {
    left == right;
};
static_assert(comparable<Be16, Be16> && !comparable<Be16, Be32> && !comparable<Be16, int>);
static_assert(Be32(0x01020304).value() == 0x01020304);
static_assert(Be16() == Be16(0));

TEST(Endian, LiesInMemoryHighestByteFirst) {
    const Be16 two(0x0102);
    const Be32 four(0x01020304);
    const Be64 eight(0x0102030405060708);
    EXPECT_EQ(std::memcmp(&two, "\1\2", 2), 0);
    EXPECT_EQ(std::memcmp(&four, "\1\2\3\4", 4), 0);
    EXPECT_EQ(std::memcmp(&eight, "\1\2\3\4\5\6\7\10", 8), 0);
}

TEST(Endian, KeepsEveryValue) {
    for (std::uint32_t i = 0; i <= 0xffff; ++i) {
        const auto value = static_cast<std::uint16_t>(i);
        ASSERT_EQ(Be16(value).value(), value);
        ASSERT_EQ(Be16::from_network(Be16(value).network()), Be16(value));
    }
    EXPECT_EQ(Be64(0xfedcba9876543210).value(), 0xfedcba9876543210);
    EXPECT_EQ(Be32::from_network(Be32(0xdeadbeef).network()).value(), 0xdeadbeef);
}

TEST(Endian, PrintsTheHostsNumber) {
    std::ostringstream out;
    out << Be16(80) << ' ' << Be32(70000);
    EXPECT_EQ(out.str(), "80 70000");
}

}  // namespace
}  // namespace vnet::wire
