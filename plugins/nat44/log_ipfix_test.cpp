// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/log_ipfix.hpp"

#include <gtest/gtest.h>

#include "graph/testing/wait.hpp"
#include "vnet/ipfix/testing/collector.hpp"

namespace nat44 {
namespace {

using vnet::ipfix::testing::Collector;
using vnet::ipfix::testing::Reader;
using vnet::wire::Ip4Address;

constexpr uint64_t time_ms = 1'700'000'000'123;
constexpr Ip4Address inside(10, 0, 0, 1);
constexpr Ip4Address outside(192, 0, 2, 1);
constexpr Ip4Address remote_inside(10, 9, 9, 9);
constexpr Ip4Address remote(198, 51, 100, 1);

/// All fields are something.
LogRecord record(LogKind kind) {
    LogRecord record;
    record.time_ns = time_ms * 1'000'000 + 999'999;
    record.kind = kind;
    record.protocol = 17;
    record.inside_port = 4000;
    record.outside_port = 5000;
    record.remote_inside_port = 80;
    record.remote_port = 8080;
    record.block_first = 1024;
    record.block_last = 2047;
    record.inside = inside;
    record.outside = outside;
    record.remote_inside = remote_inside;
    record.remote = remote;
    record.inside_vrf = 3;
    record.outside_vrf = 4;
    record.pool = 5;
    record.limit = 100'000;
    record.suppressed = 6;
    return record;
}

/// What a collector makes of a record.
Reader::Record sent(LogKind kind, Destinations destinations = Destinations::left_out) {
    graph::Control control;
    Collector collector;
    vnet::ipfix::Exporter::Options options;
    options.destination = boost::asio::ip::make_address("127.0.0.1");
    options.port = collector.port();
    auto exporter = vnet::ipfix::Exporter::create(control, options, log_templates(destinations));
    EXPECT_TRUE(exporter.ok()) << exporter.status();
    const LogRecord told = record(kind);
    export_records(**exporter, {&told, 1}, destinations);
    (*exporter)->flush();
    std::vector<Reader::Record> records;
    EXPECT_TRUE(graph::testing::eventually([&] {
        if (const auto message = collector.next()) {
            for (const auto& [id, each] : message->records) {
                records.push_back(each);
            }
        }
        return !records.empty();
    }));
    EXPECT_EQ(records.size(), 1u);
    return records.at(0);
}

// The numbers are those of RFC 8158 and of IANA's registry, once more.

TEST(LogIpfix, SessionsWithoutDestinations) {
    Reader::Record expected{{323, time_ms}, {230, 4},  {8, inside.value()}, {225, outside.value()},
                            {4, 17},        {7, 4000}, {227, 5000},         {234, 3},
                            {235, 4}};
    EXPECT_EQ(sent(LogKind::session_created), expected);
    expected[230] = 5;
    EXPECT_EQ(sent(LogKind::session_deleted), expected);
}

TEST(LogIpfix, SessionsWithDestinations) {
    Reader::Record expected{{323, time_ms},
                            {230, 4},
                            {8, inside.value()},
                            {225, outside.value()},
                            {4, 17},
                            {7, 4000},
                            {227, 5000},
                            {11, 80},
                            {12, remote_inside.value()},
                            {226, remote.value()},
                            {228, 8080},
                            {234, 3},
                            {235, 4}};
    EXPECT_EQ(sent(LogKind::session_created, Destinations::told), expected);
    expected[230] = 5;
    EXPECT_EQ(sent(LogKind::session_deleted, Destinations::told), expected);
}

TEST(LogIpfix, Mappings) {
    Reader::Record expected{{323, time_ms}, {230, 8},  {8, inside.value()}, {225, outside.value()},
                            {4, 17},        {7, 4000}, {227, 5000},         {234, 3},
                            {235, 4}};
    EXPECT_EQ(sent(LogKind::mapping_created), expected);
    expected[230] = 9;
    EXPECT_EQ(sent(LogKind::mapping_deleted), expected);
}

TEST(LogIpfix, PortBlocks) {
    Reader::Record expected{{323, time_ms},
                            {230, 16},
                            {8, inside.value()},
                            {225, outside.value()},
                            {361, 1024},
                            {362, 2047},
                            {363, 1},
                            {234, 3},
                            {235, 4}};
    EXPECT_EQ(sent(LogKind::block_allocated), expected);
    expected[230] = 17;
    EXPECT_EQ(sent(LogKind::block_released), expected);
}

TEST(LogIpfix, Refusals) {
    EXPECT_EQ(sent(LogKind::addresses_exhausted),
              (Reader::Record{{323, time_ms}, {230, 3}, {283, 5}}));
    EXPECT_EQ(
        sent(LogKind::ports_exhausted),
        (Reader::Record{{323, time_ms}, {230, 12}, {225, outside.value()}, {4, 17}, {283, 5}}));
    EXPECT_EQ(sent(LogKind::sessions_exceeded),
              (Reader::Record{{323, time_ms}, {230, 13}, {466, 1}, {471, 100'000}}));
    EXPECT_EQ(sent(LogKind::mappings_exceeded),
              (Reader::Record{{323, time_ms}, {230, 13}, {466, 2}, {472, 100'000}}));
    EXPECT_EQ(
        sent(LogKind::user_exceeded),
        (Reader::Record{
            {323, time_ms}, {230, 13}, {466, 3}, {473, 100'000}, {8, inside.value()}, {234, 3}}));
}

}  // namespace
}  // namespace nat44
