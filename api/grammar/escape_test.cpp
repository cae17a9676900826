// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/escape.hpp"

#include <gtest/gtest.h>

namespace api::grammar {
namespace {

TEST(Escape, KnowsUtf8) {
    EXPECT_TRUE(is_utf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"));
    for (const char* bad :
         {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x28\xa1"}) {
        EXPECT_FALSE(is_utf8(bad)) << bad;
    }
}

TEST(Escape, DisarmsTheTerminal) {
    EXPECT_EQ(escape_for_terminal("plain"), "plain");
    EXPECT_EQ(escape_for_terminal("\x1b[2J"), "\\x1b[2J");
    EXPECT_EQ(escape_for_terminal("\xc2\x9b"), "\\xc2\\x9b");
    EXPECT_EQ(escape_for_terminal("\xe2\x80\xae"), "\\xe2\\x80\\xae");
    EXPECT_EQ(escape_for_terminal("\xff"), "\\xff");
    EXPECT_EQ(escape_for_terminal("a\nb"), "a\\x0ab");
    EXPECT_EQ(escape_for_terminal("a\nb\tc\r", true), "a\nb\tc\\x0d");
    EXPECT_EQ(escape_for_terminal("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
}

TEST(Escape, WritesJsonStrings) {
    EXPECT_EQ(quote_json("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\u0001\"");
    EXPECT_EQ(quote_json("\xff\xc2\x9b\xc3\xbc"), "\"\\ufffd\\u009b\xc3\xbc\"");
}

TEST(Escape, CountsCharacters) {
    EXPECT_EQ(cells("gr\xc3\xbc\xc3\x9f"), 4u);
}

}  // namespace
}  // namespace api::grammar
