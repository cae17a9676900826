// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/command_lines.hpp"
#include "plugins/host/testing/router_fixture.hpp"

namespace ttl_guard {
namespace {

using plugins::host::testing::CommandLines;
using plugins::host::testing::must;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The built object in a whole router, driven by its command lines. This thread is the control
/// thread.
class PluginTest : public ::testing::Test {
protected:
    PluginTest() : router_(PLUGIN_DIRECTORY) {
        must(router_.host->load("ttl-guard"));
        lines_ = std::make_unique<CommandLines>(router_.api);
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
        return router_.engine->graph().has_feature("ip4-unicast", "ttl-guard", interface);
    }

    plugins::host::testing::RouterFixture router_;
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
    must(router_.host->unload("ttl-guard"));
    EXPECT_EQ(router_.engine->graph().find("ttl-guard"), graph::no_node);
    must(router_.host->load("ttl-guard"));
    EXPECT_THAT(CommandLines(router_.api).run("show ttl-guard").value(), IsEmpty());
}

}  // namespace
}  // namespace ttl_guard
