// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/stamp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plugins::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* whole =
    "product=1.2.3\nheaders=abc\ncompiler=GNU-12\nsanitizers=none\nproto=a/b.proto\n";

TEST(Stamp, IsReadLineByLine) {
    const auto stamp = Stamp::parse(whole);
    ASSERT_TRUE(stamp.ok());
    EXPECT_EQ(stamp->product, "1.2.3");
    EXPECT_EQ(stamp->headers, "abc");
    EXPECT_EQ(stamp->compiler, "GNU-12");
    EXPECT_EQ(stamp->sanitizers, "none");
    EXPECT_THAT(stamp->protos, ElementsAre("a/b.proto"));
}

TEST(Stamp, KeysOfLaterTimesAreLeftAlone) {
    EXPECT_TRUE(Stamp::parse(std::string(whole) + "colour=blue\nnonsense").ok());
}

TEST(Stamp, IsRefusedWhereAPartIsMissing) {
    EXPECT_THAT(Stamp::parse("product=1\nheaders=abc\n").status().message(),
                HasSubstr("without product, headers"));
    EXPECT_FALSE(Stamp::parse("").ok());
}

TEST(Stamp, IsRefusedWhereItIsNoText) {
    EXPECT_THAT(Stamp::parse(std::string(whole) + '\x07').status().message(),
                HasSubstr("is no text"));
    EXPECT_THAT(Stamp::parse(std::string(10'000, 'a')).status().message(), HasSubstr("is no text"));
}

TEST(Stamp, AMismatchSaysWhichVersionsMeet) {
    const Stamp plugin = *Stamp::parse(whole);
    Stamp host = plugin;
    EXPECT_TRUE(plugin.matches(host, "x").ok());
    host.product = "2.0.0";
    host.headers = "def";
    const auto status = plugin.matches(host, "x");
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(status.message(),
              "plugin 'x' was built for sluice 1.2.3 (headers abc, compiler GNU-12, sanitizers "
              "none), and this is sluice "
              "2.0.0 (headers def, compiler GNU-12, sanitizers none); build it again for this one");
}

TEST(Stamp, EachPartCounts) {
    const Stamp plugin = *Stamp::parse(whole);
    for (std::string Stamp::*part :
         {&Stamp::product, &Stamp::headers, &Stamp::compiler, &Stamp::sanitizers}) {
        Stamp host = plugin;
        host.*part = "other";
        EXPECT_FALSE(plugin.matches(host, "x").ok());
    }
}

TEST(Stamp, TheHostHasOne) {
    EXPECT_FALSE(Stamp::own().headers.empty());
}

}  // namespace
}  // namespace plugins::host
