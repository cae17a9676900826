// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/completer.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/sluicectl/fake_backend.hpp"
#include "cli/sluicectl/value_finder.hpp"

namespace cli {
namespace {

using ::testing::ElementsAre;

class CompleterTest : public ::testing::Test {
protected:
    CompleterTest() : schema_(*Schema::build(backend_.description)) {
        proto::InterfaceList list;
        for (const char* name : {"lan0", "lan1", "wan", "two words"}) {
            list.add_interfaces()->set_name(name);
        }
        backend_.reply("Interfaces.List", list);
    }

    std::vector<std::string> texts(std::string_view line) {
        std::vector<std::string> out;
        for (const auto& candidate :
             suggest(line, *schema_, backend_, OrdinaryMode().builtins()).candidates) {
            out.push_back(candidate.text);
        }
        return out;
    }

    /// The line after TAB.
    std::string tab(const std::string& line) {
        const Suggestions suggestions =
            suggest(line, *schema_, backend_, OrdinaryMode().builtins());
        const Completed completed = complete_word(suggestions, line.substr(suggestions.begin));
        return completed.changes ? line.substr(0, suggestions.begin) + completed.replacement
                                 : "(list)";
    }

    FakeBackend backend_;
    std::unique_ptr<Schema> schema_;
};

TEST_F(CompleterTest, OffersTheShellsOwnWordsFirst) {
    EXPECT_THAT(texts(""),
                ElementsAre("add", "configure", "exit", "help", "quit", "set", "show", "watch"));
    EXPECT_THAT(texts("exit "), ElementsAre());
    EXPECT_THAT(texts("he"), ElementsAre("help"));
    EXPECT_THAT(texts("show "), ElementsAre("graph", "interface", "route"));
}

TEST_F(CompleterTest, OffersLiveValues) {
    EXPECT_THAT(texts("show interface "),
                ElementsAre("<interface>", "<name>", "lan0", "lan1", "two words", "wan"))
        << "once, though two commands have them";
    EXPECT_THAT(texts("show interface la"), ElementsAre("<interface>", "<name>", "lan0", "lan1"));
    EXPECT_THAT(texts("set interface "), ElementsAre("<name>"));
    backend_.answer = absl::UnavailableError("gone");
    EXPECT_THAT(texts("show interface w"), ElementsAre("<interface>", "<name>", "wan"));
}

TEST_F(CompleterTest, OffersFiltersBehindABar) {
    const auto all = ElementsAre("begin", "columns", "count", "detail", "exclude", "first", "json",
                                 "last", "match", "sort", "yaml");
    EXPECT_THAT(texts("show route | "), all);
    EXPECT_THAT(texts("show route |"), all);
    EXPECT_THAT(texts("show route | match x | c"), ElementsAre("columns", "count"));
    EXPECT_THAT(texts("show route | match "), ElementsAre("<RE>"));
    EXPECT_THAT(texts("show route | match x "), ElementsAre());
}

TEST_F(CompleterTest, OffersTheColumnsOfTheTable) {
    EXPECT_THAT(texts("show route | sort p"), ElementsAre("prefix", "preference"));
    EXPECT_THAT(texts("show route | sort prefix "), ElementsAre("down"));
    EXPECT_THAT(texts("sh r | columns prefix,n"), ElementsAre("prefix,next-hop"));
    EXPECT_EQ(tab("show route | columns prefix,n"), "show route | columns prefix,next-hop ");
    EXPECT_THAT(texts("show graph | sort "), ElementsAre());
}

TEST_F(CompleterTest, GoesOnBehindTheShellsOwnWords) {
    EXPECT_THAT(texts("help sh"), ElementsAre("show"));
    EXPECT_THAT(texts("help show r"), ElementsAre("route"));
    EXPECT_EQ(tab("watch 2 show interface w"), "watch 2 show interface wan ");
    // The daemon has a command that begins with the same word.
    EXPECT_THAT(texts("watch "), ElementsAre("route", "add", "set", "show", "watch"));
    EXPECT_EQ(tab("wat"), "watch ");
}

TEST_F(CompleterTest, OffersPathsWhereAFieldSaysSo) {
    EXPECT_THAT(paths("/proc/self/stat"),
                ::testing::IsSupersetOf({"/proc/self/stat", "/proc/self/status"}));
    EXPECT_THAT(paths("/pro"), ::testing::Contains("/proc/"));
    EXPECT_THAT(paths("/nowhere/at/all"), ::testing::IsEmpty());
}

TEST_F(CompleterTest, CompletesTheWord) {
    EXPECT_EQ(tab("sh"), "show ");
    EXPECT_EQ(tab("s"), "(list)");
    EXPECT_EQ(tab("show"), "show ");
    EXPECT_EQ(tab("show interface l"), "show interface lan");
    EXPECT_EQ(tab("show interface lan"), "(list)");
    EXPECT_EQ(tab("show interface w"), "show interface wan ");
    EXPECT_EQ(tab("show interface t"), "show interface \"two words\" ");
    EXPECT_EQ(tab("show interface \"two"), "show interface \"two words\" ");
    EXPECT_EQ(tab("show interface 'two"), "show interface 'two words' ");
    EXPECT_EQ(tab("show interface \"la"), "show interface \"lan");
    EXPECT_EQ(tab("show interface \"w"), "show interface \"wan\" ");
    EXPECT_EQ(tab("sh int w"), "sh int wan ");
    EXPECT_EQ(tab("set interface lan state d"), "set interface lan state down ");
    EXPECT_EQ(tab("show route "), "(list)");
    EXPECT_EQ(tab("show route m"), "show route match ");
    EXPECT_EQ(tab("show graph "), "(list)");
    EXPECT_EQ(tab("nonsense x"), "(list)");
    EXPECT_EQ(tab("show route | j"), "show route | json ");
    EXPECT_EQ(tab("show route |"), "(list)");
}

TEST_F(CompleterTest, ListsWithHelp) {
    std::ostringstream out;
    list(suggest("show route ", *schema_, backend_, {}), out, Screen());
    EXPECT_EQ(out.str(),
              "  match     Looks one address up\n"
              "  <prefix>  an IPv4 prefix such as 192.0.2.0/24, or 192.0.2.7/32 for one address\n"
              "  <enter>   Runs the line\n");
}

}  // namespace
}  // namespace cli
