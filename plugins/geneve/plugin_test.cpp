// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace geneve {
namespace {

using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class GenevePluginTest : public PluginFixture {
protected:
    GenevePluginTest() : PluginFixture(PLUGIN_DIRECTORY, "geneve") {}

    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method.starts_with("sluice.geneve.")) {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
};

TEST_F(GenevePluginTest, IsWrittenAsItWasMade) {
    run("add geneve tunnel a vni 5 local 192.0.2.1 remote 192.0.2.9");
    run("add geneve tunnel b vni 6 local 2001:db8::1 remote 2001:db8::9 carries ip options "
        "0102:80:mark,0103:01:00000007 checksum off");
    EXPECT_EQ(interface("a").device->kind(), "geneve");
    EXPECT_TRUE(interface("a").device->carries_ethernet());
    EXPECT_FALSE(interface("b").device->carries_ethernet());
    const auto lines = statements();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_THAT(lines[0], HasSubstr("vni: 5"));
    EXPECT_THAT(lines[0], HasSubstr("carries: TUNNEL_CARRIES_ETHERNET"));
    EXPECT_THAT(lines[1], HasSubstr("carries: TUNNEL_CARRIES_IP options: "
                                    "\"0102:80:mark,0103:01:00000007\" checksum: false"));
    run("delete interface a");
    run("delete interface b");
    EXPECT_THAT(statements(), IsEmpty());
}

TEST_F(GenevePluginTest, HasAChecksumOverIp6) {
    const auto listed = [this] { return run("show geneve tunnel").at(0); };
    const auto expect = [&](const std::string& line, bool has, const char* written) {
        run("add geneve tunnel a vni 5 " + line);
        EXPECT_THAT(listed(), HasSubstr(has ? R"("checksum":true)" : R"("checksum":false)"))
            << line;
        const auto lines = statements();
        ASSERT_EQ(lines.size(), 1U);
        if (*written == '\0') {
            EXPECT_THAT(lines[0], Not(HasSubstr("checksum"))) << line;
        } else {
            EXPECT_THAT(lines[0], HasSubstr(written)) << line;
        }
        run("delete interface a");
    };
    const std::string over4 = "local 192.0.2.1 remote 192.0.2.9";
    const std::string over6 = "local 2001:db8::1 remote 2001:db8::9";
    expect(over4, false, "");
    expect(over4 + " checksum on", true, "checksum: true");
    expect(over4 + " checksum off", false, "");
    expect(over6, true, "");
    expect(over6 + " checksum on", true, "");
    expect(over6 + " checksum off", false, "checksum: false");
}

TEST_F(GenevePluginTest, RefusesInASentence) {
    run("add geneve tunnel a vni 5 local 192.0.2.1 remote 192.0.2.9");
    EXPECT_EQ(refusal("add geneve tunnel b vni 16777216 local 192.0.2.1 remote 192.0.2.9"),
              "16777216 is no VNI; give 0 to 16777215");
    EXPECT_EQ(refusal("add geneve tunnel b vni 5 local 192.0.2.1 remote 192.0.2.9"),
              "'a' is the tunnel between 192.0.2.1 and 192.0.2.9 already");
    EXPECT_THAT(refusal("add geneve tunnel b vni 6 local 192.0.2.1 remote 192.0.2.9 options 1:2"),
                HasSubstr("'1:2' is no option"));
    run("add geneve tunnel b vni 6 local 192.0.2.1 remote 192.0.2.9");
}

}  // namespace
}  // namespace geneve
