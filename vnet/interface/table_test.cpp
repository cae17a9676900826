// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::interface {
namespace {

using ::testing::ElementsAre;
using testing::FakeDevice;
using testing::FakeState;
using wire::testing::mac;

std::unique_ptr<graph::Engine> make_engine() {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.workers = 2;
    options.buffers = 256;
    return std::move(graph::Engine::create(options).value());
}

std::string word(Change change) {
    switch (change) {
        case Change::added:
            return "added";
        case Change::removing:
            return "removing";
        case Change::up:
            return "up";
        case Change::going_down:
            return "going-down";
        case Change::down:
            return "down";
        case Change::link_up:
            return "link-up";
        case Change::link_down:
            return "link-down";
        case Change::mtu:
            return "mtu";
        case Change::mac:
            return "mac";
        case Change::vrf:
            return "vrf";
    }
    return "?";
}

class TableTest : public ::testing::Test {
protected:
    TableTest() {
        state_->tx_node = 42;
        for (const char* observer : {"a", "b"}) {
            table_.observe([this, observer](const Interface& interface, Change change) {
                told_.push_back(interface.name + " " + word(change) + " " + observer);
            });
        }
    }
    ~TableTest() override { table_.remove_all(); }
    absl::StatusOr<Index> add(const std::string& name) {
        return table_.add(name, FakeDevice::maker(state_));
    }
    std::vector<std::string> told() { return std::exchange(told_, {}); }

    std::shared_ptr<FakeState> state_ = std::make_shared<FakeState>();
    std::unique_ptr<graph::Engine> engine_ = make_engine();
    Table table_{*engine_};
    std::vector<std::string> told_;
};

TEST_F(TableTest, NamesAreChecked) {
    for (const char* good :
         {"a", "eth0", "port-1.100", "0000/03_00.0", "abcdefghijklmnopqrstuvwxyz012345"}) {
        EXPECT_TRUE(add(good).ok()) << good;
    }
    for (const char* bad : {"", "a b", "eth0:1", "\xc3\xa4", "abcdefghijklmnopqrstuvwxyz0123456"}) {
        EXPECT_EQ(add(bad).status().message(),
                  std::string("'") + bad +
                      "' cannot name an interface; use 1 to 32 letters, digits and - _ . /");
    }
    EXPECT_EQ(add("eth0").status().message(), "interface 'eth0' is there already");
    EXPECT_EQ(table_.all().size(), 5u);
}

TEST_F(TableTest, AnInterfaceBeginsDownWithWhatItsDeviceSays) {
    const Index index = add("eth0").value();
    EXPECT_EQ(index, 1u);
    const Interface& interface = **table_.find("eth0");
    EXPECT_FALSE(interface.up);
    EXPECT_FALSE(interface.link);
    EXPECT_EQ(interface.mtu, 1500u);
    const Hot& hot = table_.hot(index);
    EXPECT_FALSE(hot.up());
    EXPECT_EQ(hot.tx_node.load(), 42);
    EXPECT_EQ(hot.unit.load(), 7u);
    EXPECT_EQ(hot.mac.load(), state_->mac.to_uint64());
    EXPECT_EQ(hot.mtu.load(), 1500u);
    EXPECT_EQ(table_.get(index), &interface);
    EXPECT_EQ(table_.get(9), nullptr);
    EXPECT_EQ(table_.name_of(index), "eth0");
    EXPECT_EQ(table_.name_of(9), "-");
    EXPECT_EQ(told(), (std::vector<std::string>{"eth0 added a", "eth0 added b"}));
    state_->max_mtu = 1280;
    EXPECT_EQ(table_.get(add("small").value())->mtu, 1280u);
}

TEST_F(TableTest, WhatIsNotThereIsNamed) {
    EXPECT_EQ(table_.find("x").status().message(),
              "there is no interface 'x'; none has been added yet");
    ASSERT_TRUE(add("a").ok());
    ASSERT_TRUE(add("b").ok());
    const std::string message = "there is no interface 'x'; there are: a, b";
    EXPECT_EQ(table_.find("x").status().message(), message);
    EXPECT_EQ(table_.remove("x").message(), message);
    EXPECT_EQ(table_.set_up("x", true).message(), message);
    EXPECT_EQ(table_.set_mtu("x", 1500).message(), message);
    EXPECT_EQ(table_.set_mac("x", state_->mac).message(), message);
}

TEST_F(TableTest, ADeviceThatCannotBeMadeLeavesNothing) {
    const auto broken = [](Index index) -> absl::StatusOr<std::unique_ptr<Device>> {
        EXPECT_EQ(index, 1u);
        return absl::UnavailableError("no such card");
    };
    EXPECT_EQ(table_.add("eth0", broken).status().message(), "no such card");
    EXPECT_TRUE(table_.all().empty());
    EXPECT_TRUE(told().empty());
    EXPECT_EQ(add("eth0").value(), 1u);
}

TEST_F(TableTest, UpAndDown) {
    const Index index = add("eth0").value();
    told();
    ASSERT_TRUE(table_.set_up("eth0", true).ok());
    EXPECT_TRUE(state_->up);
    EXPECT_TRUE(table_.hot(index).up());
    EXPECT_THAT(told(), ElementsAre("eth0 up a", "eth0 up b", "eth0 link-up a", "eth0 link-up b"));
    ASSERT_TRUE(table_.set_up("eth0", true).ok());
    EXPECT_TRUE(told().empty());
    EXPECT_TRUE(table_.hot(index).operational());
    state_->cable = false;
    table_.poll_links();
    EXPECT_TRUE(table_.hot(index).up());
    EXPECT_FALSE(table_.hot(index).operational());
    table_.poll_links();
    EXPECT_THAT(told(), ElementsAre("eth0 link-down a", "eth0 link-down b"));
    state_->cable = true;
    table_.poll_links();
    told();
    ASSERT_TRUE(table_.set_up("eth0", false).ok());
    EXPECT_FALSE(state_->up);
    EXPECT_EQ(table_.hot(index).flags.load(), 0);
    EXPECT_FALSE(table_.get(index)->link);
    EXPECT_THAT(told(), ElementsAre("eth0 going-down a", "eth0 going-down b", "eth0 down a",
                                    "eth0 down b", "eth0 link-down a", "eth0 link-down b"));
}

TEST_F(TableTest, WhatTheDeviceRefusesChangesNothing) {
    const Index index = add("eth0").value();
    told();
    state_->answer = absl::UnavailableError("not now");
    EXPECT_EQ(table_.set_up("eth0", true).message(), "not now");
    EXPECT_FALSE(table_.hot(index).up());
    EXPECT_EQ(table_.set_mtu("eth0", 1400).message(), "not now");
    EXPECT_EQ(table_.set_mac("eth0", mac("02:00:00:00:00:77")).message(), "not now");
    EXPECT_EQ(table_.get(index)->mtu, 1500u);
    EXPECT_EQ(table_.hot(index).mtu.load(), 1500u);
    EXPECT_EQ(table_.hot(index).mac.load(), 0x02'00'00'00'00'a0u);
    state_->answer = absl::OkStatus();
    ASSERT_TRUE(table_.set_up("eth0", true).ok());
    told();
    state_->answer = absl::UnavailableError("not now");
    EXPECT_EQ(table_.set_up("eth0", false).message(), "not now");
    EXPECT_TRUE(table_.hot(index).up());
    EXPECT_TRUE(table_.get(index)->up);
    EXPECT_THAT(told(),
                ElementsAre("eth0 going-down a", "eth0 going-down b", "eth0 up a", "eth0 up b"));
    state_->answer = absl::OkStatus();
}

TEST_F(TableTest, MtuAndMac) {
    const Index index = add("eth0").value();
    told();
    for (const uint32_t mtu : {67U, 9001U, 0U}) {
        EXPECT_EQ(table_.set_mtu("eth0", mtu).message(), "interface 'eth0' cannot have an MTU of " +
                                                             std::to_string(mtu) +
                                                             "; it takes 68 to 9000");
    }
    EXPECT_EQ(
        table_.set_mac("eth0", wire::MacAddress::broadcast()).message(),
        "ff:ff:ff:ff:ff:ff cannot be the address of interface 'eth0'; give a unicast MAC address");
    EXPECT_TRUE(told().empty());
    ASSERT_TRUE(table_.set_mtu("eth0", 68).ok());
    ASSERT_TRUE(table_.set_mtu("eth0", 9000).ok());
    ASSERT_TRUE(table_.set_mac("eth0", mac("02:00:00:00:00:77")).ok());
    EXPECT_EQ(state_->mtu, 9000u);
    EXPECT_EQ(state_->mac, mac("02:00:00:00:00:77"));
    EXPECT_EQ(table_.hot(index).mtu.load(), 9000u);
    EXPECT_EQ(table_.hot(index).mac.load(), 0x02'00'00'00'00'77u);
    EXPECT_THAT(told(), ElementsAre("eth0 mtu a", "eth0 mtu b", "eth0 mtu a", "eth0 mtu b",
                                    "eth0 mac a", "eth0 mac b"));
}

TEST_F(TableTest, RemovalTellsFirstAndFreesLast) {
    const Index index = add("eth0").value();
    ASSERT_TRUE(table_.set_up("eth0", true).ok());
    told();
    bool alive_when_told = false;
    table_.observe([&](const Interface&, Change change) {
        if (change == Change::removing) {
            alive_when_told = state_->alive && !table_.hot(index).up();
        }
    });
    ASSERT_TRUE(table_.remove("eth0").ok());
    EXPECT_TRUE(alive_when_told);
    EXPECT_FALSE(state_->alive);
    EXPECT_EQ(table_.hot(index).tx_node.load(), engine_->graph().find("drop"));
    EXPECT_EQ(table_.get(index), nullptr);
    EXPECT_THAT(told(), ElementsAre("eth0 going-down a", "eth0 going-down b", "eth0 down a",
                                    "eth0 down b", "eth0 link-down a", "eth0 link-down b",
                                    "eth0 removing a", "eth0 removing b"));
}

TEST_F(TableTest, IndexesAreUsedAgainOldestFirst) {
    for (const char* name : {"a", "b", "c"}) {
        ASSERT_TRUE(add(name).ok());
    }
    ASSERT_TRUE(table_.remove("b").ok());
    ASSERT_TRUE(table_.remove("a").ok());
    EXPECT_EQ(add("d").value(), 2u);
    EXPECT_EQ(add("e").value(), 1u);
    EXPECT_EQ(add("f").value(), 4u);
    table_.remove_all();
    EXPECT_TRUE(table_.all().empty());
}

TEST_F(TableTest, CountersBeginAtZeroForEachInterface) {
    const Index index = add("a").value();
    table_.counters(0, index).rx_packets.add(3);
    table_.counters(1, index).rx_packets.add(4);
    table_.counters(1, index).tx_bytes.add(100);
    table_.counters(1, index).tx_full.add(1);
    table_.counters(1, index).rx_missed.add(2);
    EXPECT_EQ(table_.totals(index).rx_packets, 7u);
    EXPECT_EQ(table_.totals(index).tx_bytes, 100u);
    EXPECT_EQ(table_.totals(index).tx_full, 1u);
    EXPECT_EQ(table_.totals(index).rx_missed, 2u);
    table_.clear_counters();
    EXPECT_EQ(table_.totals(index).rx_packets, 0u);
    table_.counters(0, index).rx_packets.add(5);
    EXPECT_EQ(table_.totals(index).rx_packets, 5u);
    ASSERT_TRUE(table_.remove("a").ok());
    ASSERT_EQ(add("b").value(), index);
    EXPECT_EQ(table_.totals(index).rx_packets, 0u);
}

}  // namespace
}  // namespace vnet::interface
