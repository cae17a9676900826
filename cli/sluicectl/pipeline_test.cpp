// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/pipeline.hpp"

#include <gmock/gmock.h>

#include "api/grammar/place.hpp"

namespace cli {
namespace {

using ::testing::ElementsAre;

TEST(Pipeline, TakesFiltersOffTheLine) {
    const auto pipeline =
        parse_pipeline("show route 'a|b' | match ^10 | exclude \"a b\" | json | count");
    ASSERT_TRUE(pipeline.ok()) << pipeline.status();
    EXPECT_EQ(pipeline->command, "show route 'a|b' ");
    ASSERT_EQ(pipeline->filters.size(), 3u);
    EXPECT_EQ(pipeline->filters[0].kind, FilterKind::match);
    EXPECT_EQ(pipeline->filters[0].expression, "^10");
    EXPECT_EQ(pipeline->filters[1].kind, FilterKind::exclude);
    EXPECT_EQ(pipeline->filters[1].expression, "a b");
    EXPECT_EQ(pipeline->filters[2].kind, FilterKind::count);
    EXPECT_EQ(pipeline->format, api::grammar::Format::json);
    EXPECT_EQ(parse_pipeline("show|d")->format, api::grammar::Format::detail);
    EXPECT_EQ(parse_pipeline("show # | json")->format, api::grammar::Format::view);
    const auto rows = parse_pipeline("show | columns a,b c | so a down | f 3");
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_THAT(rows->filters[0].columns, ElementsAre("a", "b", "c"));
    EXPECT_TRUE(rows->filters[1].down);
    EXPECT_EQ(rows->filters[2].number, 3u);
}

TEST(Pipeline, SaysWhatIsWrong) {
    const std::string all =
        "expected one of: begin RE, columns A,B, count, detail, exclude RE, first N, json, last N, "
        "match RE, sort COLUMN [down], yaml";
    const std::pair<const char*, std::string> cases[] = {
        {"show |", "a filter is missing after '|': " + all},
        {"show | | json", "a filter is missing after '|': " + all},
        {"show | frob", "unknown filter 'frob': " + all},
        {"show | jsin", "unknown filter 'jsin' (did you mean 'json'?): " + all},
        {"show | c", "the filter 'c' is too short, it could be any of: columns, count"},
        {"show | match", "'| match' needs a regular expression behind it"},
        {"show | first x", "'x' is not a number of rows: give one such as 10"},
        {"show | last", "'| last' needs a number of rows behind it"},
        {"show | sort", "'| sort' needs the name of a column behind it"},
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

TEST(Pipeline, KnowsWhereTheWrongWordStands) {
    const auto place = [](std::string_view line) {
        return api::grammar::place_of(parse_pipeline(line).status());
    };
    ASSERT_TRUE(place("show | frob | json"));
    EXPECT_EQ(place("show | frob | json")->begin, 7u);
    EXPECT_EQ(place("show | frob | json")->end, 11u);
    EXPECT_EQ(place("show |")->begin, 6u);
}

}  // namespace
}  // namespace cli
