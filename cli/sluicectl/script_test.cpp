// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/script.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/sluicectl/fake_backend.hpp"

namespace cli {
namespace {

class ScriptTest : public ::testing::Test {
protected:
    ScriptTest() { EXPECT_TRUE(session_.start().ok()); }

    Exit run(const std::string& text) {
        std::istringstream in(text);
        return run_script(session_, in, "setup", {}, err_);
    }

    FakeBackend backend_;
    std::ostringstream out_;
    std::ostringstream err_;
    Session session_{backend_, {}, out_};
};

TEST_F(ScriptTest, RunsEachLine) {
    EXPECT_EQ(run("# a comment\n\nset interface lan mtu 1500\r\nset interface lan state up"),
              Exit::ok);
    EXPECT_EQ(backend_.called.size(), 2u);
    EXPECT_EQ(err_.str(), "");
}

TEST_F(ScriptTest, StopsAtTheFirstErrorAndNamesItsLine) {
    EXPECT_EQ(
        run("set interface lan mtu 1500\nset interface lan mtu x\nset interface lan mtu 1500\n"),
        Exit::not_understood);
    EXPECT_EQ(backend_.called.size(), 1u);
    EXPECT_EQ(err_.str(),
              "error: setup:2: <mtu> cannot be 'x': it must be a number from 0 to 4294967295\n");
}

TEST_F(ScriptTest, GivesTheDaemonsRefusal) {
    backend_.answer = absl::NotFoundError("no interface is named lan");
    EXPECT_EQ(run("\nset interface lan mtu 1500\n"), Exit::refused);
    EXPECT_EQ(err_.str(), "error: setup:2: no interface is named lan\n");
}

TEST_F(ScriptTest, LeavesWhenAsked) {
    EXPECT_EQ(run("quit\nnonsense\n"), Exit::ok);
}

}  // namespace
}  // namespace cli
