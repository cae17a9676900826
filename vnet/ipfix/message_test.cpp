// SPDX-License-Identifier: Apache-2.0
#include "vnet/ipfix/message.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "vnet/ipfix/elements.hpp"
#include "vnet/ipfix/testing/reader.hpp"

namespace vnet::ipfix {
namespace {

using wire::Ip4Address;

constexpr Layout flow(256, elements::source_ipv4_address, elements::source_transport_port,
                      elements::protocol_identifier);
constexpr Layout moment(258, elements::observation_time_milliseconds, elements::max_bib_entries);

std::vector<std::byte> bytes_of(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}
std::vector<std::byte> hex(std::initializer_list<unsigned> values) {
    std::vector<std::byte> bytes;
    for (const unsigned value : values) {
        bytes.push_back(std::byte(value));
    }
    return bytes;
}

TEST(IpfixLayout, DeclaresItsFields) {
    const Template declared = flow.declaration();
    EXPECT_EQ(declared.id, 256);
    EXPECT_EQ(declared.fields, (std::vector<Field>{{8, 4}, {7, 2}, {4, 1}}));
    EXPECT_EQ(declared.record_bytes(), 7u);
    EXPECT_EQ(declared.bytes(), 16u);
    static_assert(flow.record_bytes == 7);
}

TEST(IpfixLayout, PutsValuesInNetworkOrder) {
    EXPECT_EQ(bytes_of(flow.record(Ip4Address(192, 0, 2, 1), 0x1234, 17)),
              hex({192, 0, 2, 1, 0x12, 0x34, 17}));
    EXPECT_EQ(bytes_of(moment.record(0x0102030405060708, 0x090a0b0c)),
              hex({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(IpfixMessage, IsAsRfc7011Says) {
    Message message(1400);
    EXPECT_TRUE(message.empty());
    ASSERT_TRUE(message.add(flow.declaration()));
    ASSERT_TRUE(message.add(moment.declaration()));
    ASSERT_TRUE(message.add(256, flow.record(Ip4Address(10, 0, 0, 1), 4000, 6)));
    ASSERT_TRUE(message.add(256, flow.record(Ip4Address(10, 0, 0, 2), 4001, 17)));
    ASSERT_TRUE(message.add(258, moment.record(1, 2)));
    ASSERT_TRUE(message.add(256, flow.record(Ip4Address(10, 0, 0, 3), 4002, 1)));
    EXPECT_EQ(message.records(), 4u);
    EXPECT_EQ(bytes_of(message.finish({0x65432100, 0xfffffffe, 7})),
              hex({
                  0x00, 0x0a, 0x00, 0x5d,                          // version 10, 93 bytes
                  0x65, 0x43, 0x21, 0x00, 0xff, 0xff, 0xff, 0xfe,  // time, sequence
                  0x00, 0x00, 0x00, 0x07,                          // domain
                  0x00, 0x02, 0x00, 0x20,                          // templates, 32 bytes
                  0x01, 0x00, 0x00, 0x03,                          // 256, three fields
                  0x00, 0x08, 0x00, 0x04, 0x00, 0x07, 0x00, 0x02,
                  0x00, 0x04, 0x00, 0x01, 0x01, 0x02, 0x00, 0x02,  // 258, two fields
                  0x01, 0x43, 0x00, 0x08, 0x01, 0xd8, 0x00, 0x04,  //
                  0x01, 0x00, 0x00, 0x12,                          // records of 256, 18 bytes
                  0x0a, 0x00, 0x00, 0x01, 0x0f, 0xa0, 0x06,        //
                  0x0a, 0x00, 0x00, 0x02, 0x0f, 0xa1, 0x11,        //
                  0x01, 0x02, 0x00, 0x10,                          // records of 258, 16 bytes
                  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
                  0x00, 0x00, 0x00, 0x02, 0x01, 0x00, 0x00, 0x0b,  // records of 256, 11 bytes
                  0x0a, 0x00, 0x00, 0x03, 0x0f, 0xa2, 0x01,        //
              }));
}

TEST(IpfixMessage, BeginsAnew) {
    Message message(1400);
    ASSERT_TRUE(message.add(256, flow.record(Ip4Address(10, 0, 0, 1), 4000, 6)));
    const auto before = bytes_of(message.finish({1, 2, 3}));
    message.clear();
    EXPECT_TRUE(message.empty());
    EXPECT_EQ(message.records(), 0u);
    ASSERT_TRUE(message.add(256, flow.record(Ip4Address(10, 0, 0, 1), 4000, 6)));
    EXPECT_EQ(bytes_of(message.finish({1, 2, 3})), before);
}

TEST(IpfixMessage, IsNeverLongerThanItMay) {
    // A header, a set's header and two records of seven bytes; then with one byte less.
    for (const size_t most : {34, 33}) {
        Message message(most);
        const auto record = flow.record(Ip4Address(10, 0, 0, 1), 4000, 6);
        EXPECT_TRUE(message.add(256, record));
        EXPECT_EQ(message.add(256, record), most == 34);
        EXPECT_FALSE(message.add(256, record));
        EXPECT_FALSE(message.add(258, moment.record(1, 2)));
        EXPECT_FALSE(message.add(flow.declaration()));
        EXPECT_EQ(message.records(), most == 34 ? 2u : 1u);
        const auto bytes = message.finish({1, 2, 3});
        EXPECT_LE(bytes.size(), most);
        testing::Reader reader;
        EXPECT_THROW(reader.read(bytes), std::runtime_error) << "the template is not known";
    }
}

TEST(IpfixMessage, IsReadBack) {
    testing::Reader reader;
    Message message(512);
    ASSERT_TRUE(message.add(flow.declaration()));
    EXPECT_EQ(reader.read(message.finish({})).templates, std::vector<uint16_t>{256});
    message.clear();
    unsigned added = 0;
    while (message.add(256, flow.record(Ip4Address(added), uint16_t(added), uint8_t(added)))) {
        ++added;
    }
    EXPECT_EQ(added, (512u - 16 - 4) / 7);
    const auto read = reader.read(message.finish({100, 200, 300}));
    EXPECT_EQ(read.export_time, 100u);
    EXPECT_EQ(read.sequence, 200u);
    EXPECT_EQ(read.domain, 300u);
    ASSERT_EQ(read.records.size(), added);
    for (unsigned i = 0; i < added; ++i) {
        EXPECT_EQ(read.records[i].first, 256);
        EXPECT_EQ(read.records[i].second, (testing::Reader::Record{{8, i}, {7, i}, {4, i}}));
    }
}

}  // namespace
}  // namespace vnet::ipfix
