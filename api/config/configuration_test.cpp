// SPDX-License-Identifier: Apache-2.0
#include "api/config/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/config/testing/world.hpp"

namespace api::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ConfigurationTest : public ::testing::Test {
protected:
    void run(const char* lines) {
        Commands commands(world_.registry);
        const absl::Status status = run_lines(lines, "test", commands, world_.registry);
        EXPECT_TRUE(status.ok()) << status;
        world_.calls.clear();
    }
    std::string running() { return configuration_.running()->text(); }
    Document read(std::string_view text) {
        auto document = configuration_.read(text, "test");
        EXPECT_TRUE(document.ok()) << document.status();
        return *std::move(document);
    }
    std::string edited(std::initializer_list<const char*> lines) {
        Document document = *configuration_.running();
        for (const char* line : lines) {
            const absl::Status status = configuration_.edit(document, line);
            EXPECT_TRUE(status.ok()) << line << ": " << status;
        }
        return document.text();
    }
    absl::Status apply(std::string_view text) { return configuration_.apply(read(text)); }

    testing::World world_;
    Configuration configuration_{world_.registry};
};

constexpr const char* a_world =
    "add thing a\nadd thing b size 7\nadd thing c\npaint a red\npaint b blue\njoin a to b\n";

TEST_F(ConfigurationTest, WritesWhatRebuildsTheState) {
    run(a_world);
    EXPECT_EQ(running(), a_world);
}

TEST_F(ConfigurationTest, ReadsStatementsOnly) {
    const auto read = [&](const char* text) {
        return std::string(configuration_.read(text, "file").status().message());
    };
    EXPECT_THAT(read("add thing a\n\npoke a\n"), StartsWith("file:3: 'poke a' is no part"));
    EXPECT_THAT(read("add think a\n"), StartsWith("file:1: unknown word 'think'"));
}

TEST_F(ConfigurationTest, EditsAsTheLinesWouldChangeTheRouter) {
    run(a_world);
    EXPECT_EQ(edited({"paint c green", "unpaint a", "paint b black"}),
              "add thing a\nadd thing b size 7\nadd thing c\npaint b black\npaint c green\njoin a "
              "to b\n");
    EXPECT_EQ(edited({"delete thing a"}), "add thing b size 7\nadd thing c\npaint b blue\n");
    EXPECT_EQ(edited({"part a from b", "delete thing c"}),
              "add thing a\nadd thing b size 7\npaint a red\npaint b blue\n");
    // Abbreviated lines are kept in full.
    EXPECT_THAT(edited({"ad th d"}), HasSubstr("add thing d\n"));
    EXPECT_THAT(world_.calls, IsEmpty());

    Document document = *configuration_.running();
    EXPECT_EQ(configuration_.edit(document, "unpaint c").code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(configuration_.edit(document, "poke a").message(), HasSubstr("'poke a'"));
    EXPECT_THAT(configuration_.edit(document, "paint").message(), HasSubstr("too early"));
    EXPECT_EQ(document.text(), a_world);
}

TEST_F(ConfigurationTest, TouchesNothingThatStays) {
    run(a_world);
    ASSERT_TRUE(apply("add thing a\nadd thing b size 7\nadd thing c\nadd thing d\npaint a green\n"
                      "join a to b\n")
                    .ok());
    EXPECT_THAT(world_.calls, ElementsAre("Unpaint", "Add", "Paint"));
    EXPECT_EQ(running(),
              "add thing a\nadd thing b size 7\nadd thing c\nadd thing d\npaint a green\njoin a to "
              "b\n");
}

TEST_F(ConfigurationTest, WhatGoesOnTheWayComesBack) {
    run(a_world);
    // A thing cannot change its size: it is made anew, and what hung on it with it.
    const char* wanted =
        "add thing a\nadd thing b size 8\nadd thing c\npaint a red\npaint b blue\njoin a to b\n";
    ASSERT_TRUE(apply(wanted).ok());
    EXPECT_EQ(running(), wanted);
    EXPECT_THAT(world_.calls, ElementsAre("Delete", "Add", "Paint", "Join"));
}

TEST_F(ConfigurationTest, AllOrNothing) {
    run(a_world);
    const absl::Status status = apply(
        "add thing a\nadd thing b size 8\nadd thing d\nadd thing bad\npaint a green\npaint b "
        "blue\n");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "'add thing bad': 'bad' is no name; take another");
    EXPECT_EQ(running(), a_world);
    // Also where it was refused at the last line.
    EXPECT_FALSE(apply("add thing a\npaint a ugly\n").ok());
    EXPECT_EQ(running(), a_world);
}

TEST_F(ConfigurationTest, WhatCannotStayIsNotLostInSilence) {
    run(a_world);
    const absl::Status status = apply("add thing a\njoin a to b\n");
    EXPECT_THAT(status.message(), HasSubstr("'join a to b': there is no thing 'b'"));
    EXPECT_EQ(running(), a_world);
}

TEST_F(ConfigurationTest, SaysWhereEvenTheWayBackIsRefused) {
    run(a_world);
    const Document target = read("add thing a size 2\npaint a ugly\n");
    world_.refused = "Join";
    const absl::Status status = configuration_.apply(target);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(status.message(), HasSubstr("could not be restored: 'join a to b': it is refused"));
}

}  // namespace
}  // namespace api::config
