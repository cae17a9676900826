// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/breaks.hpp"

#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>

#include "cli/compat/testing_api.hpp"

namespace cli::compat {
namespace {

using testing::Api;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::small_api;

/// One change of the small API, as a text and what it becomes.
struct Edit {
    std::string name;
    std::string from;
    std::string to;
    /// The sentence, without the file; empty where nothing is broken.
    std::string sentence;
};

void PrintTo(const Edit& edit, std::ostream* out) {
    *out << edit.name;
}

class Edits : public ::testing::TestWithParam<Edit> {};

TEST_P(Edits, AreJudged) {
    const auto& [name, from, to, sentence] = GetParam();
    std::string text = small_api();
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, from.size(), to);
    const Api then({{"a.proto", small_api()}});
    const Api now({{"a.proto", text}});
    if (sentence.empty()) {
        EXPECT_THAT(breaks(then.schema(), now.schema()), IsEmpty());
    } else {
        EXPECT_THAT(breaks(then.schema(), now.schema()), ElementsAre("a.proto: " + sentence));
    }
}

std::string name_of(const ::testing::TestParamInfo<Edit>& info) {
    return info.param.name;
}

const Edit fields[] = {
    {"nothing", "message Door", "message Door", ""},
    {"comment", "message Door", "// Leads somewhere.\nmessage Door", ""},
    {"new_field", "  uint32 height = 9;", "  uint32 height = 9;\n  optional string label = 10;",
     ""},
    {"new_member_of_oneof", "    bool bolt = 7;", "    bool bolt = 7;\n    bool bar = 10;", ""},
    {"field_gone", "  uint32 height = 9;\n", "  reserved 9;\n  reserved \"height\";\n",
     "field net.Door.height is gone: put it back; it may go once it was released with "
     "'deprecated = true'"},
    {"deprecated_field_gone", "  uint64 weight = 8 [deprecated = true];",
     "  reserved 8;\n  reserved \"weight\";", ""},
    {"number_not_reserved", "  uint64 weight = 8 [deprecated = true];", "  reserved \"weight\";",
     "field net.Door.weight is gone and could come back as another: write 'reserved 8;' in "
     "net.Door"},
    {"name_not_reserved", "  uint64 weight = 8 [deprecated = true];", "  reserved 8;",
     "field net.Door.weight is gone and could come back as another: write 'reserved \"weight\";' "
     "in net.Door"},
    {"nothing_reserved", "  uint64 weight = 8 [deprecated = true];", "",
     "field net.Door.weight is gone and could come back as another: write 'reserved 8; reserved "
     "\"weight\";' in net.Door"},
    {"renamed", "uint32 height = 9", "uint32 length = 9",
     "number 9 of net.Door was 'height' and is 'length': put 'height' back, and give 'length' "
     "another number"},
    {"number_reused", "uint64 weight = 8 [deprecated = true]", "string label = 8",
     "number 8 of net.Door was 'weight' and is 'label': put 'weight' back, and give 'label' "
     "another number"},
    {"renumbered", "uint32 height = 9", "uint32 height = 10",
     "field net.Door.height had the number 9 and has 10: give it 9 again"},
    {"wider", "uint32 height = 9", "uint64 height = 9",
     "field net.Door.height was 'uint32' and is 'uint64': make it 'uint32' again, or add a "
     "field of another name and number"},
    {"of_another_type", "uint32 height = 9", "string height = 9",
     "field net.Door.height was 'uint32' and is 'string': make it 'uint32' again, or add a field "
     "of another name and number"},
    {"repeated", "uint32 height = 9", "repeated uint32 height = 9",
     "field net.Door.height was 'uint32' and is 'repeated uint32': make it 'uint32' again, or add "
     "a field of another name and number"},
    {"optional", "uint32 height = 9", "optional uint32 height = 9",
     "field net.Door.height was 'uint32' and is 'optional uint32': make it 'uint32' again, or add "
     "a field of another name and number"},
    {"not_optional", "optional uint32 seconds", "uint32 seconds",
     "field net.Door.seconds was 'optional uint32' and is 'uint32': make it 'optional uint32' "
     "again, or add a field of another name and number"},
    {"another_map", "map<string, uint32>", "map<string, uint64>",
     "field net.Door.keys was 'map<string, uint32>' and is 'map<string, uint64>': make it "
     "'map<string, uint32>' again, or add a field of another name and number"},
    {"not_packed", "repeated uint32 floors = 4", "repeated uint32 floors = 4 [packed = false]",
     "field net.Door.floors was packed and is not packed: write it as it was"},
    {"into_a_oneof", "    bool bolt = 7;\n  }\n  uint64 weight = 8 [deprecated = true];",
     "    bool bolt = 7;\n    uint64 weight = 8 [deprecated = true];\n  }\n",
     "field net.Door.weight was in no oneof and is in the oneof 'lock': put it back"},
    {"out_of_a_oneof", "    bool bolt = 7;\n  }\n", "  }\n  bool bolt = 7;\n",
     "field net.Door.bolt was in the oneof 'lock' and is in no oneof: put it back"},
    {"json_name", "uint32 height = 9", "uint32 height = 9 [json_name = \"h\"]",
     "field net.Door.height was 'height' in JSON and is 'h': call it 'height' again"},
    {"json_name_gone", " [json_name = \"paint\"]", "",
     "field net.Door.paint_name was 'paint' in JSON and is 'paintName': call it 'paint' again"},
    {"unit", "(sluice.unit) = \"s\"", "(sluice.unit) = \"ms\"",
     "field net.Door.seconds was in 's' and is in 'ms': keep its unit, or add a field of another "
     "name and number"},
    {"new_unit", "uint32 height = 9", "uint32 height = 9 [(sluice.unit) = \"mm\"]", ""},
    {"column", "uint32 height = 9",
     "uint32 height = 9 [(sluice.column) = \"h\", (sluice.detail_only) = true]", ""},
    {"reservation_gone", "reserved 20 to 22, 30;", "reserved 20 to 21, 30;",
     "net.Door no longer reserves the number 22: write 'reserved 22;' again"},
    {"reservation_split", "reserved 20 to 22, 30;", "reserved 22, 30 to 40, 20, 21;", ""},
    {"reserved_name_gone", "  reserved \"width\";\n", "",
     "net.Door no longer reserves the name 'width': write 'reserved \"width\";' again"},
    {"now_deprecated", "uint32 height = 9;", "uint32 height = 9 [deprecated = true];", ""},
};

const Edit types[] = {
    {"new_value", "COLOR_GREEN = 1;", "COLOR_GREEN = 1;\n  COLOR_BLUE = 3;", ""},
    {"value_gone", "  COLOR_BLACK = 4;\n", "",
     "value net.COLOR_BLACK is gone: put it back; it may go once it was released with 'deprecated "
     "= true'"},
    {"deprecated_value_gone", "COLOR_BROWN = 2 [deprecated = true];",
     "reserved 2;\n  reserved \"COLOR_BROWN\";", ""},
    {"value_not_reserved", "  COLOR_BROWN = 2 [deprecated = true];\n", "",
     "value net.COLOR_BROWN is gone and could come back as another: write 'reserved 2; reserved "
     "\"COLOR_BROWN\";' in net.Color"},
    {"value_renamed", "COLOR_BLACK", "COLOR_BLUE",
     "number 4 of net.Color was 'COLOR_BLACK' and is 'COLOR_BLUE': put 'COLOR_BLACK' back, and "
     "give 'COLOR_BLUE' another number"},
    {"value_renumbered", "COLOR_BLACK = 4", "COLOR_BLACK = 3",
     "value net.COLOR_BLACK had the number 4 and has 3: give it 4 again"},
    {"reserved_value_gone", "  reserved 7;\n", "",
     "net.Color no longer reserves the number 7: write 'reserved 7;' again"},
    {"new_message", "message Name {", "message Other {}\nmessage Name {", ""},
    {"nested_message_gone", "  message Hinge {\n    bool oiled = 1;\n  }\n", "",
     "message net.Door.Hinge is gone: put it back; it may go once it was released with "
     "'deprecated = true'"},
    {"deprecated_message_gone", "message Past {\n  option deprecated = true;\n}\n", "", ""},
    {"new_service", "service Doors {", "service Windows {}\nservice Doors {", ""},
    {"new_method", "  rpc Close", "  rpc Lock(Name) returns (sluice.Empty);\n  rpc Close", ""},
    {"method_gone",
     "  rpc List(sluice.Empty) returns (stream Door) {\n    option (sluice.cli) = \"show "
     "door\";\n  }\n",
     "",
     "method net.Doors.List is gone: put it back; it may go once it was released with 'deprecated "
     "= true'"},
    {"deprecated_method_gone",
     "  rpc Old(sluice.Empty) returns (sluice.Empty) {\n    option deprecated = true;\n  }\n", "",
     ""},
    {"no_stream", "returns (stream Door)", "returns (Door)",
     "method net.Doors.List was (sluice.Empty) returns (stream net.Door) and is (sluice.Empty) "
     "returns (net.Door): write it as it was, or add a method of another name"},
    {"another_request", "rpc List(sluice.Empty)", "rpc List(Name)",
     "method net.Doors.List was (sluice.Empty) returns (stream net.Door) and is (net.Name) "
     "returns (stream net.Door): write it as it was, or add a method of another name"},
    {"now_writes", "option (sluice.cli) = \"show door\";",
     "option (sluice.cli) = \"show door\";\n    option (sluice.writes) = true;",
     "method net.Doors.List needs the role 'write' and was for all: take (sluice.writes) away, or "
     "add a method of another name"},
    {"no_statement", "    option (sluice.undo) = \"close <name>\";\n", "",
     "method net.Doors.Open makes no statements any more, and configurations hold its lines: give "
     "(sluice.undo) back"},
    {"view", "option (sluice.cli) = \"show door\";",
     "option (sluice.cli) = \"show door\";\n    option (sluice.view) = VIEW_DETAIL;", ""},
    {"package", "package net;", "package net.v2;",
     "its package was 'net' and is 'net.v2': call it 'net' again"},
    {"go_package", "package net;", "package net;\noption go_package = \"example.org/net\";", ""},
    {"java_package", "package net;", "package net;\noption java_package = \"org.example\";",
     "its option java_package was '' and is 'org.example', so that generated code has another "
     "name: write it as it was"},
};

INSTANTIATE_TEST_SUITE_P(OfFields, Edits, ::testing::ValuesIn(fields), name_of);
INSTANTIATE_TEST_SUITE_P(OfTypes, Edits, ::testing::ValuesIn(types), name_of);

TEST(Breaks, AFileMustStay) {
    const Api then({{"a.proto", small_api()}, {"b.proto", "syntax = \"proto3\";"}});
    const Api now({{"b.proto", "syntax = \"proto3\";"}, {"c.proto", small_api()}});
    EXPECT_THAT(
        breaks(then.schema(), now.schema()),
        ElementsAre("a.proto: the file is gone, and programs import it by this name: put it back; "
                    "it may go once it was released with 'option deprecated = true;'"));
}

TEST(Breaks, AFileThatWasDeprecatedMayGo) {
    const std::string old = absl::StrReplaceAll(
        small_api(), {{"package net;", "package net;\noption deprecated = true;"}});
    const Api then({{"a.proto", old}});
    const Api now({});
    EXPECT_THAT(breaks(then.schema(), now.schema()), IsEmpty());
}

TEST(Breaks, AMessageMustStayInItsFile) {
    const std::string moved = "message Name {\n  string name = 1;\n}\n";
    const Api then({{"a.proto", small_api()}});
    const Api now(
        {{"a.proto",
          absl::StrReplaceAll(
              small_api(), {{moved, ""}, {"package net;", "package net;\nimport \"b.proto\";"}})},
         {"b.proto", "syntax = \"proto3\";\npackage net;\n" + moved}});
    EXPECT_THAT(breaks(then.schema(), now.schema()),
                ElementsAre("a.proto: message net.Name is in b.proto now, and programs import "
                            "a.proto: put it back there"));
}

TEST(Breaks, AnExtensionKeepsNumberTypeAndPlace) {
    const auto file = [](const std::string& of, const std::string& field) {
        return "syntax = \"proto3\";\nimport \"google/protobuf/descriptor.proto\";\n"
               "extend google.protobuf." +
               of + " {\n  " + field + ";\n}\n";
    };
    const Api then({{"a.proto", file("FieldOptions", "string hint = 50001")}});
    const auto judge = [&](const std::string& text) {
        const Api now({{"a.proto", text}});
        return breaks(then.schema(), now.schema());
    };
    EXPECT_THAT(judge(file("FieldOptions", "string hint = 50001")), IsEmpty());
    EXPECT_THAT(judge(file("FieldOptions", "string hint = 50002")),
                ElementsAre("a.proto: extension hint had the number 50001 and has 50002: give it "
                            "50001 again"));
    EXPECT_THAT(judge(file("MethodOptions", "string hint = 50001")),
                ElementsAre("a.proto: extension hint was of google.protobuf.FieldOptions and is of "
                            "google.protobuf.MethodOptions: make it one of "
                            "google.protobuf.FieldOptions again"));
}

TEST(Breaks, WhatAFileBringsToItsReadersIsKept) {
    const std::string other = "syntax = \"proto3\";\nmessage Other {}\n";
    const std::string head = "syntax = \"proto3\";\n";
    const Api then({{"a.proto", head + "import public \"b.proto\";\n"}, {"b.proto", other}});
    const Api now({{"a.proto", head}, {"b.proto", other}});
    EXPECT_THAT(breaks(then.schema(), now.schema()),
                ElementsAre("a.proto: it no longer brings 'b.proto' to those that import it: write "
                            "'import public \"b.proto\";' again"));
}

}  // namespace
}  // namespace cli::compat
