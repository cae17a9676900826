// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace mss_clamp {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "mss-clamp") {
        run("add null a");
        run("add null b");
    }
    bool rx(const std::string& name) {
        return router_.engine->graph().has_feature("ip4-unicast", "ip4-mss-clamp-rx",
                                                   interface(name).index);
    }
    bool tx(const std::string& name) {
        return router_.engine->graph().has_feature("ip4-output", "ip4-mss-clamp-tx",
                                                   interface(name).index);
    }
    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method == "sluice.mss_clamp.MssClamp.Set") {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
};

TEST_F(PluginTest, IsOnWhereItIsSet) {
    run("set interface a mss-clamp auto");
    EXPECT_TRUE(rx("a") && tx("a") && !rx("b") && !tx("b"));
    run("set interface b mss-clamp 1200 direction tx");
    EXPECT_TRUE(!rx("b") && tx("b"));
    EXPECT_THAT(run("show mss-clamp"),
                ElementsAre(HasSubstr(R"("name":"a","mss":1460,"auto":true)"),
                            HasSubstr(R"("name":"b","mss":1200,)")));
    run("set interface a mtu 1000");
    EXPECT_THAT(run("show mss-clamp").at(0), HasSubstr(R"("mss":960)"));
    run("set interface b mss-clamp auto direction rx");
    EXPECT_TRUE(rx("b") && !tx("b"));
    EXPECT_THAT(statements(), ElementsAre(R"(name: "a")", R"(name: "b" direction: DIRECTION_RX)"));
    run("reset interface a mss-clamp");
    EXPECT_FALSE(rx("a") || tx("a"));
    run("delete interface b");
    EXPECT_THAT(run("show mss-clamp"), IsEmpty());
}

TEST_F(PluginTest, RefusesInASentence) {
    EXPECT_EQ(refusal("set interface a mss-clamp 87"),
              "an MSS of 87 is out of range; give 88 to 65495");
    EXPECT_THAT(refusal("set interface a mss-clamp 100000"), HasSubstr("out of range"));
    EXPECT_THAT(refusal("set interface nowhere mss-clamp auto"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("reset interface a mss-clamp"),
              "interface 'a' clamps no MSS; `show mss-clamp` lists those that do");
    EXPECT_THAT(statements(), IsEmpty());
}

TEST_F(PluginTest, LeavesNothingOnWhenItGoes) {
    run("set interface a mss-clamp 1000");
    must(router_.host->unload("mss-clamp"));
    must(router_.host->load("mss-clamp"));
    EXPECT_FALSE(rx("a") || tx("a"));
    run("set interface a mss-clamp 1000");
    EXPECT_THAT(statements(), ElementsAre(R"(name: "a" mss: 1000)"));
}

}  // namespace
}  // namespace mss_clamp
