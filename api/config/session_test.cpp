// SPDX-License-Identifier: Apache-2.0
#include "api/config/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/config/files.hpp"
#include "api/config/testing/world.hpp"
#include "api/testing/temp_dir.hpp"

namespace api::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SessionTest : public ::testing::Test {
protected:
    SessionTest() { open(); }
    void open() {
        session_.emplace(world_.registry, control_,
                         Session::Options{file(), [this](const std::string& text) {
                                              warnings_.push_back(text);
                                          }});
    }
    std::string file() const { return folder_ + "/sluice.conf"; }
    void edit(std::initializer_list<const char*> lines) {
        for (const char* line : lines) {
            const absl::Status status = session_->edit(line);
            EXPECT_TRUE(status.ok()) << line << ": " << status;
        }
    }
    void commit(std::string comment = "") {
        const auto size = session_->commit(std::move(comment), std::nullopt);
        EXPECT_TRUE(size.ok()) << size.status();
    }
    std::string running() { return session_->running()->text(); }
    std::string candidate() { return session_->candidate()->text(); }

    testing::World world_;
    boost::asio::io_context control_;
    const api::testing::TempDir own_;
    const std::string& folder_ = own_.path();
    std::vector<std::string> warnings_;
    std::optional<Session> session_;
};

TEST_F(SessionTest, NothingTakesEffectBeforeTheCommit) {
    edit({"add thing a", "paint a red"});
    EXPECT_EQ(running(), "");
    EXPECT_EQ(candidate(), "add thing a\npaint a red\n");
    EXPECT_THAT(*session_->difference(std::nullopt),
                ElementsAre(Change{'+', "add thing a"}, Change{'+', "paint a red"}));
    const auto size = session_->commit("a thing", std::nullopt);
    ASSERT_TRUE(size.ok());
    EXPECT_EQ(size->added, 2u);
    EXPECT_EQ(running(), "add thing a\npaint a red\n");
    EXPECT_THAT(*session_->difference(std::nullopt), IsEmpty());
    edit({"delete thing a"});
    session_->discard();
    EXPECT_EQ(candidate(), running());
}

TEST_F(SessionTest, TheCandidateFollowsWhatRuns) {
    edit({"add thing b"});
    world_.things["a"] = std::nullopt;
    EXPECT_EQ(candidate(), "add thing a\nadd thing b\n");
    edit({"delete thing a"});
    world_.things.clear();
    EXPECT_EQ(candidate(), "add thing b\n");
    commit();
    EXPECT_EQ(running(), "add thing b\n");
}

TEST_F(SessionTest, ACommitThatFailsChangesNothingAndKeepsTheCandidate) {
    edit({"add thing a", "add thing bad"});
    const auto size = session_->commit("", std::nullopt);
    EXPECT_EQ(size.status().message(),
              "nothing was changed: 'add thing bad': 'bad' is no name; take another");
    EXPECT_EQ(running(), "");
    EXPECT_THAT(session_->history().all(), IsEmpty());
    edit({"delete thing bad"});
    commit();
    EXPECT_EQ(running(), "add thing a\n");
}

TEST_F(SessionTest, GoesBackByRevisions) {
    edit({"add thing a"});
    commit("one");
    edit({"paint a red"});
    commit("two");
    edit({"paint a blue"});
    commit("three");
    ASSERT_TRUE(session_->rollback(2).ok());
    EXPECT_EQ(candidate(), "add thing a\n");
    EXPECT_EQ(running(), "add thing a\npaint a blue\n");
    EXPECT_THAT(*session_->difference(2), ElementsAre(Change{'+', "paint a blue"}));
    commit("back");
    EXPECT_EQ(running(), "add thing a\n");
    // As a new daemon finds them.
    open();
    EXPECT_EQ((*session_->history().get(1))->comment, "back");
    ASSERT_TRUE(session_->rollback(1).ok());
    commit();
    EXPECT_EQ(running(), "add thing a\npaint a blue\n");
    EXPECT_EQ(session_->rollback(9).code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(SessionTest, WritesAndLoads) {
    edit({"add thing a size 3", "paint a red"});
    commit();
    ASSERT_TRUE(session_->write("").ok());
    EXPECT_EQ(*read_file(file()), "add thing a size 3\npaint a red\n");
    ASSERT_TRUE(write_file(folder_ + "/other", "# mine\nadd thing b\n").ok());
    ASSERT_TRUE(session_->load(folder_ + "/other").ok());
    commit();
    EXPECT_EQ(running(), "add thing b\n");
    EXPECT_THAT(session_->load("other").message(), HasSubstr("full path"));
    EXPECT_THAT(session_->load(folder_ + "/none").message(), HasSubstr("/none'"));
    EXPECT_THAT(session_->write("relative").status().message(), HasSubstr("full path"));
}

TEST_F(SessionTest, WhatIsNotConfirmedGoesBack) {
    edit({"add thing a"});
    commit();
    edit({"add thing b", "paint a red"});
    ASSERT_TRUE(session_->commit("risky", absl::Milliseconds(20)).ok());
    EXPECT_EQ(running(), "add thing a\nadd thing b\npaint a red\n");
    EXPECT_TRUE(session_->confirm_within());
    EXPECT_THAT(session_->write("").status().message(), HasSubstr("waits to be confirmed"));
    control_.run();
    EXPECT_EQ(running(), "add thing a\n");
    EXPECT_FALSE(session_->confirm_within());
    EXPECT_THAT(session_->reverted(), HasSubstr("Z"));
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("not confirmed")));
    // What was not confirmed can be had again.
    ASSERT_TRUE(session_->rollback(1).ok());
    EXPECT_EQ(candidate(), "add thing a\nadd thing b\npaint a red\n");
}

TEST_F(SessionTest, ACommitConfirms) {
    edit({"add thing a"});
    ASSERT_TRUE(session_->commit("", absl::Milliseconds(20)).ok());
    commit();
    control_.run();
    EXPECT_EQ(running(), "add thing a\n");
    EXPECT_EQ(session_->reverted(), "");
    EXPECT_TRUE(session_->write("").ok());
}

TEST_F(SessionTest, AnotherConditionalCommitGoesBackToWhatWasConfirmed) {
    edit({"add thing a"});
    ASSERT_TRUE(session_->commit("", absl::Hours(1)).ok());
    edit({"add thing b"});
    ASSERT_TRUE(session_->commit("", absl::Milliseconds(10)).ok());
    control_.run();
    EXPECT_EQ(running(), "");
}

TEST_F(SessionTest, MakesTheCandidateOnceForManyEdits) {
    int asked = 0;
    world_.registry.config().add("counting", [&](const Emit&) { ++asked; });
    for (int i = 0; i < 100; ++i) {
        edit({fmt::format("add thing t{}", i).c_str()});
    }
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(session_->commit("", std::nullopt).ok());
    EXPECT_EQ(world_.things.size(), 100u);
}

TEST_F(SessionTest, AnEditKnowsWhatOthersDidSinceTheLast) {
    edit({"add thing a"});
    world_.things["b"] = std::nullopt;
    edit({"delete thing b"});
    EXPECT_TRUE(session_->commit("", std::nullopt).ok());
    EXPECT_TRUE(world_.things.contains("a"));
    EXPECT_FALSE(world_.things.contains("b"));
}

TEST_F(SessionTest, RefusesMoreEditsThanItKeeps) {
    for (int i = 0; i < 100000; ++i) {
        ASSERT_TRUE(session_->edit("add thing a").ok());
    }
    const absl::Status status = session_->edit("add thing b");
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(std::string(status.message()),
              "the candidate has 100000 edits, the most that it takes; `commit` or `discard` them, "
              "or `candidate load` a file");
    session_->discard();
    EXPECT_TRUE(session_->edit("add thing b").ok());
}

}  // namespace
}  // namespace api::config
