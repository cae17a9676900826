// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/nd.hpp"

#include <gtest/gtest.h>

#include <set>

#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/nd_options.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::ip6;
using testing::mac;
using testing::packet;
using testing::PacketMaker;
using testing::prefix6;

const auto source_address = [](NdOptionsWriter& out) {
    out.link_address(NdOptionType::source_link_address, mac("02:00:00:00:00:01"));
};

NdFault check(const PacketMaker& maker) {
    const Bytes bytes = maker.bytes();
    const auto* header = view<Ip6Header>(bytes);
    return check_nd(*header, after(std::span<const std::byte>(bytes), sizeof(Ip6Header)));
}

PacketMaker solicitation(const char* source = "fe80::1",
                         const char* destination = "ff02::1:ff00:2") {
    return packet().ip6(source, destination).neighbor_solicitation("fe80::2");
}
PacketMaker advertisement(const char* destination, std::uint8_t flags) {
    return packet().ip6("fe80::2", destination).neighbor_advertisement("fe80::2", flags);
}
PacketMaker router(const char* source = "fe80::1") {
    return packet().ip6(source, "ff02::1").router_advertisement();
}
PacketMaker redirect(const char* target, const char* destination) {
    return packet().ip6("fe80::1", "2001:db8::9").nd_redirect(target, destination);
}

TEST(Nd, EveryFault) {
    using enum NdFault;
    constexpr std::uint8_t solicited = NeighborAdvertisement::solicited_flag;
    const struct {
        const char* what;
        PacketMaker packet;
        NdFault fault;
    } cases[] = {
        {"solicitation", solicitation().nd_options(source_address), none},
        {"solicitation to the neighbor itself", solicitation("2001:db8::1", "fe80::2"), none},
        {"probe of an address", solicitation("::"), none},
        {"probe that is not to the group", solicitation("::", "fe80::2"), destination},
        {"probe with a link-layer address", solicitation("::").nd_options(source_address),
         unspecified_link_address},
        {"from a group", solicitation("ff02::1"), source},
        {"from loopback", solicitation("::1"), source},
        {"for a group", packet().ip6("fe80::1").neighbor_solicitation("ff02::1"), target},
        {"for no address", packet().ip6("fe80::1").neighbor_solicitation("::"), target},
        {"code 1", solicitation().poke(1, 1), code},
        {"one byte short", solicitation().truncate(63), truncated},
        {"no message", packet().ip6(), truncated},
        {"echo request", packet().ip6().ttl(255).icmp6_echo_request(), type},
        {"router solicitation", packet().ip6("::", "ff02::2").router_solicitation(), none},
        {"the same with a link-layer address",
         packet().ip6("::", "ff02::2").router_solicitation().nd_options(source_address),
         unspecified_link_address},
        {"router advertisement", router().nd_options(source_address), none},
        {"not from a link-local address", router("2001:db8::1"), source},
        {"advertisement, solicited", advertisement("fe80::1", solicited), none},
        {"advertisement to all", advertisement("ff02::1", 0), none},
        {"advertisement to all, solicited", advertisement("ff02::1", solicited), destination},
        {"advertisement from nobody",
         packet().ip6("::", "ff02::1").neighbor_advertisement("fe80::2", 0), source},
        {"advertisement of a group",
         packet().ip6("fe80::2", "ff02::1").neighbor_advertisement("ff02::2", 0), target},
        {"redirect to a router", redirect("fe80::2", "2001:db8:1::1"), none},
        {"redirect to a neighbor", redirect("2001:db8::8", "2001:db8::8"), none},
        {"redirect elsewhere", redirect("2001:db8::7", "2001:db8::8"), target},
        {"redirect of a group", redirect("fe80::2", "ff0e::1"), destination},
        {"option of length 0", solicitation().append(from_hex("0100 000000000000")), option},
        {"option that is cut", solicitation().append(from_hex("0102 000000000000")), option},
        {"one byte of an option", solicitation().append(from_hex("01")), option},
        {"unknown option", solicitation().append(from_hex("f001 000000000000")), none},
        {"good, then bad", solicitation().nd_options(source_address).append(from_hex("0500")),
         option},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(check(c.packet), c.fault) << c.what << ": " << name(check(c.packet));
    }
}

TEST(Nd, FromBeyondTheLink) {
    Bytes bytes = solicitation().bytes();
    auto* header = view<Ip6Header>(bytes);
    const auto message = after(std::span<const std::byte>(bytes), sizeof(Ip6Header));
    for (const int limit : {0, 1, 64, 254, 255}) {
        header->hop_limit = static_cast<std::uint8_t>(limit);
        EXPECT_EQ(check_nd(*header, message), limit == 255 ? NdFault::none : NdFault::hop_limit);
    }
}

TEST(Nd, NamesAreDistinct) {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(NdFault::unspecified_link_address); ++i) {
        names.insert(name(static_cast<NdFault>(i)));
    }
    EXPECT_EQ(names.size(), 10U);
}

TEST(Nd, RouterFlags) {
    RouterAdvertisement message;
    message.flags = 0xff;
    message.set_preference(RouterPreference::medium);
    EXPECT_EQ(message.flags, 0xe7);
    message.set_preference(RouterPreference::low);
    EXPECT_EQ(message.preference(), RouterPreference::low);
    EXPECT_TRUE(message.managed() && message.other());
}

// The packets of scapy, an implementation of its own.
TEST(Nd, WritesWhatOthersWrite) {
    EXPECT_EQ(
        solicitation().nd_options(source_address).bytes(),
        from_hex("6000000000203afffe800000000000000000000000000001ff020000000000000000000"
                 "1ff00000287007a9700000000fe8000000000000000000000000000020101020000000001"));
    Bytes made =
        packet()
            .ip6("fe80::1", "ff02::1")
            .router_advertisement(1800, RouterAdvertisement::other_flag | 1 << 3)
            .poke(4, 64)
            .nd_options([](NdOptionsWriter& out) {
                const Ip6Address servers[] = {ip6("2001:db8::53"), ip6("2001:db8::54")};
                source_address(out);
                out.mtu(1500);
                out.prefix_information(
                    prefix6("2001:db8:1::/64"),
                    NdPrefixInformation::on_link_flag | NdPrefixInformation::autonomous_flag,
                    infinite_lifetime_s, 14400);
                out.dns_servers(servers, 600);
                out.route_information(prefix6("2001:db8:2::/48"), RouterPreference::low, 900);
            })
            .bytes();
    // It writes 16 bytes of a route's prefix where 8 are enough.
    const Bytes theirs = from_hex(
        "6000000000803afffe800000000000000000000000000001ff0200000000000000000000000000018600"
        "8c00404807080000000000000000010102000000000105010000000005dc030440c0ffffffff0000384000"
        "00000020010db8000100000000000000000000190500000000025820010db80000000000000000000000"
        "5320010db8000000000000000000000054180330180000038420010db8000200000000000000000000");
    ASSERT_EQ(made.size() + 8, theirs.size());
    const auto same = [&](std::size_t from, std::size_t to) {
        return std::equal(made.begin() + static_cast<std::ptrdiff_t>(from),
                          made.begin() + static_cast<std::ptrdiff_t>(to),
                          theirs.begin() + static_cast<std::ptrdiff_t>(from));
    };
    EXPECT_TRUE(same(0, 4) && same(6, 42) && same(44, 144) && same(146, 160))
        << testing::hex_dump(made);
}

TEST(NdOptions, AreRead) {
    const Bytes bytes = from_hex(
        "0101020000000001"
        "05010000000005dc"
        "030440c0ffffffff000038400000000020010db8000100000000000000000000"
        "1803301800000384 20010db8000200000000000000000000"
        "1905000000000258 20010db800000000000000000000005320010db8000000000000000000000054");
    NdOptionsCursor options(bytes);
    auto option = options.next();
    EXPECT_EQ(option->mac(), mac("02:00:00:00:00:01"));
    EXPECT_EQ(option->prefix_information(), nullptr);
    EXPECT_EQ(option->mtu(), std::nullopt);
    option = options.next();
    EXPECT_EQ(option->mtu(), 1500U);
    EXPECT_EQ(option->mac(), std::nullopt);
    option = options.next();
    const auto* prefix = option->prefix_information();
    ASSERT_NE(prefix, nullptr);
    EXPECT_TRUE(prefix->on_link() && prefix->autonomous());
    EXPECT_EQ(prefix->valid_lifetime_s.value(), infinite_lifetime_s);
    EXPECT_EQ(prefix->preferred_lifetime_s.value(), 14400U);
    EXPECT_EQ(Ip6Prefix(prefix->prefix, prefix->prefix_length), prefix6("2001:db8:1::/64"));
    option = options.next();
    EXPECT_EQ(option->route_prefix(), prefix6("2001:db8:2::/48"));
    EXPECT_EQ(option->route_information()->preference(), RouterPreference::low);
    option = options.next();
    ASSERT_EQ(option->dns_server_count(), 2U);
    EXPECT_EQ(option->dns_server(0), ip6("2001:db8::53"));
    EXPECT_EQ(option->dns_server(1), ip6("2001:db8::54"));
    EXPECT_EQ(option->dns_server(2), Ip6Address());
    EXPECT_EQ(option->dns_servers()->lifetime_s.value(), 600U);
    EXPECT_FALSE(options.next());
    EXPECT_FALSE(options.malformed());
}

TEST(NdOptions, OfAWrongSizeAreNotBelieved) {
    const struct {
        const char* what;
        const char* bytes;
    } cases[] = {
        {"link-layer address of 16 bytes", "0102020000000001 0000000000000000"},
        {"group as a link-layer address", "0101333300000001"},
        {"zero as a link-layer address", "0201000000000000"},
        {"MTU of 16 bytes", "05020000000005dc 0000000000000000"},
        {"prefix of 8 bytes", "030140c000000000"},
        {"prefix of 129 bits", "030481c0ffffffff000038400000000020010db8000100000000000000000000"},
        {"route of 65 bits in 8 bytes", "1802411800000384 20010db800020000"},
        {"route of 1 bit in none", "1801011800000384"},
        {"route of 129 bits", "1803811800000384 20010db8000200000000000000000000"},
        {"route of 32 bytes", "1804401800000384 20010db8000200000000000000000000 0000000000000000"},
        {"DNS servers, none", "1901000000000258"},
        {"DNS servers, half of one", "1902000000000258 20010db800000000"},
    };
    for (const auto& c : cases) {
        const Bytes bytes = from_hex(c.bytes);
        NdOptionsCursor options(bytes);
        const auto option = options.next();
        ASSERT_TRUE(option) << c.what;
        EXPECT_FALSE(option->mac()) << c.what;
        EXPECT_FALSE(option->mtu()) << c.what;
        EXPECT_EQ(option->prefix_information(), nullptr) << c.what;
        EXPECT_EQ(option->route_information(), nullptr) << c.what;
        EXPECT_EQ(option->route_prefix(), Ip6Prefix()) << c.what;
        EXPECT_EQ(option->dns_servers(), nullptr) << c.what;
        EXPECT_EQ(option->dns_server_count(), 0U) << c.what;
    }
}

TEST(NdOptions, RoutesOfEveryLengthComeBack) {
    for (unsigned length = 0; length <= 128; ++length) {
        Bytes room(24);
        NdOptionsWriter writer(room);
        const Ip6Prefix prefix(ip6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                               static_cast<std::uint8_t>(length));
        writer.route_information(prefix, RouterPreference::high, 1);
        EXPECT_EQ(writer.size(), length == 0 ? 8U : length <= 64 ? 16U : 24U);
        NdOptionsCursor options(std::span<const std::byte>(room).first(writer.size()));
        const auto option = options.next();
        ASSERT_TRUE(option);
        EXPECT_EQ(option->route_prefix(), prefix.normalised());
    }
}

TEST(NdOptionsWriter, LeavesOutWhatDoesNotFit) {
    Bytes room(23);
    NdOptionsWriter writer(room);
    writer.mtu(1500).prefix_information(prefix6("2001:db8::/64"), 0, 1, 1).mtu(1400);
    EXPECT_TRUE(writer.overflowed());
    EXPECT_EQ(writer.size(), 16U);
    NdOptionsCursor options(std::span<const std::byte>(room).first(16));
    EXPECT_EQ(options.next()->mtu(), 1500U);
    EXPECT_EQ(options.next()->mtu(), 1400U);
    NdOptionsWriter nowhere{std::span<std::byte>()};
    nowhere.mtu(1500);
    EXPECT_TRUE(nowhere.overflowed());
    EXPECT_EQ(nowhere.size(), 0U);
}

TEST(NdOptionsWriter, BoundsOfAnOption) {
    Bytes room(4096);
    const std::vector<Ip6Address> servers(128);
    NdOptionsWriter writer(room);
    writer.dns_servers({}, 1);
    EXPECT_EQ(writer.size(), 0U);
    writer.dns_servers(std::span(servers).first(127), 1);
    EXPECT_EQ(writer.size(), 255U * 8);
    EXPECT_FALSE(writer.overflowed());
    writer.dns_servers(servers, 1);
    EXPECT_EQ(writer.size(), 255U * 8);
    EXPECT_TRUE(writer.overflowed());
}

TEST(NdOptionsWriter, RedirectedHeaderTakesWhatThereIsRoomFor) {
    const Bytes whole = packet().ip6().udp().payload(100).bytes();
    for (const std::size_t room_size : {8U, 9U, 48U, 100U, 400U}) {
        Bytes room(room_size);
        NdOptionsWriter writer(room);
        writer.redirected_header(whole);
        EXPECT_FALSE(writer.overflowed());
        NdOptionsCursor options(std::span<const std::byte>(room).first(writer.size()));
        const auto option = options.next();
        ASSERT_TRUE(option);
        EXPECT_EQ(option->type, NdOptionType::redirected_header);
        const auto quoted = after(option->bytes, 8);
        EXPECT_TRUE(std::equal(
            quoted.begin(),
            quoted.begin() + static_cast<std::ptrdiff_t>(std::min(quoted.size(), whole.size())),
            whole.begin()));
        EXPECT_FALSE(options.next() || options.malformed());
    }
}

TEST(NdOptionsWriter, NamesAndNonces) {
    Bytes room(64);
    NdOptionsWriter writer(room);
    writer.dns_search_list(testing::from_text(std::string_view("\7example\3org\0", 13)), 60);
    EXPECT_EQ(writer.size(), 24U);
    writer.nonce(from_hex("010203040506"));
    EXPECT_EQ(writer.size(), 32U);
    NdOptionsCursor options(std::span<const std::byte>(room).first(writer.size()));
    EXPECT_EQ(options.next()->type, NdOptionType::dns_search_list);
    const auto nonce = options.next();
    EXPECT_EQ(nonce->type, NdOptionType::nonce);
    EXPECT_EQ(testing::to_hex(nonce->bytes), "0e 01 01 02 03 04 05 06");
}

}  // namespace
}  // namespace vnet::wire
