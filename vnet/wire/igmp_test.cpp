// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/igmp.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using namespace std::chrono_literals;
using testing::Bytes;
using testing::from_hex;
using testing::ip;
using testing::packet;

/// A query whose message is `hex`, with the right checksum.
Bytes query(const char* hex, const char* to = "224.0.0.1", std::uint8_t ttl = 1) {
    Bytes message = from_hex(hex);
    if (message.size() >= 4) {
        const Be16 checksum = internet_checksum(message);
        std::memcpy(message.data() + 2, &checksum, sizeof(checksum));
    }
    return packet()
        .ip4("10.0.0.9", to)
        .ttl(ttl)
        .protocol(IpProtocol::igmp)
        .payload(message)
        .bytes();
}

// The packets of scapy, an implementation of its own.
TEST(Igmp, ReadsWhatOthersWrite) {
    const IgmpQuery second = read_igmp_query(
        from_hex("46c000200001000001023a0d0a000009e0000001940400001114eeeb00000000"));
    EXPECT_EQ(second.fault, IgmpFault::none);
    EXPECT_EQ(second.version, 2);
    EXPECT_EQ(second.group, Ip4Address());
    EXPECT_EQ(second.querier, ip("10.0.0.9"));
    EXPECT_EQ(second.max_response, 2s);
}

TEST(Igmp, TellsVersionsByLengthAndTime) {
    struct Case {
        const char* hex;
        std::uint8_t version;
        std::chrono::milliseconds time;
    };
    for (const Case& c :
         {Case{"11 00 0000 00000000", 1, 10s}, Case{"11 01 0000 00000000", 2, 100ms},
          Case{"11 ff 0000 00000000", 2, 25'500ms}, Case{"11 00 0000 00000000 02 7d 0000", 3, 0ms},
          Case{"11 7f 0000 00000000 02 7d 0000", 3, 12'700ms},
          Case{"11 80 0000 00000000 02 7d 0000", 3, 12'800ms},
          Case{"11 ff 0000 00000000 02 7d 0000", 3, 3'174'400ms},
          Case{"11 0a 0000 00000000 02 7d 0001 0a000001", 3, 1s}}) {
        const IgmpQuery read = read_igmp_query(query(c.hex));
        EXPECT_EQ(read.fault, IgmpFault::none) << c.hex;
        EXPECT_EQ(read.version, c.version) << c.hex;
        EXPECT_EQ(read.max_response, c.time) << c.hex;
    }
    EXPECT_EQ(read_igmp_query(query("11 0a 0000 ef010101", "239.1.1.1")).group, ip("239.1.1.1"));
}

TEST(Igmp, SaysWhatIsWrong) {
    const auto fault = [](const Bytes& bytes) { return read_igmp_query(bytes).fault; };
    EXPECT_EQ(fault({}), IgmpFault::truncated);
    EXPECT_EQ(fault(query("11 0a 0000 000000")), IgmpFault::truncated);
    EXPECT_EQ(fault(query("11 0a 0000 00000000 02 7d 00")), IgmpFault::truncated);
    EXPECT_EQ(fault(query("11 0a 0000 00000000 02 7d 0001 0a0000")), IgmpFault::truncated);
    Bytes wrong = query("11 0a 0000 00000000");
    wrong.back() ^= std::byte{1};
    EXPECT_EQ(fault(wrong), IgmpFault::bad_checksum);
    EXPECT_EQ(fault(query("16 00 0000 ef010101")), IgmpFault::no_query);
    EXPECT_EQ(fault(query("22 00 0000 00000000")), IgmpFault::no_query);
    EXPECT_EQ(fault(query("11 0a 0000 00000000", "224.0.0.1", 2)), IgmpFault::ttl);
    EXPECT_EQ(fault(query("11 0a 0000 0a000001")), IgmpFault::group);
    EXPECT_EQ(fault(query("11 0a 0000 00000000", "239.1.1.1")), IgmpFault::group);
}

}  // namespace
}  // namespace vnet::wire
