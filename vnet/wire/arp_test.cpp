// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/arp.hpp"

#include <gtest/gtest.h>

#include <set>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::packet;
using testing::PacketMaker;

constexpr const char* sender = "02:00:00:00:00:01";

PacketMaker request(const char* sender_ip = "10.0.0.1", const char* sender_mac = sender) {
    return packet().arp_request(sender_mac, sender_ip, "10.0.0.2");
}

TEST(Arp, FieldsOfAReply) {
    const auto bytes =
        from_hex("0001 0800 06 04 0002  020000000001 0a000001  020000000002 0a000002");
    const auto [header, fault] = check_arp(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(fault, ArpFault::none);
    EXPECT_TRUE(header->is_reply());
    EXPECT_FALSE(header->is_request());
    EXPECT_EQ(header->sender_mac, testing::mac("02:00:00:00:00:01"));
    EXPECT_EQ(header->sender_ip, testing::ip("10.0.0.1"));
    EXPECT_EQ(header->target_mac, testing::mac("02:00:00:00:00:02"));
    EXPECT_EQ(header->target_ip, testing::ip("10.0.0.2"));
}

TEST(Arp, EveryFault) {
    const struct {
        const char* what;
        Bytes bytes;
        ArpFault fault;
    } cases[] = {
        {"good", request().bytes(), ArpFault::none},
        {"padded", request().pad_to(46).bytes(), ArpFault::none},
        {"empty", {}, ArpFault::truncated},
        {"one byte short", request().truncate(27).bytes(), ArpFault::truncated},
        {"hardware", request().poke(1, 6).bytes(), ArpFault::hardware_type},
        {"protocol", request().poke(2, 0x86).poke(3, 0xdd).bytes(), ArpFault::protocol_type},
        {"hardware length", request().poke(4, 8).bytes(), ArpFault::hardware_length},
        {"protocol length", request().poke(5, 16).bytes(), ArpFault::protocol_length},
        {"operation 0", request().poke(7, 0).bytes(), ArpFault::operation},
        {"reverse ARP", request().poke(7, 3).bytes(), ArpFault::operation},
        {"operation's high byte", request().poke(6, 1).bytes(), ArpFault::operation},
        {"group sender", request("10.0.0.1", "01:00:5e:00:00:01").bytes(), ArpFault::sender_mac},
        {"broadcast sender", request("10.0.0.1", "ff:ff:ff:ff:ff:ff").bytes(),
         ArpFault::sender_mac},
        {"zero sender", request("10.0.0.1", "00:00:00:00:00:00").bytes(), ArpFault::sender_mac},
        {"probe", request("0.0.0.0").bytes(), ArpFault::none},
        {"reply from nobody", request("0.0.0.0").poke(7, 2).bytes(), ArpFault::sender_ip},
        {"network 0", request("0.0.0.1").bytes(), ArpFault::sender_ip},
        {"multicast", request("224.0.0.1").bytes(), ArpFault::sender_ip},
        {"broadcast", request("255.255.255.255").bytes(), ArpFault::sender_ip},
        {"loopback", request("127.0.0.1").bytes(), ArpFault::sender_ip},
        {"link local", request("169.254.1.1").bytes(), ArpFault::none},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(check_arp(c.bytes).fault, c.fault) << c.what;
    }
}

TEST(Arp, ProbesAndAnnouncements) {
    ArpHeader header = ArpHeader::make(ArpOperation::request);
    header.target_ip = testing::ip("10.0.0.1");
    EXPECT_TRUE(header.is_probe());
    EXPECT_FALSE(header.is_announcement());
    header.sender_ip = header.target_ip;
    EXPECT_FALSE(header.is_probe());
    EXPECT_TRUE(header.is_announcement());
}

TEST(Arp, FaultsHaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(ArpFault::sender_ip); ++i) {
        const auto word = name(static_cast<ArpFault>(i));
        EXPECT_FALSE(word.empty());
        EXPECT_TRUE(names.insert(word).second) << word;
    }
}

}  // namespace
}  // namespace vnet::wire
