// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/grammar.hpp"

#include <gmock/gmock.h>

#include "api/grammar/place.hpp"
#include "api/grammar/similar.hpp"
#include "api/grammar/testing/fixture.hpp"
#include "api/grammar/wrap.hpp"

namespace api::grammar {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GrammarTest : public ::testing::Test {
protected:
    GrammarTest() { schema_.add_to(grammar_); }

    /// The method and the request, or the error's sentence.
    std::string read(std::string_view line) {
        const absl::StatusOr<Command> command = grammar_.parse(line);
        if (!command.ok()) {
            return std::string(command.status().message());
        }
        return command->method->name() + " " + command->request->ShortDebugString();
    }

    TextForms forms_;
    testing::DynamicSchema schema_;
    Grammar grammar_{forms_};
};

TEST_F(GrammarTest, BindsWordsToFields) {
    EXPECT_EQ(
        read("add route 10.0.0.0/8 via 10.0.0.1 preference 7"),
        "Add prefix { address: 167772160 length: 8 } next_hop { value: 167772161 } preference: 7");
    EXPECT_EQ(read("add route 10.0.0.0/8 blackhole"),
              "Add prefix { address: 167772160 length: 8 } verdict: VERDICT_BLACKHOLE");
    EXPECT_EQ(read("show route"), "List ");
    EXPECT_EQ(read("set interface lan state down"), "Set name: \"lan\" state: STATE_DOWN");
    EXPECT_EQ(read("set interface lan members a 'b c' d"),
              "Set name: \"lan\" member: \"a\" member: \"b c\" member: \"d\"");
    EXPECT_EQ(read("set interface lan all tags 1 2"), "Set name: \"lan\" tag: 1 tag: 2");
}

TEST_F(GrammarTest, TakesOptionsInAnyOrderAndEachOnce) {
    EXPECT_EQ(read("add route 10.0.0.0/8 via 10.0.0.1 preference 7 interface lan"),
              read("add route 10.0.0.0/8 via 10.0.0.1 interface lan preference 7"));
    EXPECT_EQ(read("set interface lan all quick 7 2 mac 02:00:00:00:00:01 note a tags 1 2"),
              read("set interface lan all note a mac 02:00:00:00:00:01 quick 7 2 tags 1 2"));
    EXPECT_EQ(read("add route 10.0.0.0/8 via 10.0.0.1 preference 7 preference 8"),
              "unknown word 'preference' after 'add route 10.0.0.0/8 via 10.0.0.1 preference 7': "
              "expected interface");
    EXPECT_EQ(read("add route 10.0.0.0/8 via 10.0.0.1 preference 7 interface lan preference 8"),
              "unexpected 'preference' after 'add route 10.0.0.0/8 via 10.0.0.1 preference 7 "
              "interface lan': the command ends there");
    EXPECT_EQ(read("set interface lan all tags 1 2 note a"),
              "<tag> cannot be 'note': it must be a number from 0 to 4294967295");
}

TEST_F(GrammarTest, TakesUniqueAbbreviationsOfWords) {
    EXPECT_EQ(read("sh r m 10.0.0.1"), "Match address { value: 167772161 }");
    EXPECT_EQ(read("s int"), "the word 's' is too short, it could be any of: set, show");
}

TEST_F(GrammarTest, TakesQuotedWordsAsValuesOnly) {
    EXPECT_EQ(read("set interface lan all note \"key\" key 0a"),
              "Set name: \"lan\" note: \"key\" key: \"\\n\"");
    EXPECT_EQ(read("'show' route"), "unknown word 'show': expected one of: add, set, show, watch");
}

TEST_F(GrammarTest, SaysWhatIsWrongAtWhichWord) {
    EXPECT_EQ(read(""), "the line is empty: type a command");
    EXPECT_EQ(read("  # nothing"), "the line is empty: type a command");
    EXPECT_EQ(read("shoe"),
              "unknown word 'shoe' (did you mean 'show'?): expected one of: add, set, show, watch");
    EXPECT_EQ(read("show intrface"),
              "unknown word 'intrface' after 'show' (did you mean 'interface'?): expected one of: "
              "graph, interface, route");
    EXPECT_EQ(read("set interface lan state upp"),
              "<state> cannot be 'upp': it must be one of: up, down");
    EXPECT_EQ(read("set interface lan state dowm"),
              "<state> cannot be 'dowm' (did you mean 'down'?): it must be one of: up, down");
    EXPECT_EQ(read("show"),
              "the line ends too early after 'show': expected one of: graph, interface, route");
    EXPECT_EQ(read("show graph now"),
              "unexpected 'now' after 'show graph': the command ends there");
    EXPECT_EQ(read("add route 10.0.0.0/33 via 1.1.1.1"),
              "<prefix> cannot be '10.0.0.0/33': it must be an IPv4 prefix such as 192.0.2.0/24, "
              "or 192.0.2.7/32 for one address");
    EXPECT_EQ(read("set interface lan mtu 70000000000"),
              "<mtu> cannot be '70000000000': it must be a number from 0 to 4294967295");
    EXPECT_EQ(read("set interface lan state sideways"),
              "<state> cannot be 'sideways': it must be one of: up, down");
    EXPECT_EQ(read("show route all"),
              "unknown word 'all' after 'show route': expected one of: match; or <prefix>, an IPv4 "
              "prefix such as "
              "192.0.2.0/24, or 192.0.2.7/32 for one address");
    EXPECT_EQ(read("add route 10.0.0.0/8 via"),
              "the line ends too early after 'add route 10.0.0.0/8 via': expected <next_hop>, an "
              "IPv4 address such "
              "as 192.0.2.1");
    EXPECT_EQ(read("add route 10.0.0.0/8 accept"),
              "unknown word 'accept' after 'add route 10.0.0.0/8': expected one of: blackhole, "
              "not-here, via");
    EXPECT_EQ(read("show 'route"), "the quote ' is not closed before the line ends");
    EXPECT_THAT(read("show route | json"), HasSubstr("unknown word '|' after 'show route'"));
    EXPECT_THAT(read("show \x1b[2J"), HasSubstr("unknown word '\\x1b[2J' after 'show'"));
}

TEST_F(GrammarTest, TakesAbbreviatedWordsOfAnEnum) {
    EXPECT_EQ(read("set interface lan state d"), "Set name: \"lan\" state: STATE_DOWN");
    EXPECT_EQ(read("set interface lan all quick o"),
              "the word 'o' after 'set interface lan all quick' is too short, it could be any of: "
              "off, on");
    EXPECT_EQ(read("set interface lan state 'd'"),
              "<state> cannot be 'd': it must be one of: up, down");
}

TEST_F(GrammarTest, KnowsWhereTheWrongWordStands) {
    const auto place = [&](std::string_view line) {
        return place_of(grammar_.parse(line).status());
    };
    ASSERT_TRUE(place("show  intrface x"));
    EXPECT_EQ(place("show  intrface x")->begin, 6u);
    EXPECT_EQ(place("show  intrface x")->end, 14u);
    EXPECT_EQ(place("show")->begin, 4u);
    EXPECT_EQ(place("set interface lan mtu x")->begin, 22u);
    EXPECT_FALSE(place("show route"));
}

TEST(OneSlip, IsALetterLeftOutAddedReplacedOrExchanged) {
    EXPECT_TRUE(one_slip_apart("interface", "intrface"));
    EXPECT_TRUE(one_slip_apart("intterface", "interface"));
    EXPECT_TRUE(one_slip_apart("interfase", "interface"));
    EXPECT_TRUE(one_slip_apart("itnerface", "interface"));
    EXPECT_FALSE(one_slip_apart("interface", "interface"));
    EXPECT_FALSE(one_slip_apart("itnerfaec", "interface"));
    EXPECT_FALSE(one_slip_apart("inter", "interface"));
    EXPECT_TRUE(one_slip_apart("", "a"));
    EXPECT_EQ(did_you_mean("up", {"up", "op", "upp"}), " (did you mean 'upp'?)");
    EXPECT_EQ(did_you_mean("lan", {"wan", "man", "can", "ban"}),
              " (did you mean 'wan' or 'man' or 'can'?)");
}

TEST(Wrap, BreaksAtBlanks) {
    EXPECT_THAT(wrap("a bb ccc", 4), ElementsAre("a bb", "ccc"));
    EXPECT_THAT(wrap("abcdefgh i", 4), ElementsAre("abcd", "efgh", "i"));
    EXPECT_THAT(wrap("one two", 0), ElementsAre("one two"));
    EXPECT_THAT(wrap("", 5), ElementsAre(""));
    EXPECT_THAT(wrap("\xc3\xa4\xc3\xa4\xc3\xa4", 2), ElementsAre("\xc3\xa4\xc3\xa4", "\xc3\xa4"));
}

TEST_F(GrammarTest, WorksOnGeneratedDescriptors) {
    Grammar grammar(forms_);
    const auto* file = testing::proto::Route::descriptor()->file();
    for (int i = 0; i < file->service_count(); ++i) {
        ASSERT_TRUE(grammar.add_service(*file->service(i)).ok());
    }
    const absl::StatusOr<Command> command = grammar.parse("show route match 10.0.0.1");
    ASSERT_TRUE(command.ok());
    const auto* request = dynamic_cast<const testing::proto::MatchRequest*>(command->request.get());
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->address().value(), 0x0a000001u);
}

TEST_F(GrammarTest, ForgetsWhatIsRemoved) {
    grammar_.remove_method("sluice.grammar.testing.Interfaces.Draw");
    EXPECT_EQ(read("show graph"),
              "unknown word 'graph' after 'show': expected one of: interface, route");
    grammar_.remove_service(*schema_.pool().FindServiceByName("sluice.grammar.testing.Interfaces"));
    EXPECT_EQ(read("show"), "the line ends too early after 'show': expected route");
    grammar_.remove_method("no.such.Method");
}

TEST_F(GrammarTest, RefusesAMethodTwiceAndKeepsTheFirst) {
    const auto* service = schema_.pool().FindServiceByName("sluice.grammar.testing.Routes");
    EXPECT_EQ(grammar_.add_service(*service).message(),
              "the commands of sluice.grammar.testing.Routes.Add are known already");
    EXPECT_FALSE(grammar_.check(*service->method(0)).ok());
    EXPECT_EQ(read("show route"), "List ");
}

/// What the registration of one command is refused with.
std::string refusal(const std::string& command) {
    const TextForms forms;
    const testing::TinySchema schema({command});
    Grammar grammar(forms);
    const absl::Status status = grammar.add_method(schema.method(0));
    return std::string(status.message());
}

TEST(GrammarRegistration, RefusesMalformedCommandsByName) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "it must begin with a word"},
        {"<a> x", "it must begin with a word"},
        {"x <nobody>", "tiny.Request has no field 'nobody'"},
        {"x <a> <a>", "it binds the field 'a' twice"},
        {"x <a", "a '<' is not closed"},
        {"x [a <a>", "a '[' is not closed"},
        {"x a <a>]", "a ']' closes nothing"},
        {"x [loud]", "a [group] must hold a <field>, or it would mean nothing"},
        {"x <list>", "the field 'list' is repeated, write <list>... at the end"},
        {"x <a>...", "the field 'a' is not repeated, write <a>"},
        {"x <list>... y", "nothing may follow <field>..."},
        {"x [<list>...] [y <a>]", "nothing may follow <field>..."},
        {"x <inner>", "the field 'inner' has no text form, being a tiny.Request"},
        {"x a|b", "a word may hold letters, digits, '-', '_' and '.' only"},
        {"x [[[[[[[[[[<a>]]]]]]]]]]", "its groups are nested too deeply"},
    };
    for (const auto& [command, why] : cases) {
        EXPECT_EQ(refusal(command), std::string("the command '") + command +
                                        "' of tiny.Tiny.M1 is malformed: " + why);
    }
}

TEST(GrammarRegistration, RefusesACommandForAStreamOfRequests) {
    google::protobuf::DescriptorPool pool(testing::proto::Route::descriptor()->file()->pool());
    google::protobuf::FileDescriptorProto own;
    own.set_name("copy.proto");
    own.set_package("copy");
    own.add_dependency("api/grammar/testing/test.proto");
    auto* method = own.add_service()->add_method();
    own.mutable_service(0)->set_name("Copy");
    method->set_name("Load");
    method->set_input_type(".sluice.grammar.testing.Route");
    method->set_output_type(".sluice.grammar.testing.Route");
    method->set_client_streaming(true);
    method->mutable_options()->AddExtension(sluice::cli, "load");
    const auto* built = pool.BuildFile(own);
    ASSERT_NE(built, nullptr);
    const TextForms forms;
    Grammar grammar(forms);
    EXPECT_EQ(grammar.check(*built->service(0)->method(0)).message(),
              "copy.Copy.Load cannot have a command: it takes a stream of requests, and a line is "
              "only one");
}

TEST(GrammarRegistration, ChangesNothingWhereAServiceIsRefused) {
    const TextForms forms;
    const testing::TinySchema schema({"one", "two", "one"});
    Grammar grammar(forms);
    EXPECT_FALSE(grammar.add_service(schema.service()).ok());
    EXPECT_TRUE(grammar.usages("").empty());
}

}  // namespace
}  // namespace api::grammar
