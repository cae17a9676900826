// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/tap.hpp"

#include <gmock/gmock.h>

#include "vnet/device/testing/host.hpp"
#include "vnet/device/testing/rig.hpp"

namespace vnet::device {
namespace {

using testing::Bytes;
using ::testing::HasSubstr;
using testing::HostSocket;
using testing::Rig;

std::string text_of(const absl::Status& status) {
    return std::string(status.message());
}

struct TapTest : ::testing::Test {
    void SetUp() override {
        if (const std::string why = testing::enter_own_network(); !why.empty()) {
            GTEST_SKIP() << why;
        }
        rig = std::make_unique<Rig>();
    }
    std::unique_ptr<Rig> rig;
};

TEST_F(TapTest, WithoutBuffersItWaitsAndRecovers) {
    rig.reset();
    rig = std::make_unique<Rig>(1, 1023);
    const auto index = rig->tap_up("t", "tap7");
    HostSocket host("tap7");
    const Bytes in = rig->frame_to(index);
    auto taken = rig->take_all_buffers();
    // Those that the tap has by itself are used up first.
    unsigned sent = 0;
    const auto waits = [&] { return rig->table().totals(index).rx_no_buffer > 0; };
    ASSERT_TRUE(rig->until([&] {
        if (!waits() && rig->ip4->wait(sent, std::chrono::milliseconds(1)).size() == sent) {
            sent += host.send(in);
        }
        return waits();
    }));
    // The others wait in the kernel. Nothing is lost.
    for (unsigned i = 0; i < 100; ++i) {
        sent += host.send(in);
    }
    const auto got = rig->ip4->wait(0).size();
    EXPECT_LT(got, sent);
    graph::free_packets(taken);
    EXPECT_EQ(rig->ip4->wait(sent).size(), sent);
}

TEST_F(TapTest, PacketsPassBothWays) {
    const auto index = rig->tap_up("t", "tap7");
    HostSocket host("tap7");
    const Bytes in = rig->frame_to(index, 700);
    for (const unsigned count : {1U, 3U, 63U, 256U}) {
        rig->ip4->clear();
        for (unsigned i = 0; i < count; ++i) {
            ASSERT_TRUE(host.send(in));
        }
        const auto arrived = rig->ip4->wait(count);
        ASSERT_EQ(arrived.size(), count);
        EXPECT_EQ(arrived.back().bytes, in);
        EXPECT_EQ(arrived.back().rx_interface, index);
        const Bytes out = wire::testing::packet()
                              .ethernet("02:00:00:00:00:77")
                              .type(0x88b5)
                              .payload(size_t(count))
                              .pad_to()
                              .bytes();
        rig->send(index, out, count);
        for (unsigned i = 0; i < count; ++i) {
            ASSERT_EQ(host.receive(0x88b5), out);
        }
    }
    EXPECT_GE(rig->table().totals(index).rx_packets, 323U);
}

TEST_F(TapTest, ChainsAreWrittenWhole) {
    const auto index = rig->tap_up("t", "tap7");
    ASSERT_TRUE(rig->table().set_mtu("t", 2026).ok());
    HostSocket host("tap7");
    const Bytes whole =
        wire::testing::packet().ethernet("02:00:00:00:00:77").type(0x88b5).payload(2000).bytes();
    graph::Packet* head = rig->engine().pool().allocate();
    graph::Packet* tail = rig->engine().pool().allocate();
    ASSERT_TRUE(head->resize(1000) && tail->resize(uint32_t(whole.size() - 1000)));
    std::memcpy(head->data(), whole.data(), 1000);
    std::memcpy(tail->data(), whole.data() + 1000, whole.size() - 1000);
    ASSERT_EQ(rte_pktmbuf_chain(head->mbuf(), tail->mbuf()), 0);
    head->meta().tx_interface = index;
    ASSERT_TRUE(rig->engine().inject(head, rig->engine().graph().find("interface-output")));
    EXPECT_EQ(host.receive(0x88b5), whole);
}

TEST_F(TapTest, TheHostSideFollows) {
    const auto index = rig->add_tap("t", "tap7");
    ASSERT_TRUE(index.ok());
    const auto& interface = *rig->table().get(*index);
    EXPECT_EQ(interface.device->kind(), "tap");
    EXPECT_EQ(interface.device->description(), "tap7");
    EXPECT_NE(interface.mac, testing::host_mac("tap7"));
    EXPECT_FALSE(testing::host_is_up("tap7"));
    ASSERT_TRUE(rig->table().set_up("t", true).ok());
    EXPECT_TRUE(testing::host_is_up("tap7"));
    EXPECT_TRUE(interface.link);
    ASSERT_TRUE(rig->table().set_mtu("t", 1400).ok());
    EXPECT_EQ(testing::host_mtu("tap7"), 1400);
    ASSERT_TRUE(rig->table().set_up("t", false).ok());
    EXPECT_FALSE(testing::host_is_up("tap7"));
    EXPECT_THAT(text_of(rig->table().set_mac("t", testing::host_mac("tap7"))),
                HasSubstr("at the other end of the tap"));
    EXPECT_TRUE(rig->table().set_mac("t", wire::testing::mac("02:00:00:00:00:42")).ok());
}

TEST_F(TapTest, AHostSideThatIsDownIsALinkDown) {
    const auto index = rig->tap_up("t", "tap7");
    ASSERT_TRUE(testing::set_host_up("tap7", false));
    rig->table().poll_links();
    EXPECT_FALSE(rig->table().get(index)->link);
    rig->send(index, rig->frame_to(index));
    EXPECT_TRUE(rig->until([&] { return rig->drops("tap-tx", "tap-down") == 1; }));
    ASSERT_TRUE(testing::set_host_up("tap7", true));
    rig->table().poll_links();
    EXPECT_TRUE(rig->table().get(index)->link);
}

TEST_F(TapTest, GoesWithTheInterfaceAndComesBack) {
    for (unsigned round = 0; round < 3; ++round) {
        const auto index = rig->tap_up("t", "tap7");
        EXPECT_TRUE(testing::host_exists("tap7"));
        HostSocket host("tap7");
        ASSERT_TRUE(host.send(rig->frame_to(index)));
        EXPECT_EQ(rig->ip4->wait(round + 1).size(), round + 1);
        ASSERT_TRUE(rig->table().remove("t").ok());
        EXPECT_FALSE(testing::host_exists("tap7"));
    }
}

TEST_F(TapTest, ATapThatIsDeletedBehindOurBackIsALinkDown) {
    const auto index = rig->tap_up("t", "tap7");
    ASSERT_TRUE(testing::run("ip link delete tap7"));
    rig->table().poll_links();
    EXPECT_FALSE(rig->table().get(index)->link);
    EXPECT_THAT(text_of(rig->table().set_mtu("t", 1300)),
                HasSubstr("the host's side of the tap is gone"));
    rig->send(index, rig->frame_to(index));
    EXPECT_TRUE(rig->until([&] { return rig->drops("tap-tx", "tap-down") == 1; }));
    EXPECT_TRUE(rig->table().remove("t").ok());
    EXPECT_TRUE(rig->add_tap("t", "tap7").ok());
}

TEST_F(TapTest, MayMoveToAnotherNamespace) {
    const auto index = rig->tap_up("t", "tap7");
    testing::OtherNetwork other;
    ASSERT_TRUE(testing::run("ip link set tap7 netns " + std::to_string(other.pid())));
    EXPECT_FALSE(testing::host_exists("tap7"));
    rig->table().poll_links();
    EXPECT_FALSE(rig->table().get(index)->link) << "the move sets it down";
    ASSERT_TRUE(rig->table().set_up("t", false).ok());
    ASSERT_TRUE(rig->table().set_up("t", true).ok());
    EXPECT_TRUE(rig->table().get(index)->link);
    EXPECT_TRUE(rig->table().set_mtu("t", 1280).ok());
}

TEST_F(TapTest, RefusesInOneSentence) {
    ASSERT_TRUE(rig->add_tap("t", "tap7").ok());
    EXPECT_EQ(text_of(rig->add_tap("u", "tap7").status()),
              "host interface 'tap7' is there already; name another or delete it first");
    EXPECT_THAT(text_of(rig->add_tap("u", "lo").status()), HasSubstr("'lo' is there already"));
    for (const char* name : {"a-name-that-is-too-long", "a/b", "a b", "tap%d", ".."}) {
        EXPECT_THAT(text_of(rig->add_tap("u", name).status()),
                    HasSubstr("cannot name a host interface"))
            << name;
    }
    const auto any = rig->add_tap("u", "");
    ASSERT_TRUE(any.ok());
    EXPECT_TRUE(testing::host_exists(rig->table().get(*any)->device->description()));
}

TEST_F(TapTest, AnIdleWorkerSleepsUntilAPacketComes) {
    const auto index = rig->tap_up("t", "tap7");
    HostSocket host("tap7");
    const graph::WorkerCounters& counters = rig->engine().workers()[0]->dispatch().counters();
    const uint64_t before = counters.sleeps.read();
    ASSERT_TRUE(rig->until([&] { return counters.sleeps.read() > before; }));
    ASSERT_TRUE(host.send(rig->frame_to(index)));
    EXPECT_EQ(rig->ip4->wait(1).size(), 1U);
}

}  // namespace
}  // namespace vnet::device
