// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip4_options.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::packet;

struct Walk {
    std::vector<int> types;
    bool malformed = false;
    int pointer = 0;
    bool operator==(const Walk&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Walk& walk) {
    for (const int type : walk.types) {
        out << type << ' ';
    }
    return out << (walk.malformed ? "malformed at " + std::to_string(walk.pointer) : "");
}

Walk walk(std::span<const std::byte> bytes) {
    Walk result;
    Ip4OptionsCursor options(bytes);
    while (const auto option = options.next()) {
        result.types.push_back(static_cast<int>(option->type));
        EXPECT_EQ(bytes[option->offset], option->bytes[0]);
    }
    EXPECT_FALSE(options.next()) << "the end stays the end";
    result.malformed = options.malformed();
    result.pointer = options.malformed() ? options.error_pointer() : 0;
    return result;
}

TEST(Ip4Options, AsData) {
    const struct {
        const char* what;
        const char* options;
        Walk expected;
    } cases[] = {
        {"none", "", {}},
        {"end", "00", {}},
        {"no-operation only", "01010101", {}},
        {"rubbish behind the end", "01 00 ff ff", {}},
        {"router alert", "94 04 00 00", {{148}}},
        {"two", "01 94 04 00 00 01 88 04 00 01", {{148, 136}}},
        {"unknown, without data", "1e 02", {{30}}},
        {"type is the last octet", "01 01 01 07", {{}, true, 23}},
        {"length 0", "07 00 04 00", {{}, true, 21}},
        {"length 1", "1e 01 00 00", {{}, true, 21}},
        {"length beyond the header", "1e 05 00 00", {{}, true, 21}},
        {"second is wrong", "94 04 00 00 1e 09 00 00", {{148}, true, 25}},
        {"record route", "07 07 04 00000000", {{7}}},
        {"record route, full", "07 07 08 01020304", {{7}}},
        {"record route without a pointer", "07 02", {{}, true, 21}},
        {"pointer too low", "07 07 03 00000000", {{}, true, 22}},
        {"room for half an address", "07 07 05 00000000", {{}, true, 22}},
        {"loose source route", "83 07 04 01020304", {{131}}},
        {"strict source route, pointer 0", "89 07 00 01020304", {{}, true, 22}},
        {"timestamp", "44 0c 05 00 0000000000000000", {{68}}},
        {"timestamp with addresses", "44 0c 05 01 0000000000000000", {{68}}},
        {"timestamp, full", "44 0c 0d 01 0000000000000000", {{68}}},
        {"timestamp too short", "44 03 05 00", {{}, true, 21}},
        {"timestamp's flag", "44 08 05 02 00000000", {{}, true, 23}},
        {"timestamp's pointer", "44 08 04 00 00000000", {{}, true, 22}},
        {"timestamp, no room for an address", "44 08 05 01 00000000", {{}, true, 22}},
        {"router alert's length", "94 03 00 00", {{}, true, 21}},
        {"security's length", "82 02 00 00", {{}, true, 21}},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(walk(packet().ip4().options(from_hex(c.options)).payload(4).bytes()), c.expected)
            << c.what;
    }
}

TEST(Ip4Options, FortyOctetsAreWalked) {
    Bytes octets(40, std::byte{1});
    octets[38] = std::byte{30};
    octets[39] = std::byte{2};
    EXPECT_EQ(walk(packet().ip4().options(octets).bytes()), (Walk{{30}, false, 0}));
}

TEST(Ip4Options, DoNotReachIntoThePayload) {
    // The option would be whole if the payload belonged to the header.
    const auto bytes = packet().ip4().options(from_hex("01 1e 08 00")).payload(16).bytes();
    EXPECT_EQ(walk(bytes), (Walk{{}, true, 22}));
}

TEST(Ip4Options, HeadersThatDoNotFit) {
    const Walk wrong{{}, true, 0};
    EXPECT_EQ(walk({}), wrong);
    EXPECT_EQ(walk(packet().ip4().truncate(19).bytes()), wrong);
    EXPECT_EQ(walk(packet().ip4().header_words(4).bytes()), wrong);
    EXPECT_EQ(walk(packet().ip4().header_words(6).bytes()), wrong);
}

TEST(Ip4Options, RandomOctetsStayInside) {
    std::mt19937 random(1);
    for (int round = 0; round < 20000; ++round) {
        Bytes octets(random() % 41);
        for (auto& octet : octets) {
            octet = static_cast<std::byte>(random() % 3 == 0 ? random() % 12 : random());
        }
        const auto bytes = packet().ip4().options(octets).bytes();
        Ip4OptionsCursor options(bytes);
        std::size_t end = sizeof(Ip4Header);
        while (const auto option = options.next()) {
            ASSERT_GE(option->offset, end);
            ASSERT_GE(option->bytes.size(), 2U);
            end = option->offset + option->bytes.size();
            ASSERT_LE(end, bytes.size());
        }
        if (options.malformed()) {
            ASSERT_GE(options.error_pointer(), 20);
            ASSERT_LT(options.error_pointer(), bytes.size());
        }
    }
}

TEST(Ip4Option, CopiedAndSourceRoute) {
    Ip4Option option;
    option.type = Ip4OptionType::loose_source_route;
    EXPECT_TRUE(option.is_copied() && option.is_source_route());
    option.type = Ip4OptionType::record_route;
    EXPECT_FALSE(option.is_copied() || option.is_source_route());
}

}  // namespace
}  // namespace vnet::wire
