// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/dhcp-client/testing/server_message.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace dhcp_client {
namespace {

using std::chrono::seconds;
using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ServerMessage;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::ip;
using vnet::wire::testing::mac;
using vnet::wire::testing::prefix;

ServerMessage ack() {
    return ServerMessage(Type::ack);
}

TEST(Message, ReadsWhatAServerSays) {
    const auto reply = read(ack()
                                .option(3, "0a 00 00 02 0a 00 00 03")
                                .option(6, "08 08 08 08 08 08 04 04")
                                .option(15, "65 78 61 6d 70 6c 65 2e 6f 72 67 00")
                                .option(26, "05 78")
                                .option(58, "00 00 00 3c")
                                .option(59, "00 00 00 78")
                                .bytes());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->type, Type::ack);
    EXPECT_EQ(reply->transaction, 0x11223344U);
    EXPECT_EQ(reply->client, mac("02:00:00:00:00:01"));
    EXPECT_EQ(reply->address, ip("10.0.0.7"));
    EXPECT_EQ(reply->server, ip("10.0.0.1"));
    EXPECT_EQ(reply->length, 24);
    EXPECT_EQ(reply->lease, seconds(3600));
    EXPECT_EQ(reply->renew, seconds(60));
    EXPECT_EQ(reply->rebind, seconds(120));
    EXPECT_EQ(reply->mtu, 1400);
    EXPECT_EQ(reply->domain, "example.org");
    EXPECT_THAT(reply->name_servers, ElementsAre(ip("8.8.8.8"), ip("8.8.4.4")));
    EXPECT_THAT(reply->routes, ElementsAre(StaticRoute{prefix("0.0.0.0/0"), ip("10.0.0.2")}));
}

TEST(Message, WhatIsNotSaidIsNotThere) {
    const auto reply = read(ack().without(1).without(51).without(54).bytes());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->length, 8);
    EXPECT_FALSE(reply->lease || reply->renew || reply->rebind || reply->mtu);
    EXPECT_TRUE(reply->server.is_unspecified());
    EXPECT_THAT(reply->routes, IsEmpty());
    EXPECT_EQ(read(ServerMessage(Type::ack, "172.16.0.7").without(1).bytes())->length, 16);
    EXPECT_EQ(read(ServerMessage(Type::ack, "192.168.0.7").without(1).bytes())->length, 24);
    EXPECT_EQ(read(ack().without(51).option(51, "ff ff ff ff").bytes())->lease, forever);
}

TEST(Message, StaticRoutesTakeThePlaceOfTheRouter) {
    const auto reply = read(ack()
                                .option(3, "0a 00 00 02")
                                .option(121,
                                        "18 c0 00 02 0a 00 00 03"
                                        "00 0a 00 00 04"
                                        "0a 0a 40 0a 00 00 05"
                                        "20 c6 33 64 01 00 00 00 00")
                                .bytes());
    ASSERT_TRUE(reply);
    EXPECT_THAT(reply->routes, ElementsAre(StaticRoute{prefix("192.0.2.0/24"), ip("10.0.0.3")},
                                           StaticRoute{prefix("0.0.0.0/0"), ip("10.0.0.4")},
                                           StaticRoute{prefix("10.64.0.0/10"), ip("10.0.0.5")},
                                           StaticRoute{prefix("198.51.100.1/32"), ip("0.0.0.0")}));
    // Bits behind a length that are set are none of the network's.
    const auto more = read(ack().option(121, "0a 0a ff 0a 00 00 05").bytes());
    EXPECT_THAT(more->routes, ElementsAre(StaticRoute{prefix("10.192.0.0/10"), ip("10.0.0.5")}));
}

TEST(Message, PartsOfAnOptionAreOne) {
    const auto reply = read(ack().option(6, "08 08").option(6, "08 08 09 09 09 09").bytes());
    ASSERT_TRUE(reply);
    EXPECT_THAT(reply->name_servers, ElementsAre(ip("8.8.8.8"), ip("9.9.9.9")));
}

TEST(Message, OptionsMayLieInOtherFields) {
    const auto reply = read(ack()
                                .option(52, "03")
                                .file("06 02 09 09 00 0f 02 61 62 ff")
                                .server_name("06 02 09 09 ff")
                                .bytes());
    ASSERT_TRUE(reply);
    EXPECT_THAT(reply->name_servers, ElementsAre(ip("9.9.9.9")));
    EXPECT_EQ(reply->domain, "ab");
    // Where they are not said to, those fields are names.
    EXPECT_THAT(read(ack().file("06 ff").bytes())->name_servers, IsEmpty());
}

TEST(Message, TextIsForPeople) {
    const auto reply =
        read(ServerMessage(Type::nak).option(56, "20 6e 6f 1b 5b 0a 20 77 61 79 00").bytes());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text, "no[ way");
}

TEST(Message, FaultsAreFound) {
    struct Case {
        const char* what;
        Bytes bytes;
        Fault fault;
    };
    Bytes cut = ack().bytes();
    cut.resize(239);
    Bytes without_end = ack().end("").bytes();
    const Case cases[] = {
        {"whole", ack().bytes(), Fault::none},
        {"nothing", {}, Fault::truncated},
        {"cut in its header", cut, Fault::truncated},
        {"of a client", ack().poke(0, 1).bytes(), Fault::kind},
        {"not Ethernet", ack().poke(1, 6).bytes(), Fault::kind},
        {"addresses of eight bytes", ack().poke(2, 8).bytes(), Fault::kind},
        {"BOOTP without a cookie", ack().poke(236, 0).bytes(), Fault::kind},
        {"no end", without_end, Fault::none},
        {"padding", ack().end("00 00 00 ff 01").bytes(), Fault::none},
        {"a code alone", ack().end("01").bytes(), Fault::options},
        {"a length beyond", ack().end("0c 03 61 62").bytes(), Fault::options},
        {"beyond \"file\"", ack().option(52, "01").poke(108, 12).poke(109, 127).bytes(),
         Fault::options},
        {"beyond \"sname\"", ack().option(52, "02").poke(44, 12).poke(45, 63).bytes(),
         Fault::options},
    };
    for (const Case& test : cases) {
        EXPECT_EQ(check(test.bytes), test.fault) << test.what;
        EXPECT_EQ(read(test.bytes).has_value(), test.fault == Fault::none) << test.what;
    }
}

TEST(Message, ValuesThatNoServerMaySendAreNotRead) {
    const Bytes wrong[] = {
        ack().without(53).bytes(),
        ack().without(53).option(53, "05 05").bytes(),
        ack().without(1).option(1, "ff ff 00 ff").bytes(),
        ack().without(1).option(1, "ff ff ff").bytes(),
        ack().without(51).option(51, "00 00 0e").bytes(),
        ack().without(54).option(54, "0a 00 00 01 0a 00 00 01").bytes(),
        ack().option(3, "0a 00 00").bytes(),
        ack().option(6, "0a 00 00 01 00").bytes(),
        ack().option(26, "00").bytes(),
        ack().option(121, "21 c0 00 02 01 00 0a 00 00 03").bytes(),
        ack().option(121, "18 c0 00 02 0a 00 00").bytes(),
        ack().option(121, "18").bytes(),
    };
    for (const Bytes& bytes : wrong) {
        EXPECT_EQ(check(bytes), Fault::none);
        EXPECT_FALSE(read(bytes));
    }
}

Request request() {
    Request request;
    request.type = Type::request;
    request.transaction = 0x01020304;
    request.client = mac("02:00:00:00:00:01");
    request.seconds = 5;
    request.wanted = ip("10.0.0.7");
    request.server = ip("10.0.0.1");
    request.hostname = "edge";
    return request;
}

TEST(Message, WritesWhatServersRead) {
    const Bytes bytes = write(request());
    ASSERT_EQ(bytes.size(), 300U);
    EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 12),
              from_hex("01 01 06 00 01 02 03 04 00 05 00 00"));
    EXPECT_EQ(Bytes(bytes.begin() + 28, bytes.begin() + 34), from_hex("02 00 00 00 00 01"));
    EXPECT_EQ(Bytes(bytes.begin() + 236, bytes.begin() + 289),
              from_hex("63 82 53 63"
                       "35 01 03"
                       "3d 07 01 02 00 00 00 00 01"
                       "32 04 0a 00 00 07"
                       "36 04 0a 00 00 01"
                       "37 09 79 01 03 06 0f 1a 33 3a 3b"
                       "39 02 05 dc"
                       "0c 04 65 64 67 65"
                       "ff 00 00 00"));
}

TEST(Message, SaysNoMoreThanItIs) {
    Request decline = request();
    decline.type = Type::decline;
    decline.client_id = "a1";
    decline.own = ip("10.0.0.7");
    decline.text = "no";
    const Bytes bytes = write(decline);
    EXPECT_EQ(Bytes(bytes.begin() + 12, bytes.begin() + 16), from_hex("0a 00 00 07"));
    EXPECT_EQ(Bytes(bytes.begin() + 240, bytes.begin() + 265), from_hex("35 01 04"
                                                                        "3d 03 00 61 31"
                                                                        "32 04 0a 00 00 07"
                                                                        "36 04 0a 00 00 01"
                                                                        "38 02 6e 6f"
                                                                        "ff"));
}

}  // namespace
}  // namespace dhcp_client
