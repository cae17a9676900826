// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/session.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/sluicectl/fake_backend.hpp"

namespace cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SessionTest : public ::testing::Test {
protected:
    SessionTest() {
        EXPECT_TRUE(session_.start().ok());
        proto::Route route;
        route.mutable_prefix()->set_address(0x0a000000);
        route.mutable_prefix()->set_length(8);
        route.set_interface("lan");
        backend_.reply("Routes.List", route);
        backend_.reply("Routes.Match", route);
        backend_.reply("Routes.Add", sluice::Empty());
    }

    std::string run(std::string_view line) {
        out_.str("");
        const Result result = session_.run(line);
        return result.ok() ? out_.str() : "error: " + std::string(result.status.message());
    }

    FakeBackend backend_;
    std::ostringstream out_;
    Session session_{backend_, {}, out_};
};

TEST_F(SessionTest, CallsAndShows) {
    EXPECT_EQ(run("show route"),
              "prefix      next hop  interface  preference\n10.0.0.0/8  -         lan              "
              "   -\n");
    EXPECT_EQ(run("sh r m 10.0.0.1 | match inter"), "interface: lan\n");
    EXPECT_EQ(run("show route | count"), "1\n");
    EXPECT_EQ(run("show route | json"),
              "[\n "
              "{\"prefix\":\"10.0.0.0/"
              "8\",\"interface\":\"lan\",\"verdict\":\"forward-unspecified\"}\n]\n");
    EXPECT_EQ(run("add route 10.0.0.0/8 blackhole"), "");
    EXPECT_EQ(backend_.called.back(),
              "Routes.Add prefix { address: 167772160 length: 8 } verdict: VERDICT_BLACKHOLE");
    EXPECT_EQ(run("  # nothing"), "");
}

TEST_F(SessionTest, GivesAStreamNoTimeLimitAndAReplyOne) {
    run("show route");
    EXPECT_EQ(backend_.last_timeout, absl::InfiniteDuration());
    run("show graph");
    EXPECT_EQ(backend_.last_timeout, absl::Seconds(10));
    Session hasty(backend_, {false, absl::Seconds(1)}, out_);
    ASSERT_TRUE(hasty.start().ok());
    hasty.run("show route");
    EXPECT_EQ(backend_.last_timeout, absl::Seconds(1));
}

TEST_F(SessionTest, TellsRefusalsFromMisunderstandings) {
    EXPECT_EQ(session_.run("show nothing").exit, Exit::not_understood);
    EXPECT_EQ(session_.run("show route | nothing").exit, Exit::not_understood);
    EXPECT_EQ(session_.run("help nothing").exit, Exit::not_understood);
    backend_.answer = absl::NotFoundError("no interface is named lan");
    EXPECT_EQ(session_.run("set interface lan mtu 1500").exit, Exit::refused);
    backend_.answer = absl::UnavailableError("no daemon answers");
    EXPECT_EQ(session_.run("set interface lan mtu 1500").exit, Exit::no_daemon);
}

TEST_F(SessionTest, TakesACancelledCallForAnEnd) {
    std::stop_source stop;
    stop.request_stop();
    const Result result = session_.run("watch route", stop.get_token());
    EXPECT_TRUE(result.ok()) << result.status;
}

TEST_F(SessionTest, LearnsNewCommandsWhenALineIsNotUnderstood) {
    FakeBackend later;
    later.description.mutable_services()->RemoveLast();
    std::swap(later.description, backend_.description);
    Session session(backend_, {}, out_);
    ASSERT_TRUE(session.start().ok());
    EXPECT_EQ(backend_.described, 2);
    EXPECT_EQ(session.run("show route").exit, Exit::not_understood);
    std::swap(later.description, backend_.description);
    EXPECT_TRUE(session.run("show route").ok());
    EXPECT_EQ(backend_.described, 4);
    EXPECT_TRUE(session.run("show route").ok());
    EXPECT_EQ(backend_.described, 4);
}

TEST_F(SessionTest, LearnsNewCommandsForSuggestionsAfterAChange) {
    session_.suggest("sh");
    EXPECT_EQ(backend_.described, 1);
    run("add route 10.0.0.0/8 blackhole");
    session_.suggest("sh");
    session_.suggest("sh");
    EXPECT_EQ(backend_.described, 2);
}

TEST_F(SessionTest, HelpsAndLeaves) {
    EXPECT_THAT(run("help"), HasSubstr("  show route match <address>"));
    EXPECT_THAT(run("help"), HasSubstr("TAB completes"));
    EXPECT_EQ(run("help show r"),
              "show route [<prefix>]\n"
              "  Lists all routes.\n"
              "  <prefix>  an IPv4 prefix such as 192.0.2.0/24, or 192.0.2.7/32 for one address\n"
              "\n"
              "show route match <address>\n"
              "  Looks one address up.\n"
              "  <address>  The address to look up. (an IPv4 address such as 192.0.2.1)\n");
    EXPECT_THAT(run("help show"),
                HasSubstr("  show route [<prefix>]                Lists all routes\n"));
    EXPECT_THAT(run("help"), HasSubstr("  watch [SECONDS] COMMAND  "));
    EXPECT_EQ(run("help nothing"), "error: no command begins with 'nothing': 'help' lists all");
    EXPECT_THAT(run("show ?"), StartsWith("  graph      Draws the graph\n  interface  "));
    EXPECT_EQ(run("show r?"), "  route  Roads to prefixes\n");
    EXPECT_TRUE(session_.run("quit").leave);
    EXPECT_TRUE(session_.run(" exit # now").leave);
    EXPECT_FALSE(session_.run("'quit'").leave);
}

TEST_F(SessionTest, SaysEverythingInJson) {
    Session session(backend_, {true, std::nullopt}, out_);
    ASSERT_TRUE(session.start().ok());
    out_.str("");
    session.run("show route match 10.0.0.1");
    EXPECT_EQ(
        out_.str(),
        "{\"prefix\":\"10.0.0.0/8\",\"interface\":\"lan\",\"verdict\":\"forward-unspecified\"}\n");
}

TEST(Schema, RefusesABrokenDescription) {
    FakeBackend backend;
    backend.description.mutable_files()->mutable_file()->DeleteSubrange(0, 1);
    std::ostringstream out;
    Session session(backend, {}, out);
    const Result result = session.start();
    EXPECT_EQ(result.exit, Exit::refused);
    EXPECT_THAT(std::string(result.status.message()),
                StartsWith("the daemon's description of its messages is broken in "));
}

TEST_F(SessionTest, MarksTheWrongWordOnATerminal) {
    Reporting how;
    how.screen.size = [] { return Screen::Size{80, 24}; };
    const auto told = [&](std::string_view line) {
        std::ostringstream err;
        report(session_.run(line), "", line, how, err);
        return err.str();
    };
    EXPECT_THAT(told("show intrface"), StartsWith("  show intrface\n       ^^^^^^^^\nerror: "));
    EXPECT_THAT(told("show"), StartsWith("  show\n      ^\nerror: "));
    EXPECT_THAT(told("show route | frob"),
                StartsWith("  show route | frob\n               ^^^^\n"));
    EXPECT_THAT(told("watch 2 show intrface"),
                StartsWith("  watch 2 show intrface\n               ^^^^^^^^\n"));
    how.typed_behind = 8;
    EXPECT_THAT(told("show intrface"), StartsWith("             ^^^^^^^^\nerror: "));
    how.screen.colours = true;
    EXPECT_THAT(told("show intrface"), HasSubstr("\x1b[31merror:\x1b[0m unknown word"));
}

TEST_F(SessionTest, FiltersRows) {
    proto::Route other;
    other.mutable_prefix()->set_address(0x0a010000);
    other.mutable_prefix()->set_length(16);
    other.set_preference(5);
    backend_.reply("Routes.List", other);
    EXPECT_EQ(run("show route | columns prefix,prefe"),
              "prefix       preference\n10.0.0.0/8            -\n10.1.0.0/16           5\n");
    EXPECT_EQ(run("show route | sort prefix down | first 1 | columns prefix"),
              "prefix\n10.1.0.0/16\n");
    EXPECT_EQ(run("show route | last 1 | columns prefix"), "prefix\n10.1.0.0/16\n");
    EXPECT_EQ(run("show route | exclude lan | count"), "1\n");
    EXPECT_EQ(run("show route | match lan | json"),
              "[\n {\"prefix\":\"10.0.0.0/8\",\"interface\":\"lan\",\"verdict\":\"forward-"
              "unspecified\"}\n]\n");
    // An item is a row, of however many lines, and it does not matter which filter comes first.
    EXPECT_EQ(
        run("show route | yaml | first 1"),
        "- prefix: \"10.0.0.0/8\"\n  interface: \"lan\"\n  verdict: \"forward-unspecified\"\n");
    EXPECT_EQ(run("show route | first 1 | yaml"), run("show route | yaml | first 1"));
    EXPECT_EQ(run("show route | yaml | match lan | count"), "1\n");
    EXPECT_EQ(run("show route | sort pref"),
              "error: the column 'pref' is too short, it could be any of: prefix, preference");
    EXPECT_EQ(run("show route | sort colour"),
              "error: no column is meant by 'colour': expected one of: prefix, next-hop, "
              "interface, preference");
    EXPECT_EQ(run("show route match 10.0.0.1 | sort prefix"),
              "error: '| sort' works on tables: this command shows none");
    EXPECT_EQ(run("show route | json | sort prefix"),
              "error: '| sort' works on tables: leave out the other format");
}

TEST_F(SessionTest, HintsAtItsOwnWords) {
    EXPECT_EQ(run("hlep"),
              "error: unknown word 'hlep' (did you mean 'help'?): 'help' lists all commands");
    EXPECT_TRUE(session_.run("q").leave);
    EXPECT_EQ(run("watch"),
              "error: watch needs a command behind it, such as: watch 2 show interface");
    EXPECT_EQ(run("watch 2"),
              "error: watch needs a command behind it, such as: watch 2 show interface");
    EXPECT_EQ(run("watch 0 show route"),
              "error: watch cannot wait '0' seconds: it takes 0.1 to 86400");
    EXPECT_THAT(run("watch add route 10.0.0.0/8 blackhole"), HasSubstr("repeats only what shows"));
    EXPECT_THAT(run("watch show route"), HasSubstr("watch needs a terminal"));
}

TEST_F(SessionTest, FollowsTheDaemonBetweenAPersonsLines) {
    Session session(backend_, {.interactive = true}, out_);
    ASSERT_TRUE(session.start().ok());
    out_.str("");
    EXPECT_TRUE(session.run("show route | count").ok());
    EXPECT_EQ(out_.str(), "1\n");
    backend_.down = absl::UnavailableError("no daemon answers");
    backend_.answer = backend_.down;
    out_.str("");
    EXPECT_EQ(session.run("add route 10.0.0.0/8 blackhole").exit, Exit::no_daemon);
    EXPECT_EQ(out_.str(), "");
    backend_.down = backend_.answer = absl::OkStatus();
    backend_.connected = 2;
    EXPECT_TRUE(session.run("show route | count").ok());
    EXPECT_TRUE(session.run("show route | count").ok());
    EXPECT_EQ(out_.str(), "(the daemon is back)\n1\n1\n");
    out_.str("");
    backend_.connected = 3;
    backend_.description.mutable_services()->RemoveLast();
    EXPECT_EQ(session.run("show route").exit, Exit::not_understood);
    EXPECT_EQ(out_.str(), "(the daemon was restarted)\n");
}

/// A mode of its own, as the configuration's would be.
class Noting : public Mode {
public:
    explicit Noting(std::vector<std::string>& noted) : noted_(noted) {}
    std::string prompt() const override { return "(noting)# "; }
    std::span<const Builtin> builtins() const override {
        static constexpr Builtin all[] = {
            {"exit", "exit", "Back",
             [](Session& session, const Input&) { return session.leave_mode(); }}};
        return all;
    }
    Result take(Session&, const api::grammar::Command& command, const Pipeline&,
                const std::stop_token&) override {
        noted_.push_back(command.method->name());
        return {};
    }

private:
    std::vector<std::string>& noted_;
};

TEST_F(SessionTest, TakesLinesByItsMode) {
    std::vector<std::string> noted;
    EXPECT_EQ(session_.prompt(), "sluice> ");
    session_.enter_mode(std::make_unique<Noting>(noted));
    EXPECT_EQ(session_.prompt(), "(noting)# ");
    EXPECT_EQ(run("add route 10.0.0.0/8 blackhole"), "");
    EXPECT_THAT(noted, ElementsAre("Add"));
    EXPECT_TRUE(backend_.called.empty());
    EXPECT_FALSE(session_.run("exit").leave);
    EXPECT_EQ(session_.prompt(), "sluice> ");
}

TEST(Report, WritesOneSentence) {
    std::ostringstream err;
    const Result result = Result::of_call(absl::NotFoundError("no \"lan\"\x1b"));
    report(result, "", "show", {}, err);
    report(result, "setup:3", "show", {}, err);
    report(result, "setup:3", "show", {.json = true}, err);
    EXPECT_EQ(err.str(),
              "error: no \"lan\"\\x1b\nerror: setup:3: no \"lan\"\\x1b\n"
              "{\"error\":\"setup:3: no \\\"lan\\\"\\u001b\",\"code\":\"NOT_FOUND\"}\n");
}

}  // namespace
}  // namespace cli
