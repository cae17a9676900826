// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/pcapng.hpp"

#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <array>
#include <cstdio>
#include <memory>

#include "vnet/capture/testing/blocks.hpp"

namespace vnet::capture {
namespace {

using testing::Block;
using testing::read_blocks;

constexpr uint64_t time_ns = 1'700'000'000'123'456'789;

std::array<std::byte, 61> bytes_of(uint8_t fill) {
    std::array<std::byte, 61> bytes{};
    bytes.fill(std::byte{fill});
    return bytes;
}

TEST(Pcapng, SaysWhatTheSpecificationSays) {
    Pcapng file;
    file.section("Sluice", "of a test");
    EXPECT_EQ(file.interface(Pcapng::ethernet, 1500, "lan", "tap lan0", "icmp"), 0u);
    EXPECT_EQ(file.interface(Pcapng::raw_ip, 96, "router", "", ""), 1u);
    const auto bytes = bytes_of(7);
    file.packet({0, time_ns, 1000, bytes, Direction::inbound, {}});
    file.packet({1, time_ns + 1, 61, bytes, Direction::unknown, "dropped by x: y (z)"});
    file.statistics(0, {time_ns, time_ns + 5, 10, 1, 4, 3});

    const auto blocks = read_blocks(file.bytes());
    ASSERT_EQ(blocks.size(), 6u);
    EXPECT_EQ(blocks[0].type, testing::section);
    EXPECT_EQ(blocks[0].at<uint32_t>(0), 0x1a2b3c4du);
    EXPECT_EQ(blocks[0].options.at(4), "Sluice");
    EXPECT_EQ(blocks[0].options.at(1), "of a test");

    EXPECT_EQ(blocks[1].type, testing::interface);
    EXPECT_EQ(blocks[1].at<uint16_t>(0), Pcapng::ethernet);
    EXPECT_EQ(blocks[1].at<uint32_t>(4), 1500u);
    EXPECT_EQ(blocks[1].options.at(2), "lan");
    EXPECT_EQ(blocks[1].options.at(1), "tap lan0");
    EXPECT_EQ(blocks[1].options.at(9), std::string(1, 9)) << "nanoseconds";
    EXPECT_EQ(blocks[1].options.at(11), std::string("\0icmp", 5));
    EXPECT_EQ(blocks[2].at<uint16_t>(0), Pcapng::raw_ip);
    EXPECT_FALSE(blocks[2].options.contains(1));

    EXPECT_EQ(blocks[3].type, testing::packet);
    EXPECT_EQ(blocks[3].time_ns(), time_ns);
    EXPECT_EQ(blocks[3].at<uint32_t>(16), 1000u) << "as it was";
    EXPECT_EQ(blocks[3].packet().size(), 61u) << "as much as was kept";
    EXPECT_EQ(blocks[3].packet()[60], std::byte{7});
    EXPECT_EQ(blocks[3].option<uint32_t>(2), 1u) << "inbound";
    EXPECT_EQ(blocks[4].at<uint32_t>(0), 1u);
    EXPECT_EQ(blocks[4].options.at(1), "dropped by x: y (z)");
    EXPECT_FALSE(blocks[4].options.contains(2));

    EXPECT_EQ(blocks[5].type, testing::statistics);
    EXPECT_EQ(blocks[5].option<uint64_t>(4), 10u);
    EXPECT_EQ(blocks[5].option<uint64_t>(5), 1u);
    EXPECT_EQ(blocks[5].option<uint64_t>(6), 4u);
    EXPECT_EQ(blocks[5].option<uint64_t>(8), 3u);
}

TEST(Pcapng, KnowsTheSizeOfAPacketsBlock) {
    const auto bytes = bytes_of(1);
    for (const size_t size : {0, 1, 60, 61}) {
        for (const auto direction : {Direction::unknown, Direction::outbound}) {
            for (const char* comment : {"", "a", "four"}) {
                Pcapng file;
                const Pcapng::Packet packet{0,         time_ns, 61, std::span(bytes).first(size),
                                            direction, comment};
                file.packet(packet);
                EXPECT_EQ(file.bytes().size(), Pcapng::size_of(packet));
            }
        }
    }
}

TEST(Pcapng, IsReadByLibpcap) {
    Pcapng file;
    file.section("Sluice", "");
    file.interface(Pcapng::ethernet, 65535, "lan", "", "");
    file.interface(Pcapng::ethernet, 65535, "wan", "", "");
    for (uint8_t i = 0; i < 10; ++i) {
        const auto bytes = bytes_of(i);
        file.packet({i % 2u, time_ns + i, 61, bytes, Direction::outbound, i % 3 == 0 ? "x" : ""});
    }
    file.statistics(1, {});
    std::FILE* const stream = std::tmpfile();
    ASSERT_EQ(std::fwrite(file.bytes().data(), 1, file.bytes().size(), stream),
              file.bytes().size());
    std::rewind(stream);
    char error[PCAP_ERRBUF_SIZE];
    const std::unique_ptr<pcap_t, void (*)(pcap_t*)> reader(
        pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error),
        &pcap_close);
    ASSERT_NE(reader, nullptr) << error;
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    for (uint8_t i = 0; i < 10; ++i) {
        ASSERT_EQ(pcap_next_ex(reader.get(), &header, &bytes), 1) << pcap_geterr(reader.get());
        EXPECT_EQ(header->caplen, 61u);
        EXPECT_EQ(header->ts.tv_sec, 1'700'000'000);
        EXPECT_EQ(header->ts.tv_usec, 123'456'789 + i);
        EXPECT_EQ(bytes[60], i);
    }
    EXPECT_EQ(pcap_next_ex(reader.get(), &header, &bytes), PCAP_ERROR_BREAK);
}

}  // namespace
}  // namespace vnet::capture
