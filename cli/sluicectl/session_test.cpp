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
              "  show route [<prefix>]       Lists all routes\n"
              "  show route match <address>  Looks one address up\n");
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

TEST(Report, WritesOneSentence) {
    std::ostringstream err;
    const Result result = Result::of_call(absl::NotFoundError("no \"lan\"\x1b"));
    report(result, "", false, err);
    report(result, "setup:3", false, err);
    report(result, "setup:3", true, err);
    EXPECT_EQ(err.str(),
              "error: no \"lan\"\\x1b\nerror: setup:3: no \"lan\"\\x1b\n"
              "{\"error\":\"setup:3: no \\\"lan\\\"\\u001b\",\"code\":\"NOT_FOUND\"}\n");
}

}  // namespace
}  // namespace cli
