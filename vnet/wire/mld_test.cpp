// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/mld.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using namespace std::chrono_literals;
using testing::Bytes;
using testing::from_hex;
using testing::ip6;
using testing::packet;

constexpr std::size_t message_at = 48;

/// A query to all nodes, of a link's router.
Bytes query(std::uint16_t max_response, const Bytes& behind, const char* from = "fe80::9",
            int hop_limit = 1, const char* options = "05 02 00 00", std::uint8_t group = 0) {
    Bytes rest(16);
    rest[0] = std::byte(group);
    rest.insert(rest.end(), behind.begin(), behind.end());
    return packet()
        .ip6(from, "ff02::1")
        .ttl(std::uint8_t(hop_limit))
        .hop_by_hop(from_hex(options))
        .icmp6(130, 0, std::uint32_t{max_response} << 16)
        .payload(rest)
        .bytes();
}
MldQuery read(const Bytes& bytes) {
    return read_mld_query(bytes, message_at);
}

// The packets of scapy, an implementation of its own.
TEST(Mld, ReadsWhatOthersWrite) {
    const MldQuery first = read(
        from_hex("6000000000200001fe800000000000000000000000000009ff020000000000000000000000000001"
                 "3a000502000001008200590f2710000000000000000000000000000000000000"));
    EXPECT_EQ(first.fault, MldFault::none);
    EXPECT_EQ(first.version, 1);
    EXPECT_TRUE(first.group.is_unspecified());
    EXPECT_EQ(first.max_response, 10'000ms);
    const MldQuery second = read(
        from_hex("6000000000340001fe800000000000000000000000000009ff0200000000000000000001ff000001"
                 "3a000502000001008200516003e80000ff0200000000000000000001ff0000010000000120010db8"
                 "000000000000000000000001"));
    EXPECT_EQ(second.fault, MldFault::none);
    EXPECT_EQ(second.version, 2);
    EXPECT_EQ(second.group, ip6("ff02::1:ff00:1"));
    EXPECT_EQ(second.max_response, 1000ms);
}

TEST(Mld, ALongTimeIsANumberAndAPowerOfTwo) {
    const auto time = [](std::uint16_t code) { return read(query(code, Bytes(4))).max_response; };
    EXPECT_EQ(time(0), 0ms);
    EXPECT_EQ(time(0x7fff), 32'767ms);
    EXPECT_EQ(time(0x8000), 32'768ms);
    EXPECT_EQ(time(0x8001), 32'776ms);
    EXPECT_EQ(time(0xffff), 8'387'584ms);
    EXPECT_EQ(read(query(0xffff, {})).max_response, 65'535ms) << "version 1 has numbers alone";
}

TEST(Mld, NamesWhatIsWrong) {
    const Bytes tail(4);
    EXPECT_EQ(read(query(1, tail)).fault, MldFault::none);
    EXPECT_EQ(read(query(1, tail, "2001:db8::9")).fault, MldFault::source);
    EXPECT_EQ(read(query(1, tail, "::")).fault, MldFault::source);
    EXPECT_EQ(read(query(1, tail, "fe80::9", 255)).fault, MldFault::hop_limit);
    EXPECT_EQ(read(query(1, tail, "fe80::9", 1, "1e 04 00 00 00 00")).fault,
              MldFault::no_router_alert);
    EXPECT_EQ(read(query(1, tail, "fe80::9", 1, "05 02 00 00", 0xfe)).fault, MldFault::group);
    const Bytes plain =
        packet().ip6("fe80::9", "ff02::1").ttl(1).icmp6(130).payload(Bytes(16)).bytes();
    EXPECT_EQ(read_mld_query(plain, 40).fault, MldFault::no_router_alert);
}

TEST(Mld, NoByteBehindAQueryIsRead) {
    for (const std::size_t behind : {1U, 2U, 3U}) {
        EXPECT_EQ(read(query(1, Bytes(behind))).fault, MldFault::truncated) << behind;
    }
    Bytes two_sources = from_hex("02 7d 00 02");
    two_sources.resize(4 + 31);
    EXPECT_EQ(read(query(1, two_sources)).fault, MldFault::truncated);
    two_sources.resize(4 + 32);
    EXPECT_EQ(read(query(1, two_sources)).fault, MldFault::none);
    const Bytes whole = query(1, {});
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_EQ(read(Bytes(whole.begin(), whole.begin() + long(length))).fault,
                  MldFault::truncated)
            << length;
    }
    EXPECT_EQ(read_mld_query(whole, whole.size() + 9).fault, MldFault::truncated);
}

}  // namespace
}  // namespace vnet::wire
