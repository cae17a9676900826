// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/pipeline.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace cli {
namespace {

using ::testing::ElementsAre;

TEST(Pipeline, TakesFiltersOffTheLine) {
    const auto pipeline =
        parse_pipeline("show route 'a|b' | match ^10 | match \"a b\" | json | count");
    ASSERT_TRUE(pipeline.ok()) << pipeline.status();
    EXPECT_EQ(pipeline->command, "show route 'a|b' ");
    EXPECT_THAT(pipeline->matches, ElementsAre("^10", "a b"));
    EXPECT_EQ(pipeline->format, api::grammar::Format::json);
    EXPECT_TRUE(pipeline->count);
    EXPECT_EQ(parse_pipeline("show|d")->format, api::grammar::Format::detail);
    EXPECT_EQ(parse_pipeline("show # | json")->format, api::grammar::Format::view);
}

TEST(Pipeline, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> cases[] = {
        {"show |", "a filter is missing after '|': expected one of: json, detail, match RE, count"},
        {"show | | json",
         "a filter is missing after '|': expected one of: json, detail, match RE, count"},
        {"show | yaml", "unknown filter 'yaml': expected one of: json, detail, match RE, count"},
        {"show | match", "'| match' needs a regular expression behind it"},
        {"show | json now", "unexpected 'now': a filter ends with the line or a '|'"},
        {"show | count | match x", "nothing may follow '| count'"},
        {"show 'x", "the quote ' is not closed before the line ends"},
    };
    for (const auto& [line, error] : cases) {
        EXPECT_EQ(parse_pipeline(line).status().message(), error) << line;
    }
    EXPECT_THAT(std::string(parse_pipeline("show | match (").status().message()),
                ::testing::StartsWith("'(' is not a regular expression: "));
}

std::string pass(const std::string& line) {
    std::ostringstream out;
    Output output(*parse_pipeline(line), out);
    output.line("heading", true);
    output.line("one lan", false);
    output.line("two wan", false);
    output.finish();
    return out.str();
}

TEST(Output, FiltersLinesButHeadings) {
    EXPECT_EQ(pass("x"), "heading\none lan\ntwo wan\n");
    EXPECT_EQ(pass("x | match wan$"), "heading\ntwo wan\n");
    EXPECT_EQ(pass("x | match '(o|w)' | match lan"), "heading\none lan\n");
    EXPECT_EQ(pass("x | count"), "2\n");
    EXPECT_EQ(pass("x | match lan | count"), "1\n");
}

}  // namespace
}  // namespace cli
