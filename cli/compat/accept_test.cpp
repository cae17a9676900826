// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/accept.hpp"

#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>

#include <sstream>

#include "cli/compat/breaks.hpp"
#include "cli/compat/testing_api.hpp"

namespace cli::compat {
namespace {

using testing::Api;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::small_api;
using testing::Texts;

std::string read(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(Accept, TellsWhatDiffers) {
    const Api then({{"a.proto", small_api()}});
    const Api now({{"a.proto", absl::StrReplaceAll(small_api(), {{"uint32 height = 9;",
                                                                  "uint64 height = 9;\n  "
                                                                  "bool glass = 10;"},
                                                                 {"show door", "show doors"},
                                                                 {"  COLOR_GREEN = 1;\n", ""}})}});
    EXPECT_THAT(
        differences(then.schema(), now.schema()),
        ElementsAre("- field net.Door.height = 9, uint32", "- value net.COLOR_GREEN = 1",
                    "- command 'show door' of net.Doors.List",
                    "+ field net.Door.height = 9, uint64", "+ field net.Door.glass = 10, bool",
                    "+ command 'show doors' of net.Doors.List"));
    EXPECT_THAT(differences(now.schema(), now.schema()), IsEmpty());
}

TEST(Accept, TheFirstReleaseIsAllNew) {
    const Api none({});
    const Api api({{"a.proto", small_api()}});
    EXPECT_THAT(breaks(none.schema(), api.schema()), IsEmpty());
    const auto lines = differences(none.schema(), api.schema());
    EXPECT_THAT(lines, ::testing::Each(::testing::StartsWith("+ ")));
    EXPECT_THAT(lines, ::testing::IsSupersetOf(
                           {"+ file a.proto, package net", "+ message net.Door",
                            "+ field net.Door.keys = 5, map<string, uint32>",
                            "+ field net.Door.code = 6, string, one of 'lock'",
                            "+ field net.Door.seconds = 2, optional uint32, in s",
                            "+ field net.Door.weight = 8, uint64, deprecated",
                            "+ reserved 20 to 22 in net.Door", "+ reserved 'width' in net.Door",
                            "+ value net.COLOR_BROWN = 2, deprecated", "+ service net.Doors",
                            "+ method net.Doors.Close (net.Name) returns (sluice.Empty), writes",
                            "+ undo 'close <name>' of net.Doors.Open"}));
}

TEST(Accept, WhatIsWrittenIsTheSameApi) {
    const Api api({{"a.proto", small_api()}, {"net/b.proto", "syntax = \"proto3\";\n"}});
    const std::filesystem::path folder = api.folder() / "released";
    std::filesystem::create_directories(folder / "net");
    std::ofstream(folder / "net" / "gone.proto") << "";
    write_released(api.schema(), folder);
    EXPECT_THAT(released_files(folder), ElementsAre("a.proto", "net/b.proto"));

    const std::string text = read(folder / "a.proto");
    EXPECT_THAT(text, HasSubstr("// SPDX-License-Identifier: Apache-2.0\n"));
    const Api again({{"a.proto", text}, {"net/b.proto", read(folder / "net" / "b.proto")}});
    EXPECT_THAT(differences(api.schema(), again.schema()), IsEmpty());
    EXPECT_THAT(breaks(api.schema(), again.schema()), IsEmpty());
    EXPECT_THAT(breaks(again.schema(), api.schema()), IsEmpty());
}

TEST(Accept, NoFolderHoldsNoFiles) {
    EXPECT_THAT(released_files("/nonexistent"), IsEmpty());
}

}  // namespace
}  // namespace cli::compat
