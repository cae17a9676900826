// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/filters.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "api/grammar/printer.hpp"

namespace cli {
namespace {

using api::grammar::Printer;
using api::grammar::Row;
using api::grammar::Shape;

/// What becomes of lines, or of the values of an array.
std::string pass(const std::string& line, Shape::Kind kind = Shape::Kind::lines) {
    std::ostringstream out;
    Printer printer(out, {});
    Filters filters(*parse_pipeline(line), printer);
    filters.head().begin({kind, {}});
    for (const char* text : {"one lan", "two wan", "three"}) {
        filters.head().row({{}, text});
    }
    filters.head().finish();
    return out.str();
}

TEST(Filters, PassLines) {
    EXPECT_EQ(pass("x"), "one lan\ntwo wan\nthree\n");
    EXPECT_EQ(pass("x | match wan$"), "two wan\n");
    EXPECT_EQ(pass("x | match '(o|w)' | match lan"), "one lan\n");
    EXPECT_EQ(pass("x | exclude an"), "three\n");
    EXPECT_EQ(pass("x | begin w"), "two wan\nthree\n");
    EXPECT_EQ(pass("x | count"), "3\n");
    EXPECT_EQ(pass("x | match lan | count"), "1\n");
    EXPECT_EQ(pass("x | first 2"), "one lan\ntwo wan\n");
    EXPECT_EQ(pass("x | first 0"), "");
    EXPECT_EQ(pass("x | last 1"), "three\n");
    EXPECT_EQ(pass("x | last 2 | first 1"), "two wan\n");
}

TEST(Filters, LeaveAnArrayWhole) {
    EXPECT_EQ(pass("x | match an", Shape::Kind::array), "[\n one lan\n,two wan\n]\n");
    EXPECT_EQ(pass("x | last 1", Shape::Kind::array), "[\n three\n]\n");
    EXPECT_EQ(pass("x | match nothing", Shape::Kind::array), "[\n]\n");
    EXPECT_EQ(pass("x | count", Shape::Kind::array), "3\n");
}

TEST(SortsBefore, ComparesNumbersWithinTexts) {
    EXPECT_TRUE(sorts_before("lan2", "lan10"));
    EXPECT_FALSE(sorts_before("lan10", "lan2"));
    EXPECT_TRUE(sorts_before("10.0.9.0/24", "10.0.10.0/24"));
    EXPECT_TRUE(sorts_before("10.0.0.0/8", "10.0.0.0/16"));
    EXPECT_TRUE(sorts_before("a", "b"));
    EXPECT_TRUE(sorts_before("a", "aa"));
    EXPECT_FALSE(sorts_before("a", "a"));
    EXPECT_TRUE(sorts_before("007", "8"));
}

}  // namespace
}  // namespace cli
