// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "api/grammar/grammar.hpp"
#include "api/grammar/testing/fixture.hpp"

namespace api::grammar {
namespace {

using ::testing::ElementsAre;

class CompleteTest : public ::testing::Test {
protected:
    CompleteTest() { schema_.add_to(grammar_); }

    std::vector<std::string> texts(std::string_view line) {
        std::vector<std::string> out;
        for (const Candidate& candidate : grammar_.complete(line).candidates) {
            out.push_back(candidate.text);
        }
        return out;
    }

    std::string help(std::string_view line, std::string_view text) {
        for (const Candidate& candidate : grammar_.complete(line).candidates) {
            if (candidate.text == text) {
                return candidate.help;
            }
        }
        return "(no candidate)";
    }

    TextForms forms_;
    testing::DynamicSchema schema_;
    Grammar grammar_{forms_};
};

TEST_F(CompleteTest, OffersWords) {
    EXPECT_THAT(texts(""), ElementsAre("add", "set", "show", "watch"));
    EXPECT_THAT(texts("s"), ElementsAre("set", "show"));
    EXPECT_THAT(texts("sh r"), ElementsAre("route"));
    EXPECT_THAT(texts("show graph "), ElementsAre());
    EXPECT_THAT(texts("nonsense "), ElementsAre());
}

TEST_F(CompleteTest, OffersValues) {
    EXPECT_THAT(texts("set interface lan state "), ElementsAre("down", "up"));
    EXPECT_THAT(texts("set interface lan state d"), ElementsAre("down"));
    EXPECT_THAT(texts("add route 10.0.0.0/8 "), ElementsAre("via", "blackhole", "not-here"));
    EXPECT_THAT(texts("show route "), ElementsAre("match", "<prefix>"));
    const Completion completion =
        grammar_.complete("add route 10.0.0.0/8 via 10.0.0.1 interface l");
    ASSERT_EQ(completion.candidates.size(), 1u);
    EXPECT_TRUE(completion.candidates[0].placeholder);
    EXPECT_EQ(completion.candidates[0].values_from, "sluice.grammar.testing.Interfaces.List:name");
    EXPECT_EQ(completion.partial, "l");
    EXPECT_EQ(completion.begin, 44u);
}

TEST_F(CompleteTest, OffersTheOptionsThatAreLeft) {
    EXPECT_THAT(texts("add route 10.0.0.0/8 via 10.0.0.1 "),
                ElementsAre("interface", "preference"));
    EXPECT_THAT(texts("add route 10.0.0.0/8 via 10.0.0.1 preference 7 "), ElementsAre("interface"));
    EXPECT_THAT(texts("add route 10.0.0.0/8 via 10.0.0.1 preference 7 interface lan "),
                ElementsAre());
}

TEST_F(CompleteTest, OffersNoWordsWithinQuotes) {
    EXPECT_THAT(texts("show \"ro"), ElementsAre());
    EXPECT_THAT(texts("show interface \"la"), ElementsAre("<interface>", "<name>"));
    EXPECT_EQ(grammar_.complete("show interface \"la").partial, "la");
}

TEST_F(CompleteTest, TellsWhetherTheLineIsWhole) {
    EXPECT_TRUE(grammar_.complete("show route ").whole);
    EXPECT_FALSE(grammar_.complete("show ").whole);
    EXPECT_FALSE(grammar_.complete("add route 10.0.0.0/8 via").whole);
}

TEST_F(CompleteTest, TakesHelpFromComments) {
    EXPECT_EQ(help("show ", "graph"), "Draws the graph");
    EXPECT_EQ(help("show ", "route"), "Roads to prefixes");
    EXPECT_EQ(help("", "show"), "");
    EXPECT_EQ(help("add route 10.0.0.0/8 ", "blackhole"), "Drops without a word");
    EXPECT_EQ(help("show route match ", "<address>"), "The address to look up");
    EXPECT_EQ(help("add route 10.0.0.0/8 via 10.0.0.1 ", "interface"), "The interface to leave by");
    EXPECT_EQ(help("add route 10.0.0.0/8 via 10.0.0.1 ", "preference"), "Adds a route");
    EXPECT_EQ(help("add route 10.0.0.0/8 via ", "<next_hop>"), "an IPv4 address such as 192.0.2.1");
}

TEST_F(CompleteTest, ListsUsages) {
    const std::vector<Usage> usages = grammar_.usages("show r");
    ASSERT_EQ(usages.size(), 2u);
    EXPECT_EQ(usages[0].text, "show route [<prefix>]");
    EXPECT_EQ(usages[0].help, "Lists all routes");
    EXPECT_EQ(usages[1].text, "show route match <address>");
    EXPECT_EQ(grammar_.usages("").size(), 12u);
    EXPECT_TRUE(grammar_.usages("what").empty());
}

}  // namespace
}  // namespace api::grammar
