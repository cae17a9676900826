// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/config/configuration.hpp"
#include "plugins/host/testing/command_lines.hpp"
#include "plugins/host/testing/router_fixture.hpp"

namespace ttl_guard {
namespace {

using plugins::host::testing::CommandLines;
using plugins::host::testing::must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A whole router with the built object and two interfaces.
struct Box {
    Box() : router(PLUGIN_DIRECTORY) { must(router.host->load("ttl-guard")); }

    plugins::host::testing::RouterFixture router;
    api::config::Configuration configuration{router.api};
};

/// The plugin in a router, driven by its command lines. This thread is the control thread.
class PluginTest : public ::testing::Test {
protected:
    PluginTest() : lines_(std::make_unique<CommandLines>(box_->router.api)) {
        run("add null lan");
        run("add null wan");
    }
    std::vector<std::string> run(const std::string& line) {
        const auto replies = lines_->run(line);
        EXPECT_TRUE(replies.ok()) << line << ": " << replies.status();
        return replies.value_or(std::vector<std::string>());
    }
    std::string refusal(const std::string& line) {
        const auto replies = lines_->run(line);
        EXPECT_FALSE(replies.ok()) << line;
        return std::string(replies.status().message());
    }
    bool is_on(vnet::interface::Index interface) const {
        return box_->router.engine->graph().has_feature("ip4-unicast", "ttl-guard", interface);
    }
    /// What `show running-config` prints.
    std::string running() { return must(box_->configuration.running()).text(); }
    /// What `commit` does with a candidate of these lines.
    void become(const std::string& text) {
        must(box_->configuration.apply(must(box_->configuration.read(text, "candidate"))));
    }
    /// As after the daemon was started again, without a configuration.
    void start_again() {
        lines_.reset();
        box_.reset();
        box_ = std::make_unique<Box>();
        lines_ = std::make_unique<CommandLines>(box_->router.api);
    }

    std::unique_ptr<Box> box_ = std::make_unique<Box>();
    std::unique_ptr<CommandLines> lines_;
};

TEST_F(PluginTest, ItsCommandsTurnTheFeatureOnAndOff) {
    EXPECT_THAT(run("show ttl-guard"), IsEmpty());
    run("set ttl-guard lan floor 254");
    EXPECT_TRUE(is_on(1));
    EXPECT_FALSE(is_on(2));
    EXPECT_THAT(run("show ttl-guard"),
                ElementsAre(R"({"interface":"lan","floor":254,"passed":0,"dropped":0})"));
    run("set ttl-guard lan floor 255");
    EXPECT_THAT(run("show ttl-guard").at(0), HasSubstr(R"("floor":255)"));
    run("delete ttl-guard lan");
    EXPECT_FALSE(is_on(1));
    EXPECT_THAT(run("show ttl-guard"), IsEmpty());
}

TEST_F(PluginTest, ARefusedRequestSaysWhyAndChangesNothing) {
    EXPECT_THAT(refusal("set ttl-guard nowhere floor 254"), HasSubstr("'nowhere'"));
    EXPECT_THAT(refusal("set ttl-guard lan floor 0"), HasSubstr("give 1 to 255"));
    EXPECT_THAT(refusal("set ttl-guard lan floor 256"), HasSubstr("give 1 to 255"));
    EXPECT_THAT(refusal("delete ttl-guard lan"), HasSubstr("has no TTL floor"));
    EXPECT_THAT(run("show ttl-guard"), IsEmpty());
    EXPECT_FALSE(is_on(1));
}

TEST_F(PluginTest, AnInterfaceTakesItsFloorWithIt) {
    run("set ttl-guard lan floor 254");
    run("delete interface lan");
    EXPECT_THAT(run("show ttl-guard"), IsEmpty());
    EXPECT_FALSE(is_on(1));
}

TEST_F(PluginTest, ItCanBeUnloadedAndLoadedAgain) {
    run("set ttl-guard lan floor 254");
    must(box_->router.host->unload("ttl-guard"));
    EXPECT_EQ(box_->router.engine->graph().find("ttl-guard"), graph::no_node);
    must(box_->router.host->load("ttl-guard"));
    EXPECT_THAT(CommandLines(box_->router.api).run("show ttl-guard").value(), IsEmpty());
}

TEST_F(PluginTest, TheRunningConfigurationRebuildsIt) {
    run("set ttl-guard wan floor 64");
    run("set ttl-guard lan floor 254");
    const std::string saved = running();
    EXPECT_EQ(saved,
              "add null lan\nadd null wan\n"
              "set ttl-guard lan floor 254\nset ttl-guard wan floor 64\n");
    start_again();
    EXPECT_EQ(running(), "");
    become(saved);
    EXPECT_EQ(running(), saved);
    EXPECT_TRUE(is_on(1));
    EXPECT_TRUE(is_on(2));
}

TEST_F(PluginTest, ACommitChangesWhatDiffersAndTakesBackWhatIsGone) {
    run("set ttl-guard lan floor 254");
    run("set ttl-guard wan floor 64");
    become("add null lan\nadd null wan\nset ttl-guard lan floor 255\n");
    EXPECT_THAT(run("show ttl-guard"), ElementsAre(HasSubstr(R"("interface":"lan","floor":255)")));
    EXPECT_FALSE(is_on(2));
}

TEST_F(PluginTest, WhatIsGoneIsInNoConfiguration) {
    run("set ttl-guard lan floor 254");
    run("delete interface lan");
    EXPECT_EQ(running(), "add null wan\n");
}

}  // namespace
}  // namespace ttl_guard
