// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/command_breaks.hpp"

#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>

#include "cli/compat/breaks.hpp"
#include "cli/compat/testing_api.hpp"

namespace cli::compat {
namespace {

using testing::Api;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::small_api;

constexpr const char* command = "open <name> [for <seconds>] [color <color>]";

/// What is broken where `from` becomes `to` in the small API.
std::vector<std::string> judge(const std::string& from, const std::string& to) {
    const Api then({{"a.proto", small_api()}});
    const Api now({{"a.proto", absl::StrReplaceAll(small_api(), {{from, to}})}});
    return breaks(then.schema(), now.schema());
}

std::string sentence(const std::string& line, const std::string& fate) {
    return fmt::format(
        "a.proto: the command '{}' of net.Doors.Open is not what it was, since the line '{}' {}: "
        "scripts and saved configurations have such lines, so understand it again",
        command, line, fate);
}

TEST(CommandBreaks, MoreMayBeSaid) {
    EXPECT_THAT(judge(command, "open <name> [for <seconds>] [height <height>] [color <color>]"),
                IsEmpty());
    EXPECT_THAT(judge(command, "open <name> [color <color>] [for <seconds>]"), IsEmpty());
    EXPECT_THAT(judge("\"show door\"", "\"show door\";\n    option (sluice.cli) = \"list doors\""),
                IsEmpty());
}

TEST(CommandBreaks, WhatCouldBeSaidCanBeSaid) {
    EXPECT_THAT(judge(command, "open door <name> [for <seconds>] [color <color>]"),
                ElementsAre(sentence("open some-name", "is not understood any more")));
    EXPECT_THAT(judge(command, "open <name> [color <color>]"),
                ElementsAre(sentence("open some-name for 2", "is not understood any more")));
    EXPECT_THAT(judge(command, "open <name> [for <seconds> [color <color>]]"),
                ElementsAre(sentence("open some-name color green", "is not understood any more")));
}

TEST(CommandBreaks, ALineFillsTheSameFields) {
    EXPECT_THAT(
        judge(command, "open <name> [for <height>] [color <color>]"),
        ElementsAre(sentence("open some-name for 2", "fills the request in another way now")));
}

TEST(CommandBreaks, FieldsThatChangePlacesAreNoticed) {
    const auto api = [](const std::string& line) {
        return "syntax = \"proto3\";\npackage net;\nimport \"api/proto/options.proto\";\n"
               "import \"api/proto/types.proto\";\nservice Ties { rpc Add(Tie) returns (Tie) {\n"
               "option (sluice.cli) = \"" +
               line +
               "\"; } }\nmessage Tie { sluice.Ip4Address inside = 1; sluice.Ip4Address outside = 2;"
               " string from = 3; string to = 4; uint32 most = 5; uint32 least = 6; }\n";
    };
    const Api then({{"a.proto", api("tie <inside> <outside> <from> <to> <most> <least>")}});
    for (const char* line : {"tie <inside> <outside> <from> <to> <most> <least>",
                             "tie <outside> <inside> <from> <to> <most> <least>",
                             "tie <inside> <outside> <to> <from> <most> <least>",
                             "tie <inside> <outside> <from> <to> <least> <most>"}) {
        const Api now({{"a.proto", api(line)}});
        const bool same = api(line) == then.texts().at("a.proto");
        EXPECT_EQ(breaks(then.schema(), now.schema()).size(), same ? 0U : 1U) << line;
    }
}

TEST(CommandBreaks, ALineMayNotGoToAnotherMethod) {
    EXPECT_THAT(judge("\"show door\"",
                      "\"show doors\";\n  }\n  rpc Count(sluice.Empty) returns (Door) {\n    "
                      "option (sluice.cli) = \"show door\""),
                ElementsAre("a.proto: the command 'show door' of net.Doors.List is not what it "
                            "was, since the line 'show door' calls net.Doors.Count now: scripts "
                            "and saved configurations have such lines, so understand it again"));
}

TEST(CommandBreaks, OptionsAreTriedOneByOneAndTogether) {
    const std::string nested = "open <name> [for <seconds> [color <color>]] [code <code>]";
    const Api api({{"a.proto", absl::StrReplaceAll(small_api(), {{command, nested}})}});
    const auto& method = *api.schema().pool().FindMethodByName("net.Doors.Open");
    const api::grammar::TextForms forms;
    api::grammar::Grammar grammar(forms);
    const auto request = grammar.new_message(*method.input_type());
    const auto pattern = api::grammar::Pattern::compile(nested, method, *request, forms);
    ASSERT_TRUE(pattern.ok()) << pattern.status();
    EXPECT_THAT(sample_lines(**pattern, forms),
                ElementsAre("open some-name", "open some-name for 2",
                            "open some-name for 2 color green", "open some-name code some-code",
                            "open some-name for 2 color green code some-code"));
}

}  // namespace
}  // namespace cli::compat
