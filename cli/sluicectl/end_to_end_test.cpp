// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <optional>

#include "cli/sluicectl/testing_daemon.hpp"
#include "cli/sluicectl/testing_process.hpp"

namespace cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EndToEnd : public ::testing::Test {
protected:
    EndToEnd() {
        ::setenv("HOME", directory_.file("").c_str(), 1);
        ::unsetenv("XDG_STATE_HOME");
        ::setenv("NO_COLOR", "1", 1);
        daemon_.emplace(path_);
    }

    Finished shell(std::vector<std::string> arguments, const std::string& in = "") {
        arguments.insert(arguments.begin(), {SLUICECTL, "--socket", path_});
        return run_program(arguments, in);
    }

    TempDir directory_;
    std::string path_ = directory_.file("api.sock");
    std::optional<TestingDaemon> daemon_;
};

TEST_F(EndToEnd, RunsLinesFromTheCommandLine) {
    const Finished one = shell({"-c", "add route 10.0.0.0/8 via 10.0.0.1", "-c", "show route"});
    EXPECT_EQ(one.exit, 0) << one.err;
    EXPECT_EQ(one.out,
              "prefix      next hop  interface  preference\n10.0.0.0/8  10.0.0.1  -                "
              "   -\n");
    const Finished json = shell({"-j", "-c", "show route match 10.1.2.3"});
    EXPECT_EQ(json.out,
              "{\"prefix\":\"10.0.0.0/"
              "8\",\"next_hop\":\"10.0.0.1\",\"verdict\":\"forward-unspecified\"}\n");
    EXPECT_EQ(shell({"-c", "show graph"}).out, "digraph {\n}\n");
}

TEST_F(EndToEnd, EndsWithACodeThatTells) {
    const Finished refused = shell({"-c", "set interface lan state up"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_EQ(refused.err, "error: no interface is named lan\n");
    const Finished wrong = shell({"-c", "show intrface"});
    EXPECT_EQ(wrong.exit, 2);
    EXPECT_EQ(
        wrong.err,
        "error: unknown word 'intrface' after 'show' (did you mean 'interface'?): expected one of: "
        "graph, interface, route\n");
    const Finished json = shell({"-j", "-c", "set interface lan state up"});
    EXPECT_EQ(json.err, "{\"error\":\"no interface is named lan\",\"code\":\"NOT_FOUND\"}\n");
    EXPECT_EQ(shell({"--frobnicate"}).exit, 2);
    EXPECT_EQ(shell({"--help"}).exit, 0);
    daemon_.reset();
    const Finished alone = shell({"-c", "show route"});
    EXPECT_EQ(alone.exit, 3);
    EXPECT_THAT(alone.err, StartsWith("error: no daemon answers at "));
}

TEST_F(EndToEnd, RunsScripts) {
    const std::string file = directory_.file("setup");
    std::ofstream(file)
        << "# two routes\nadd route 10.0.0.0/8 blackhole\nadd route 10.0.0.0/8 blackhole\n";
    const Finished script = shell({"-f", file});
    EXPECT_EQ(script.exit, 1);
    EXPECT_EQ(script.err,
              "error: " + file + ":3: the prefix has a route already: delete it first\n");
    const Finished piped = shell({}, "add route 11.0.0.0/8 blackhole\nshow route | count\n");
    EXPECT_EQ(piped.exit, 0) << piped.err;
    EXPECT_EQ(piped.out, "2\n");
    const Finished missing = shell({"-f", directory_.file("nothing")});
    EXPECT_EQ(missing.exit, 2);
}

TEST_F(EndToEnd, KnowsCommentsThroughTheDaemon) {
    EXPECT_THAT(shell({"-c", "show ?"}).out, HasSubstr("  route      Roads to prefixes\n"));
}

TEST_F(EndToEnd, EndsAStreamAtItsTimeLimit) {
    const Finished watch = shell({"--timeout", "0.3", "-c", "watch route"});
    EXPECT_EQ(watch.exit, 1);
    EXPECT_NE(watch.err, "");
}

TEST_F(EndToEnd, ConversesOnATerminal) {
    Terminal terminal({SLUICECTL, "--socket", path_});
    ASSERT_TRUE(terminal.shows("sluice> ")) << terminal.seen();

    terminal.type("sho\trou\t\n");
    ASSERT_TRUE(terminal.shows("prefix  next hop")) << terminal.seen();
    terminal.type("set interface zzz ?");
    ASSERT_TRUE(terminal.shows("members")) << terminal.seen();
    EXPECT_THAT(terminal.seen(), HasSubstr("Sets what an interface is like"));
    ASSERT_TRUE(terminal.shows("sluice> set interface zzz ")) << terminal.seen();
    terminal.type("state up\n");
    ASSERT_TRUE(terminal.shows("error: no interface is named zzz")) << terminal.seen();
    terminal.type("show interface w\t | match wa\n");
    ASSERT_TRUE(terminal.shows("wan ")) << terminal.seen();
    ASSERT_TRUE(terminal.shows("\nwan ")) << terminal.seen();

    // Ctrl-C drops a line that is being typed,
    terminal.type("nonsense\x03");
    ASSERT_TRUE(terminal.shows("^C")) << terminal.seen();
    ASSERT_TRUE(terminal.shows("sluice> ")) << terminal.seen();
    // and ends a call that runs, but not the shell.
    terminal.type("add route 10.0.0.0/8 blackhole\nwatch route\n");
    ASSERT_TRUE(terminal.shows("10.0.0.0/8  -")) << terminal.seen();
    terminal.type("\x03");
    ASSERT_TRUE(terminal.shows("sluice> ")) << terminal.seen();

    // A plugin that goes and comes back takes its commands along.
    daemon_->unload_interfaces();
    terminal.type("show graph\n");
    ASSERT_TRUE(terminal.shows("error: ")) << terminal.seen();
    daemon_->load_interfaces();
    terminal.type("show graph\n");
    ASSERT_TRUE(terminal.shows("digraph {")) << terminal.seen();

    terminal.type("quit\n");
    EXPECT_EQ(terminal.exit(), 0);

    // The next shell remembers.
    std::stringstream history;
    history << std::ifstream(directory_.file(".local/state/sluice/history")).rdbuf();
    EXPECT_THAT(history.str(), HasSubstr("watch"));
    Terminal next({SLUICECTL, "--socket", path_});
    ASSERT_TRUE(next.shows("sluice> ")) << next.seen();
    next.type("\x10");
    ASSERT_TRUE(next.shows("quit")) << next.seen();
    next.type("\n");
    EXPECT_EQ(next.exit(), 0);
}

}  // namespace
}  // namespace cli
