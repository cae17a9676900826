// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/ambiguity.hpp"

#include <gtest/gtest.h>

#include "api/grammar/testing/fixture.hpp"

namespace api::grammar {
namespace {

/// What the registration of these commands, in this order, is refused with; "" if it is not.
std::string verdict(const std::vector<std::string>& commands) {
    const TextForms forms;
    const testing::TinySchema schema(commands);
    Grammar grammar(forms);
    return std::string(grammar.add_service(schema.service()).message());
}

TEST(Ambiguity, LetsDifferentCommandsBe) {
    EXPECT_EQ(verdict({"show x", "show y", "show x y", "show x <n>"}), "");
    EXPECT_EQ(verdict({"show <n>", "show all"}), "");
    EXPECT_EQ(verdict({"x <two-words>", "x <n>"}), "");
    EXPECT_EQ(verdict({"x <list>... ", "y <list>..."}), "");
    EXPECT_EQ(verdict({"x [n <n>] [b <b>]"}), "");
    EXPECT_EQ(verdict({"x [<n>] [b <b>]"}), "");
}

TEST(Ambiguity, FindsALineThatTwoAccept) {
    EXPECT_EQ(verdict({"show x", "show x"}),
              "the command 'show x' of tiny.Tiny.M2 clashes with 'show x' of tiny.Tiny.M1: both "
              "accept the line "
              "'show x'");
    EXPECT_EQ(verdict({"show <a>", "show all"}),
              "the command 'show all' of tiny.Tiny.M2 clashes with 'show <a>' of tiny.Tiny.M1: "
              "both accept the "
              "line 'show all'");
    EXPECT_EQ(verdict({"x [a <a>] b <b>", "x b <b> [n <n>]"}),
              "the command 'x b <b> [n <n>]' of tiny.Tiny.M2 clashes with 'x [a <a>] b <b>' of "
              "tiny.Tiny.M1: both "
              "accept the line 'x b text'");
    EXPECT_NE(verdict({"x <list>...", "x y z <b>"}), "");
    EXPECT_NE(verdict({"x <two_words>", "x off"}), "");
}

TEST(Ambiguity, FindsALineThatOneReadsTwice) {
    EXPECT_EQ(verdict({"x [<a>] [<b>]"}),
              "the command 'x [<a>] [<b>]' of tiny.Tiny.M1 is ambiguous: it can read the line 'x "
              "text' in two ways");
    EXPECT_NE(verdict({"x [y <a>] [y <b>]"}), "");
    EXPECT_NE(verdict({"x [<a>] <list>..."}), "");
}

}  // namespace
}  // namespace api::grammar
