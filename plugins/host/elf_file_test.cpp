// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/elf_file.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

namespace plugins::host {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> good() {
    std::ifstream file(TEST_PLUGINS "/good.so", std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    std::vector<std::byte> result(bytes.size());
    std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
}

std::string refusal(std::span<const std::byte> bytes) {
    return std::string(ElfFile::read(bytes).status().message());
}

TEST(ElfFile, FindsSectionsAndSymbols) {
    const auto bytes = good();
    const auto elf = ElfFile::read(bytes);
    ASSERT_TRUE(elf.ok()) << elf.status();
    EXPECT_TRUE(elf->section(".sluice.stamp"));
    EXPECT_TRUE(elf->section(".sluice.descriptors"));
    EXPECT_FALSE(elf->section(".no.such"));
    EXPECT_TRUE(elf->exports("sluice_plugin_register"));
    EXPECT_FALSE(elf->exports("AddDescriptorsRunner"));
    EXPECT_TRUE(elf->wants("AddDescriptorsRunner"));
    EXPECT_FALSE(elf->wants("sluice_plugin_register"));
}

TEST(ElfFile, AnyOtherFileIsRefused) {
    EXPECT_THAT(refusal({}), HasSubstr("not an ELF object"));
    EXPECT_THAT(refusal(std::as_bytes(std::span("#!/bin/sh\n"))), HasSubstr("not an ELF object"));
}

TEST(ElfFile, ATruncatedFileIsRefusedAtEveryLength) {
    const auto bytes = good();
    for (size_t size = 4; size < bytes.size(); size += 1 + size / 50) {
        EXPECT_THAT(refusal(std::span(bytes).first(size)), HasSubstr("truncated")) << size;
    }
}

TEST(ElfFile, AnotherMachineIsRefused) {
    auto bytes = good();
    bytes[offsetof(Elf64_Ehdr, e_machine)] = std::byte{EM_AARCH64};
    EXPECT_THAT(refusal(bytes), HasSubstr("another machine"));
}

TEST(ElfFile, AnExecutableIsRefused) {
    auto bytes = good();
    bytes[offsetof(Elf64_Ehdr, e_type)] = std::byte{ET_EXEC};
    EXPECT_THAT(refusal(bytes), HasSubstr("no shared object"));
}

TEST(ElfFile, StrippedSectionHeadersAreRefused) {
    auto bytes = good();
    std::memset(&bytes[offsetof(Elf64_Ehdr, e_shnum)], 0, sizeof(Elf64_Half));
    EXPECT_THAT(refusal(bytes), HasSubstr("no section headers"));
}

TEST(ElfFile, DamagedHeadersNeverReadBeyondTheFile) {
    // The sanitizers watch; here only that it ends.
    const auto whole = good();
    std::mt19937 random(1);
    Elf64_Ehdr header;
    std::memcpy(&header, whole.data(), sizeof(header));
    for (int i = 0; i < 2000; ++i) {
        auto bytes = whole;
        const size_t tables[] = {0, header.e_phoff, header.e_shoff};
        for (int j = 0; j < 4; ++j) {
            bytes[(tables[random() % 3] + random() % 600) % bytes.size()] = std::byte(random());
        }
        if (const auto elf = ElfFile::read(bytes); elf.ok()) {
            (void)elf->section(".sluice.stamp");
            (void)elf->exports("x");
        }
    }
}

}  // namespace
}  // namespace plugins::host
