// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/capture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "vnet/wire/testing/packets.hpp"

namespace pg {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;

class CaptureTest : public ::testing::Test {
protected:
    CaptureTest() : directory_(::mkdtemp(template_)) {}
    ~CaptureTest() override { fs::remove_all(directory_); }

    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    std::string refusal(const std::string& file) {
        return std::string(Capture::read(file).status().message());
    }
    /// A capture of packets of these sizes.
    std::string make(const std::string& name, const std::vector<size_t>& sizes) {
        auto writer = CaptureWriter::create(path(name));
        EXPECT_TRUE(writer.ok()) << writer.status();
        uint64_t time_ns = 1'700'000'000'123'456'789;
        for (const size_t size : sizes) {
            writer->write(Bytes(size, std::byte(size)), time_ns++);
        }
        EXPECT_TRUE(writer->flush().ok());
        return path(name);
    }
    std::string text(const std::string& file) {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    char template_[32] = "/tmp/sluice-pg-XXXXXX";
    std::string directory_;
};

TEST_F(CaptureTest, WhatIsWrittenIsRead) {
    const auto capture = Capture::read(make("a.pcap", {60, 1514, 14, 2048}));
    ASSERT_TRUE(capture.ok()) << capture.status();
    ASSERT_EQ(capture->size(), 4U);
    EXPECT_EQ(capture->left_out(), 0U);
    EXPECT_EQ(capture->packet(1).size(), 1514U);
    EXPECT_EQ(capture->packet(1)[7], std::byte(1514 & 0xff));
}

TEST_F(CaptureTest, ReadsPcapng) {
    // Section header, interface description of Ethernet, one simple packet block of 16 bytes.
    const uint32_t blocks[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff, 28,
                               1,          20, 1,          65535,      20,         3,          32,
                               16,         1,  2,          3,          4,          32};
    std::ofstream(path("a.pcapng"), std::ios::binary)
        .write(reinterpret_cast<const char*>(blocks), sizeof(blocks));
    const auto capture = Capture::read(path("a.pcapng"));
    ASSERT_TRUE(capture.ok()) << capture.status();
    ASSERT_EQ(capture->size(), 1U);
    EXPECT_EQ(capture->packet(0).size(), 16U);
    EXPECT_EQ(capture->packet(0)[4], std::byte(2));
}

TEST_F(CaptureTest, WhatDoesNotFitIsLeftOut) {
    const auto capture = Capture::read(make("a.pcap", {60, 2049, 13, 9000}));
    ASSERT_TRUE(capture.ok());
    EXPECT_EQ(capture->size(), 1U);
    EXPECT_EQ(capture->left_out(), 3U);
    EXPECT_THAT(refusal(make("b.pcap", {9000})), HasSubstr("no packet to send: 1 were left out"));
    EXPECT_THAT(refusal(make("c.pcap", {})), HasSubstr("no packet to send"));
}

TEST_F(CaptureTest, BadFilesAreRefused) {
    EXPECT_THAT(refusal(path("missing")), AllOf(HasSubstr("missing"), HasSubstr("No such file")));
    EXPECT_THAT(refusal(directory_), HasSubstr("no ordinary file"));
    ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
    EXPECT_THAT(refusal(path("pipe")), HasSubstr("no ordinary file"));
    std::ofstream(path("text")) << "this is no capture at all, but long enough for a header";
    EXPECT_THAT(refusal(path("text")), HasSubstr("is no capture"));
    std::ofstream(path("empty"));
    EXPECT_THAT(refusal(path("empty")), HasSubstr("is no capture"));
}

TEST_F(CaptureTest, ADamagedFileIsRefused) {
    const std::string file = make("a.pcap", {60, 60});
    fs::resize_file(file, fs::file_size(file) - 10);
    EXPECT_THAT(refusal(file), HasSubstr("damaged behind packet 1"));
}

TEST_F(CaptureTest, AnotherLinkTypeIsRefused) {
    std::string bytes = text(make("a.pcap", {60}));
    const uint32_t raw = 101;
    std::memcpy(bytes.data() + 20, &raw, sizeof(raw));
    std::ofstream(path("raw"), std::ios::binary) << bytes;
    EXPECT_THAT(refusal(path("raw")), AllOf(HasSubstr("RAW"), HasSubstr("only Ethernet")));
}

TEST_F(CaptureTest, AFileTooLargeIsRefused) {
    const std::string file = make("a.pcap", {60});
    fs::resize_file(file, Capture::largest_file + 1);
    EXPECT_THAT(refusal(file), HasSubstr("up to 256 MB"));
}

TEST_F(CaptureTest, TimesAreInNanoseconds) {
    const std::string bytes = text(make("a.pcap", {60}));
    uint32_t words[8];
    std::memcpy(words, bytes.data(), sizeof(words));
    EXPECT_EQ(words[0], 0xa1b23c4dU);
    EXPECT_EQ(words[6], 1'700'000'000U);
    EXPECT_EQ(words[7], 123'456'789U);
}

TEST_F(CaptureTest, WhereNothingCanBeWrittenASentenceSaysSo) {
    EXPECT_THAT(CaptureWriter::create(path("no/such/folder")).status().message(),
                HasSubstr("cannot be written"));
    EXPECT_THAT(CaptureWriter::create(directory_).status().message(),
                HasSubstr("cannot be written"));
    EXPECT_THAT(CaptureWriter::create("/dev/null").status().message(),
                HasSubstr("no ordinary file"));
}

}  // namespace
}  // namespace pg
