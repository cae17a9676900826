// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace cross_connect {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "cross-connect") {
        for (const char* name : {"a", "b", "c"}) {
            run(std::string("add null ") + name);
        }
    }
    bool on(const std::string& name) {
        return router_.engine->graph().has_feature("device-input", "cross-connect",
                                                   interface(name).index);
    }
};

TEST_F(PluginTest, JoinsTwoInterfacesBothWays) {
    run("add cross-connect b a");
    EXPECT_THAT(run("show cross-connect"), ElementsAre(R"({"first":"b","second":"a"})"));
    EXPECT_TRUE(on("a") && on("b") && !on("c"));
    run("delete cross-connect a b");
    EXPECT_THAT(run("show cross-connect"), IsEmpty());
    EXPECT_FALSE(on("a") || on("b"));
    run("add cross-connect a c");
}

TEST_F(PluginTest, RefusesInASentence) {
    run("add cross-connect a b");
    EXPECT_EQ(refusal("add cross-connect c a"),
              "interface 'a' is joined with 'b'; delete that first");
    EXPECT_EQ(refusal("add cross-connect c c"),
              "interface 'c' cannot be joined with itself; name two");
    EXPECT_THAT(refusal("add cross-connect c nowhere"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("delete cross-connect a c"),
              "'a' and 'c' are not joined; `show cross-connect` lists what is");
    EXPECT_THAT(refusal("delete cross-connect nowhere a"), HasSubstr("'nowhere'"));
    auto& takers = router_.router->interfaces().takers();
    ASSERT_TRUE(takers.claim(interface("c").index, "a port of bridge 'office'").ok());
    run("add null d");
    EXPECT_EQ(refusal("add cross-connect d c"),
              "interface 'c' is a port of bridge 'office'; delete that first");
    EXPECT_EQ(run("show cross-connect").size(), 1U);
}

TEST_F(PluginTest, EndsWithEitherInterface) {
    run("add cross-connect a b");
    run("delete interface b");
    EXPECT_THAT(run("show cross-connect"), IsEmpty());
    EXPECT_FALSE(on("a"));
    run("add cross-connect a c");
    run("delete interface a");
    EXPECT_THAT(run("show cross-connect"), IsEmpty());
    EXPECT_FALSE(on("c"));
}

TEST_F(PluginTest, LeavesNothingOnWhenItGoes) {
    run("add cross-connect a b");
    must(router_.host->unload("cross-connect"));
    EXPECT_FALSE(on("a"));
    must(router_.host->load("cross-connect"));
    EXPECT_FALSE(on("a"));
    run("add cross-connect a c");
}

}  // namespace
}  // namespace cross_connect
