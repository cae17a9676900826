// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace urpf {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "urpf") {
        run("add null a");
        run("add null b");
    }
    bool is_on(const std::string& name) {
        const auto index = interface(name).index;
        auto& graph = router_.engine->graph();
        const bool four = graph.has_feature("ip4-unicast", "ip4-source-check", index);
        EXPECT_EQ(four, graph.has_feature("ip6-unicast", "ip6-source-check", index));
        return four;
    }
    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method == "sluice.urpf.SourceCheck.Set") {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
};

TEST_F(PluginTest, IsOnWhereItIsSet) {
    run("set interface a source-check strict");
    EXPECT_TRUE(is_on("a") && !is_on("b"));
    run("set interface b source-check loose default-route off");
    EXPECT_TRUE(is_on("b"));
    EXPECT_THAT(
        run("show source-check"),
        ElementsAre(HasSubstr(R"("name":"a","mode":"strict","default_route":true,"dropped":)"),
                    HasSubstr(R"("name":"b","mode":"loose","default_route":false)")));
    run("set interface b source-check strict");
    EXPECT_THAT(statements(), ElementsAre(R"(name: "a")", R"(name: "b")"));
    run("reset interface a source-check");
    EXPECT_FALSE(is_on("a"));
    run("delete interface b");
    EXPECT_THAT(run("show source-check"), IsEmpty());
}

TEST_F(PluginTest, RefusesInASentence) {
    EXPECT_THAT(refusal("set interface nowhere source-check loose"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("reset interface a source-check"),
              "interface 'a' checks no sources; `show source-check` lists those that do");
    EXPECT_THAT(statements(), IsEmpty());
}

TEST_F(PluginTest, LeavesNothingOnWhenItGoes) {
    run("set interface a source-check loose");
    must(router_.host->unload("urpf"));
    must(router_.host->load("urpf"));
    EXPECT_FALSE(is_on("a"));
    EXPECT_THAT(statements(), IsEmpty());
}

}  // namespace
}  // namespace urpf
