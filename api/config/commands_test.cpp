// SPDX-License-Identifier: Apache-2.0
#include "api/config/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/config/testing/world.hpp"

namespace api::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CommandsTest : public ::testing::Test {
protected:
    absl::Status run(std::string_view text) {
        return run_lines(text, "router.conf", commands_, world_.registry);
    }
    testing::World world_;
    Commands commands_{world_.registry};
};

TEST_F(CommandsTest, RunsLinesInOrder) {
    ASSERT_TRUE(run("# a comment\n\nadd thing b\r\n  add thing a # another\npaint a red").ok());
    EXPECT_THAT(world_.calls, ElementsAre("Add", "Add", "Paint"));
    EXPECT_EQ(world_.colours["a"], "red");
}

TEST_F(CommandsTest, NamesTheLineThatIsNotUnderstoodAndRunsNothing) {
    const absl::Status status = run("add thing a\n\nadd thin g b\n");
    EXPECT_THAT(std::string(status.message()), StartsWith("router.conf:3: "));
    EXPECT_THAT(world_.calls, IsEmpty());
}

TEST_F(CommandsTest, NamesTheLineThatIsRefused) {
    const absl::Status status = run("add thing a\nadd thing bad\nadd thing c\n");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "router.conf:2: 'bad' is no name; take another");
    EXPECT_THAT(world_.calls, ElementsAre("Add", "Add"));
}

TEST_F(CommandsTest, FollowsWhatIsServed) {
    ASSERT_TRUE(commands_.run("poke a").ok());
    world_.registry.remove_service("sluice.config.testing.Things");
    EXPECT_THAT(commands_.run("poke a").message(), HasSubstr("there are no commands"));
}

}  // namespace
}  // namespace api::config
