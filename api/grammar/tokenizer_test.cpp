// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/tokenizer.hpp"

#include <gmock/gmock.h>

#include <random>

namespace api::grammar {
namespace {

std::vector<std::string> words(std::string_view line) {
    std::vector<std::string> out;
    for (const Token& token : scan(line).tokens) {
        out.push_back(token.text);
    }
    return out;
}

using ::testing::ElementsAre;

TEST(Tokenizer, CutsAtBlanks) {
    EXPECT_THAT(words("  show\troute  "), ElementsAre("show", "route"));
    EXPECT_THAT(words(""), ElementsAre());
}

TEST(Tokenizer, TakesQuotesAndEscapes) {
    EXPECT_THAT(words(R"(a "b c" 'd "e' f\ g)"), ElementsAre("a", "b c", "d \"e", "f g"));
    EXPECT_THAT(words(R"("\n\t\x41\"\\\q" '\n')"), ElementsAre("\n\tA\"\\q", "\\n"));
    EXPECT_THAT(words(R"(pre"fix"ed "")"), ElementsAre("prefixed", ""));
}

TEST(Tokenizer, EndsAtAComment) {
    EXPECT_THAT(words("show # all"), ElementsAre("show"));
    EXPECT_THAT(words("a#b '#c'"), ElementsAre("a#b", "#c"));
    EXPECT_TRUE(scan("a # 'b").comment);
}

TEST(Tokenizer, CutsOutBars) {
    const std::vector<Token> tokens = scan("show|json '|'").tokens;
    ASSERT_EQ(tokens.size(), 4u);
    EXPECT_TRUE(tokens[1].bar);
    EXPECT_FALSE(tokens[3].bar);
}

TEST(Tokenizer, TellsWhereWordsStand) {
    const std::vector<Token> tokens = scan(" ab  'c d'").tokens;
    EXPECT_EQ(tokens[0].begin, 1u);
    EXPECT_EQ(tokens[0].end, 3u);
    EXPECT_EQ(tokens[1].begin, 5u);
    EXPECT_EQ(tokens[1].end, 10u);
    EXPECT_FALSE(tokens[0].quoted);
    EXPECT_TRUE(tokens[1].quoted);
}

TEST(Tokenizer, RefusesAnOpenQuote) {
    EXPECT_EQ(tokenize("a 'b").status().message(),
              "the quote ' is not closed before the line ends");
    EXPECT_EQ(tokenize("a \\").status().message(),
              "the line ends in a backslash: a character must follow");
}

TEST(Tokenizer, QuotesOnlyWhereNeeded) {
    EXPECT_EQ(quote("net_af_packet0,iface=veth0"), "net_af_packet0,iface=veth0");
    EXPECT_EQ(quote(""), "\"\"");
    EXPECT_EQ(quote("a b"), "\"a b\"");
    EXPECT_EQ(quote("#x"), "\"#x\"");
    EXPECT_EQ(quote("\x1b\n"), "\"\\x1b\\n\"");
}

TEST(Tokenizer, ReadsBackWhatItQuotes) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 12, ' ');
        for (char& c : text) {
            c = static_cast<char>(random() % 256);
        }
        EXPECT_THAT(words(quote(text)), ElementsAre(text));
    }
}

}  // namespace
}  // namespace api::grammar
