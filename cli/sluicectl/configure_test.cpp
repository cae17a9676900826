// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/configure.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "api/proto/config.pb.h"
#include "cli/sluicectl/fake_backend.hpp"
#include "cli/sluicectl/session.hpp"

namespace cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A daemon that keeps a candidate.
class ConfigureTest : public ::testing::Test {
protected:
    ConfigureTest() {
        sluice::EditConfigRequest::descriptor()->file()->CopyTo(
            backend_.description.mutable_files()->add_file());
        backend_.description.add_services("sluice.Config");
        backend_.reply("Config.Edit", sluice::Empty());
        backend_.reply("Config.Discard", sluice::Empty());
        EXPECT_TRUE(session_.start().ok());
    }

    /// What the session shows for a line, the error where it is refused.
    std::string run(std::string_view line, Session& session) {
        out_.str("");
        const Result result = session.run(line);
        return result.ok() ? out_.str() : "error: " + std::string(result.status.message());
    }
    std::string run(std::string_view line) { return run(line, session_); }

    FakeBackend backend_;
    std::ostringstream out_;
    Session session_{backend_, {}, out_};
};

TEST_F(ConfigureTest, WhatChangesTheRouterEditsTheCandidate) {
    EXPECT_EQ(run("conf"), "");
    EXPECT_EQ(session_.prompt(), "sluice(config)# ");
    EXPECT_EQ(run("add ro 10.0.0.0/8 black  # no way"), "");
    EXPECT_EQ(run("set interface lan mtu 1500"), "");
    EXPECT_THAT(backend_.called, ElementsAre("Config.Edit line: \"add route 10.0.0.0/8 blackhole\"",
                                             "Config.Edit line: \"set interface lan mtu 1500\""));
}

TEST_F(ConfigureTest, WhatShowsAndWhatIsAboutTheConfigurationRuns) {
    run("configure");
    EXPECT_EQ(run("show route | count"), "0\n");
    EXPECT_EQ(run("discard"), "");
    EXPECT_THAT(backend_.called, ElementsAre("Routes.List ", "Config.Discard "));
}

TEST_F(ConfigureTest, DoRunsAtOnce) {
    run("configure");
    backend_.reply("Routes.Add", sluice::Empty());
    EXPECT_EQ(run("do add route 10.0.0.0/8 blackhole"), "");
    EXPECT_THAT(backend_.called, ElementsAre(HasSubstr("Routes.Add ")));
    EXPECT_EQ(run("do show route | count"), "0\n");
    EXPECT_EQ(run("do"), "error: do needs a command behind it, such as: do clear counters");
    Reporting how;
    how.screen.size = [] { return Screen::Size{80, 24}; };
    std::ostringstream err;
    report(session_.run("do show intrface"), "", "do show intrface", how, err);
    EXPECT_THAT(err.str(), HasSubstr("  do show intrface\n          ^^^^^^^^\n"));
}

TEST_F(ConfigureTest, ExitGoesBackAndQuitLeaves) {
    run("configure");
    EXPECT_FALSE(session_.run("exit").leave);
    EXPECT_EQ(session_.prompt(), "sluice> ");
    run("configure");
    EXPECT_TRUE(session_.run("quit").leave);
}

TEST_F(ConfigureTest, TellsAPersonWhatIsPending) {
    Session session(backend_, {.interactive = true}, out_);
    ASSERT_TRUE(session.start().ok());
    EXPECT_EQ(run("configure", session), "");
    sluice::ConfigState state;
    state.set_added(1);
    state.set_removed(2);
    backend_.reply("Config.State", state);
    EXPECT_EQ(run("exit", session),
              "(the candidate keeps 1 line to add and 2 to take out: 'commit' makes it run, "
              "'discard' forgets it)\n");
    EXPECT_EQ(run("configure", session),
              "(the candidate already has 1 line to add and 2 to take out: 'diff' shows them)\n");
}

TEST_F(ConfigureTest, RefusesInASentence) {
    EXPECT_EQ(run("configure terminal"),
              "error: configure takes nothing behind it: give it alone, then line by line what to "
              "change");
    EXPECT_EQ(session_.prompt(), "sluice> ");
    run("configure");
    EXPECT_EQ(run("add route 10.0.0.0/8 blackhole | count"),
              "error: a line that edits the candidate shows nothing that could be filtered: leave "
              "out what is behind the bar");
    EXPECT_TRUE(backend_.called.empty());
    backend_.answer = absl::NotFoundError("'add route 10.0.0.0/8 blackhole' is no statement");
    EXPECT_EQ(run("add route 10.0.0.0/8 blackhole"),
              "error: 'add route 10.0.0.0/8 blackhole' is no statement; 'do add route 10.0.0.0/8 "
              "blackhole' runs it at once");
}

TEST_F(ConfigureTest, NeedsADaemonWithACandidate) {
    FakeBackend without;
    Session session(without, {}, out_);
    ASSERT_TRUE(session.start().ok());
    EXPECT_EQ(run("configure", session),
              "error: this daemon keeps no candidate that could be edited");
}

}  // namespace
}  // namespace cli
