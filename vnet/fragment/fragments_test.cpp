// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/fragments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/fragment/testing/datagrams.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/router.hpp"

namespace vnet::fragment {
namespace {

using ::testing::HasSubstr;

class FragmentsTest : public ::testing::Test {
protected:
    FragmentsTest() : router_(*Router::create(*engine_)) {}

    interface::Index add(const char* name) {
        return *router_->interfaces().add(name,
                                          interface::testing::FakeDevice::maker(
                                              std::make_shared<interface::testing::FakeState>()));
    }
    bool is_on(interface::Index index) {
        const bool on =
            engine_->graph().has_feature("ip4-unicast", "ip4-virtual-reassembly", index);
        EXPECT_EQ(engine_->graph().has_feature("ip6-unicast", "ip6-virtual-reassembly", index), on);
        EXPECT_EQ(on, fragments().ports_used(index));
        return on;
    }
    Fragments& fragments() { return router_->fragments(); }

    std::unique_ptr<graph::Engine> engine_ = testing::make_engine();
    std::unique_ptr<Router> router_;
};

TEST_F(FragmentsTest, PortsAreThereWhileSomebodyNeedsThem) {
    const auto lan = add("lan");
    const auto wan = add("wan");
    EXPECT_FALSE(is_on(lan));
    auto one = *fragments().use_ports(lan);
    auto other = *fragments().use_ports(lan);
    EXPECT_TRUE(is_on(lan));
    EXPECT_FALSE(is_on(wan));
    one.reset();
    EXPECT_TRUE(is_on(lan));
    other.reset();
    EXPECT_FALSE(is_on(lan));
    one = *fragments().use_ports(lan);
    EXPECT_TRUE(is_on(lan));
}

TEST_F(FragmentsTest, AnInterfaceThatGoesNeedsNothing) {
    const auto lan = add("lan");
    auto before = *fragments().use_ports(lan);
    ASSERT_TRUE(router_->interfaces().remove("lan").ok());
    EXPECT_FALSE(fragments().ports_used(lan));
    EXPECT_THAT(fragments().use_ports(lan).status().message(), HasSubstr("there is no interface"));
    engine_->rcu().flush();
    // Who has its index next is not concerned by the old handle, nor by its end.
    const auto next = add("next");
    EXPECT_FALSE(is_on(next));
    auto now = *fragments().use_ports(next);
    before.reset();
    EXPECT_TRUE(is_on(next));
}

TEST_F(FragmentsTest, AHandleMayOutliveTheRouter) {
    const auto handle = *fragments().use_ports(add("lan"));
    router_.reset();
    EXPECT_EQ(handle.use_count(), 1);
}

TEST_F(FragmentsTest, RefusesWhatIsOutOfRange) {
    const Settings before = fragments().settings(Purpose::ip4_local);
    EXPECT_EQ(before, fragments().defaults(Purpose::ip4_local));
    EXPECT_EQ(before.buffers, 128u);
    EXPECT_EQ(before.timeout_ms, 30'000u);
    EXPECT_EQ(fragments().settings(Purpose::ip6_local), before);
    EXPECT_EQ(fragments().settings(Purpose::ip4_virtual).timeout_ms, 2'000u);
    EXPECT_EQ(fragments().settings(Purpose::ip6_virtual).timeout_ms, 2'000u);
    const auto with = [&](auto change) {
        Settings settings = before;
        change(settings);
        return std::string(fragments().set(Purpose::ip4_local, settings).message());
    };
    EXPECT_THAT(with([](Settings& s) { s.datagrams = 65537; }), HasSubstr("1 to 65536"));
    EXPECT_THAT(with([](Settings& s) { s.buffers = 257; }), HasSubstr("64 to 256"));
    EXPECT_THAT(with([](Settings& s) { s.fragments = 257; }), HasSubstr("2 to 256"));
    EXPECT_THAT(with([](Settings& s) { s.share = 0; }), HasSubstr("1 to 100"));
    EXPECT_THAT(with([](Settings& s) { s.timeout_ms = 99; }), HasSubstr("100 to 120000"));
    EXPECT_EQ(fragments().settings(Purpose::ip4_local), before);
    EXPECT_EQ(with([](Settings& s) { s.buffers = 256; }), "");
    EXPECT_EQ(fragments().settings(Purpose::ip4_local).buffers, 256u);
}

TEST_F(FragmentsTest, TheFeatureComesFirst) {
    for (const auto& arc : engine_->graph().arcs()) {
        if (arc.spec.name == "ip4-unicast" || arc.spec.name == "ip6-unicast") {
            EXPECT_EQ(arc.order.front(), arc.spec.name.substr(0, 3) + "-virtual-reassembly");
        }
    }
    EXPECT_THAT(engine_->warnings(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace vnet::fragment
