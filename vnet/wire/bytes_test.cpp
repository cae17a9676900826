// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/bytes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "vnet/wire/endian.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::wire {
namespace {

static_assert(WireHeader<EthernetHeader> && !WireHeader<std::vector<int>> && !WireHeader<int>);
struct Aligned {
    std::uint32_t word;
};
static_assert(!WireHeader<Aligned>, "a view of it would depend on the packet's address");

template <class Bytes>
constexpr bool viewable = requires(Bytes bytes) {
    view<Be16>(static_cast<Bytes&&>(bytes));
};
static_assert(viewable<std::vector<std::byte>&> && viewable<std::span<std::byte>>);
static_assert(!viewable<std::vector<std::byte>>, "a temporary's bytes would be gone");

TEST(View, IsNullWhenTheBytesAreTooShort) {
    for (std::size_t size = 0; size < 20; ++size) {
        std::vector<std::byte> bytes(size);
        const auto& constant = bytes;
        EXPECT_EQ(view<EthernetHeader>(bytes) != nullptr, size >= 14);
        EXPECT_EQ(view<EthernetHeader>(constant) != nullptr, size >= 14);
        EXPECT_EQ(view<EthernetHeader>(bytes.data(), bytes.size()) != nullptr, size >= 14);
    }
    EXPECT_EQ(view<EthernetHeader>(std::span<std::byte>()), nullptr);
    EXPECT_EQ(view<EthernetHeader>(static_cast<const void*>(nullptr), 0), nullptr);
}

TEST(View, IsAsConstAsTheBytes) {
    std::array<std::byte, 14> bytes{};
    const auto constant = std::span<const std::byte>(bytes);
    static_assert(std::is_same_v<decltype(view<EthernetHeader>(bytes)), EthernetHeader*>);
    static_assert(std::is_same_v<decltype(view<EthernetHeader>(constant)), const EthernetHeader*>);
    view<EthernetHeader>(bytes)->type = Be16(0x0800);
    EXPECT_EQ(bytes[12], std::byte{8});
    EXPECT_EQ(view<EthernetHeader>(constant)->ether_type(), EtherType::ip4);
}

TEST(View, WorksAtAnyAddress) {
    std::vector<std::byte> bytes(64);
    for (std::size_t i = 0; i < 32; ++i) {
        auto* word = view<Be64>(std::span(bytes).subspan(i));
        ASSERT_NE(word, nullptr);
        *word = Be64(0x0102030405060708);
        EXPECT_EQ(bytes[i], std::byte{1});
        EXPECT_EQ(bytes[i + 7], std::byte{8});
    }
}

TEST(Bytes, AfterAndAtMostStayInside) {
    std::array<std::byte, 4> bytes{};
    const std::span<std::byte> span(bytes);
    EXPECT_EQ(after(span, 1).size(), 3U);
    EXPECT_EQ(after(span, 4).size(), 0U);
    EXPECT_EQ(after(span, 5).size(), 0U);
    EXPECT_EQ(at_most(span, 3).size(), 3U);
    EXPECT_EQ(at_most(span, 9).size(), 4U);
}

TEST(Bytes, OfAHeader) {
    const VlanTag tag{VlanTag::make_control(7), to_be(EtherType::ip4)};
    const auto bytes = bytes_of(tag);
    EXPECT_EQ(bytes.size(), 4U);
    EXPECT_EQ(bytes[1], std::byte{7});
    EXPECT_EQ(bytes[2], std::byte{8});
}

}  // namespace
}  // namespace vnet::wire
