// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/takers.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/interface/testing/fake_device.hpp"

namespace vnet::interface {
namespace {

using testing::FakeDevice;
using testing::FakeState;

struct TakersTest : ::testing::Test {
    TakersTest() {
        for (const auto& [name, index, state] :
             {std::tuple("lan", &lan, lan_state), std::tuple("wan", &wan, wan_state)}) {
            *index = table.add(name, FakeDevice::maker(state)).value();
        }
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }

    std::shared_ptr<FakeState> lan_state = std::make_shared<FakeState>();
    std::shared_ptr<FakeState> wan_state = std::make_shared<FakeState>();
    std::unique_ptr<graph::Engine> engine = make_engine();
    Table table{*engine};
    Takers& takers = table.takers();
    Index lan = 0, wan = 0;
};

TEST_F(TakersTest, AnInterfaceHasOneAtATime) {
    ASSERT_TRUE(takers.claim(lan, "a port of bridge 'office'").ok());
    EXPECT_TRUE(takers.claim(wan, "joined with 'lan'").ok());
    EXPECT_EQ(takers.claim(lan, "joined with 'wan'").message(),
              "interface 'lan' is a port of bridge 'office'; delete that first");
    EXPECT_EQ(takers.check(wan).message(),
              "interface 'wan' is joined with 'lan'; delete that first");
    takers.release(lan);
    EXPECT_TRUE(takers.check(lan).ok());
    EXPECT_TRUE(takers.claim(lan, "joined with 'wan'").ok());
    takers.release(99);
    EXPECT_EQ(takers.check(99).message(), "there is no interface 99");
}

TEST_F(TakersTest, AnInterfaceIsPromiscuousWhileItIsTaken) {
    ASSERT_TRUE(takers.claim(lan, "a port of bridge 'office'").ok());
    EXPECT_FALSE(takers.claim(lan, "joined with 'wan'").ok());
    EXPECT_TRUE(lan_state->promiscuous);
    EXPECT_EQ(table.get(lan)->promiscuous, 1U);
    EXPECT_EQ(wan_state->promiscuous_told, 0U);
    // As VLANs on it do that are taken too.
    table.want_promiscuous(lan, true);
    takers.release(lan);
    takers.release(lan);
    EXPECT_TRUE(lan_state->promiscuous);
    table.want_promiscuous(lan, false);
    EXPECT_FALSE(lan_state->promiscuous);
    EXPECT_EQ(lan_state->promiscuous_told, 2U);
    // And at the latest when the interface goes.
    ASSERT_TRUE(takers.claim(wan, "joined with 'lan'").ok());
    ASSERT_TRUE(table.remove("wan").ok());
    EXPECT_FALSE(wan_state->promiscuous);
}

TEST_F(TakersTest, WhatCarriesNoEthernetIsNotTaken) {
    lan_state->ethernet = false;
    EXPECT_EQ(takers.claim(lan, "joined with 'wan'").message(),
              "interface 'lan' carries packets without Ethernet headers, and cannot be bridged or "
              "joined; name another");
    EXPECT_EQ(lan_state->promiscuous_told, 0U);
}

}  // namespace
}  // namespace vnet::interface
