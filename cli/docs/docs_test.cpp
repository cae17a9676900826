// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/grammar/testing/fixture.hpp"
#include "api/testing/temp_dir.hpp"
#include "cli/docs/html.hpp"
#include "cli/docs/man.hpp"

namespace cli::docs {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class DocsTest : public ::testing::Test {
protected:
    DocsTest() {
        std::ofstream(folder_ / "set", std::ios::binary) << grammar_test_descriptors();
        book_ = std::make_unique<Book>((folder_ / "set").string(), "1.2.3");
    }

    std::string read(const std::filesystem::path& path) const {
        std::stringstream text;
        text << std::ifstream(folder_ / path).rdbuf();
        return text.str();
    }

    const api::testing::TempDir own_;
    const std::filesystem::path folder_ = own_.path();
    std::unique_ptr<Book> book_;
};

TEST_F(DocsTest, NamesWhatHasNoComment) {
    const auto lacking = book_->without_comment();
    EXPECT_THAT(lacking, Contains("api/grammar/testing/test.proto: field "
                                  "sluice.grammar.testing.Route.next_hop"));
    EXPECT_THAT(lacking, Contains("api/grammar/testing/test.proto: value "
                                  "sluice.grammar.testing.STATE_UP"));
    EXPECT_THAT(lacking, Not(Contains(HasSubstr("Route.prefix"))));
    EXPECT_THAT(lacking, Not(Contains(HasSubstr("google"))));
}

TEST_F(DocsTest, TellsEveryCommandWithItsFields) {
    const std::string page = commands_page(*book_);
    EXPECT_THAT(page, HasSubstr(".SH Routes\nRoads to prefixes.\n"));
    EXPECT_THAT(page, HasSubstr("\\fBshow route match \\fIaddress\\fB\\fR\nLooks one address up.\n"
                                ".RS\n.TP\n\\fIaddress\\fR\nThe address to look up.\n"
                                "(an IPv4 address such as 192.0.2.1)\n.RE\n"));
    EXPECT_THAT(page, HasSubstr("\\fBblackhole\\fR\nDrops without a word.\n"));
    EXPECT_THAT(page, Not(HasSubstr("Load")));
}

TEST_F(DocsTest, TakesOptionsFromTheHelpOfAProgram) {
    const std::string help =
        "A program.\nUsage: x [OPTIONS]\n\nOptions:\n"
        "  -h,--help                   Print this help\n"
        "  --socket TEXT=/run/a.sock   The daemon's socket\n"
        "  -c,--a-very-long-option TEXT ...\n"
        "                              Run this line\n";
    EXPECT_EQ(
        roff_options(help),
        ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nPrint this help\n"
        ".TP\n\\fB\\-\\-socket\\fR TEXT=/run/a.sock\nThe daemon's socket\n"
        ".TP\n\\fB\\-c\\fR, \\fB\\-\\-a\\-very\\-long\\-option\\fR TEXT ...\nRun this line\n");
    EXPECT_EQ(fill_page("v@VERSION@\n@OPTIONS@", *book_, "  -h  Help\n"),
              "v1.2.3\n.TP\n\\fB\\-h\\fR\nHelp\n");
}

TEST_F(DocsTest, EscapesWhatMeansSomething) {
    EXPECT_EQ(roff(".x `show a` \\ 'y"), "\\&.x \\fBshow a\\fR \\e 'y");
    EXPECT_EQ(html("a<b> & \"c\" `d`"), "a&lt;b&gt; &amp; &quot;c&quot; <code>d</code>");
}

TEST_F(DocsTest, WritesAReferenceWhoseLinksLeadSomewhere) {
    write_reference(*book_, folder_ / "reference");
    const std::string page = read("reference/api-grammar-testing-test.html");
    EXPECT_THAT(page, HasSubstr("<h2 id=\"sluice.grammar.testing.Routes\">Service Routes</h2>"));
    EXPECT_THAT(page, HasSubstr("add route &lt;prefix&gt; via &lt;next-hop&gt;"));
    EXPECT_THAT(page, HasSubstr("<a href=\"api-proto-types.html#sluice.Ip4Prefix\">"));
    EXPECT_THAT(page, HasSubstr("needs the role <code>write</code>"));
    EXPECT_THAT(read("reference/api-proto-types.html"), HasSubstr("<h3 id=\"sluice.Ip4Prefix\">"));
    const std::string index = read("reference/index.html");
    EXPECT_THAT(index, HasSubstr("href=\"api-grammar-testing-test.html#sluice.grammar.testing."
                                 "Routes.Match\"><code>show route match &lt;address&gt;"));
    EXPECT_THAT(read("reference/style.css"), HasSubstr("prefers-color-scheme: dark"));
}

}  // namespace
}  // namespace cli::docs
