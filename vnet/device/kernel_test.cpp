// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "vnet/device/testing/host.hpp"
#include "vnet/device/testing/rig.hpp"

/// Ports on interfaces of the kernel. Need root; each test has a network of its own.
namespace vnet::device {
namespace {

using testing::Bytes;
using ::testing::HasSubstr;
using testing::HostSocket;
using testing::Rig;

std::string text_of(const absl::Status& status) {
    return std::string(status.message());
}

struct KernelTest : ::testing::Test {
    void SetUp() override {
        if (const std::string why = testing::enter_own_network(); !why.empty()) {
            GTEST_SKIP() << why;
        }
        // The kernel's own IPv6 chatter would be in the way of counts.
        testing::run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
        if (!testing::run("ip link add v0 type veth peer name v1")) {
            GTEST_SKIP() << "this kernel or system makes no veth pair";
        }
        ASSERT_TRUE(testing::set_host_up("v0", true) && testing::set_host_up("v1", true));
        rig = std::make_unique<Rig>();
    }
    /// Frames in both directions between the port on v0 and a raw socket on v1.
    void pass(interface::Index index, unsigned count) {
        HostSocket host("v1");
        rig->ip4->clear();
        const Bytes in = rig->frame_to(index, 700);
        for (unsigned i = 0; i < count; ++i) {
            ASSERT_TRUE(host.send(in));
        }
        const auto arrived = rig->ip4->wait(count);
        ASSERT_EQ(arrived.size(), count);
        EXPECT_EQ(arrived.back().bytes, in);
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
    /// What every port on v0 is to do: pass packets, stop, start, go and come again.
    void try_out(const std::string& devargs) {
        for (unsigned round = 0; round < 3; ++round) {
            const auto index = rig->port_up("p", devargs);
            ASSERT_NE(index, 0U);
            EXPECT_EQ(rig->table().get(index)->mac, testing::host_mac("v0"));
            pass(index, 1);
            pass(index, 100);
            ASSERT_TRUE(rig->table().set_up("p", false).ok());
            {
                HostSocket host("v1");
                ASSERT_TRUE(host.send(rig->frame_to(index)));
            }
            ASSERT_TRUE(rig->table().set_up("p", true).ok());
            pass(index, 10);
            EXPECT_TRUE(rig->until([&] {
                rig->table().poll_links();
                return rig->table().get(index)->link;
            }));
            ASSERT_TRUE(testing::set_host_up("v1", false));
            // The kernel tells of a lost carrier some time later.
            EXPECT_TRUE(rig->until([&] {
                rig->table().poll_links();
                return !rig->table().get(index)->link;
            }));
            ASSERT_TRUE(testing::set_host_up("v1", true));
            ASSERT_TRUE(rig->table().remove("p").ok());
        }
    }
    std::unique_ptr<Rig> rig;
};

TEST_F(KernelTest, WithoutBuffersAPacketPortCountsAndRecovers) {
    rig.reset();
    rig = std::make_unique<Rig>(1, 1023);
    const auto index = rig->port_up("p", "net_af_packet0,iface=v0");
    HostSocket host("v1");
    const Bytes in = rig->frame_to(index);
    auto taken = rig->take_all_buffers();
    ASSERT_TRUE(rig->until([&] {
        host.send(in);
        return rig->table().totals(index).rx_no_buffer > 0;
    }));
    graph::free_packets(taken);
    // Behind those that have waited in the kernel.
    const Bytes last = rig->frame_to(index, 333);
    ASSERT_TRUE(host.send(last));
    EXPECT_TRUE(rig->until([&] { return rig->ip4->wait(1).back().bytes == last; }));
}

TEST_F(KernelTest, WorkersSleepOnTheSocketsOfPorts) {
    for (const char* driver : {"net_af_packet0,iface=v0", "net_af_xdp0,iface=v0"}) {
        const auto index = rig->port_up("p", driver);
        ASSERT_NE(index, 0U) << driver;
        const auto& polled = rig->engine().placement().of(0);
        ASSERT_EQ(polled.size(), 1U);
        EXPECT_GE(polled[0].source->wait_fd(), 0) << driver;
        EXPECT_EQ(polled[0].source->id(), (graph::QueueId{index, 0}));
        ASSERT_TRUE(rig->engine().set_mode({index, 0}, graph::RxMode::interrupt).ok());
        const graph::WorkerCounters& counters = rig->engine().workers()[0]->dispatch().counters();
        for (unsigned round = 0; round < 20; ++round) {
            const uint64_t sleeps = counters.sleeps.read();
            pass(index, 1);
            ASSERT_TRUE(rig->until([&] { return counters.sleeps.read() > sleeps; })) << driver;
        }
        EXPECT_GE(counters.wakes_packets.read(), 10U) << driver;
        // An error at the socket wakes the worker once, not for ever.
        testing::set_host_up("v0", false);
        ASSERT_TRUE(rig->until([&] { return !testing::host_is_up("v0"); }));
        testing::set_host_up("v0", true);
        pass(index, 3);
        ASSERT_TRUE(rig->table().remove("p").ok());
    }
}

TEST_F(KernelTest, AfPacket) {
    try_out("net_af_packet0,iface=v0");
}

TEST_F(KernelTest, AfXdp) {
    const auto index = rig->add_port("p", "net_af_xdp0,iface=v0");
    if (!index.ok()) {
        GTEST_SKIP() << index.status();
    }
    ASSERT_TRUE(rig->table().set_up("p", true).ok());
    pass(*index, 1);
    pass(*index, 100);
    ASSERT_TRUE(rig->table().set_up("p", false).ok());
    ASSERT_TRUE(rig->table().set_up("p", true).ok());
    pass(*index, 100);
    EXPECT_THAT(text_of(rig->table().set_mac("p", wire::testing::mac("02:00:00:00:00:42"))),
                HasSubstr("cannot change its MAC address"));
    ASSERT_TRUE(rig->table().remove("p").ok());
    EXPECT_THAT(text_of(rig->add_port("p", "net_af_xdp1,iface=v0").status()),
                HasSubstr("does not give it back"));
    try_out("net_af_packet0,iface=v0");
}

TEST_F(KernelTest, PcapOnAnInterface) {
    const auto index = rig->port_up("p", "net_pcap0,iface=v0");
    pass(index, 50);
    ASSERT_TRUE(rig->table().set_up("p", false).ok());
    ASSERT_TRUE(rig->table().set_up("p", true).ok());
    pass(index, 50);
}

TEST_F(KernelTest, OneHostInterfaceHasOnePort) {
    ASSERT_TRUE(rig->add_port("p", "net_af_packet0,iface=v0").ok());
    EXPECT_EQ(text_of(rig->add_port("q", "net_af_packet1,iface=v0").status()),
              "host interface 'v0' is in use by device 'net_af_packet0' already");
    EXPECT_TRUE(rig->add_port("q", "net_af_packet1,iface=v1").ok());
}

TEST_F(KernelTest, AHostInterfaceIsPromiscuousWhileItIsWanted) {
    const auto promiscuous = [] {
        return testing::run("ip -d link show v0 | grep -q 'promiscuity 1'");
    };
    const auto index = rig->add_port("p", "net_af_packet0,iface=v0").value();
    const Bytes foreign = wire::testing::packet()
                              .ethernet("02:00:00:00:00:77", "02:00:00:00:00:78")
                              .ip4()
                              .udp()
                              .pad_to()
                              .bytes();
    // Asked for before it is up.
    rig->table().want_promiscuous(index, true);
    ASSERT_TRUE(rig->table().set_up("p", true).ok());
    EXPECT_TRUE(promiscuous());
    HostSocket host("v1");
    ASSERT_TRUE(host.send(foreign));
    EXPECT_TRUE(rig->until([&] { return rig->drops("ethernet-input", "not-for-us") == 1; }));
    ASSERT_TRUE(rig->table().set_up("p", false).ok());
    ASSERT_TRUE(rig->table().set_up("p", true).ok());
    EXPECT_TRUE(promiscuous());
    rig->table().want_promiscuous(index, false);
    EXPECT_FALSE(promiscuous());
    rig->table().want_promiscuous(index, true);
    EXPECT_TRUE(promiscuous());
}

TEST_F(KernelTest, MtuAndAddressReachTheHostInterface) {
    const auto index = rig->port_up("p", "net_af_packet0,iface=v0");
    ASSERT_TRUE(rig->table().set_mtu("p", 1400).ok());
    EXPECT_EQ(testing::host_mtu("v0"), 1400);
    EXPECT_THAT(text_of(rig->table().set_mtu("p", 1501)), HasSubstr("it takes 68 to 1500"));
    ASSERT_TRUE(rig->table().set_mac("p", wire::testing::mac("02:00:00:00:00:42")).ok());
    EXPECT_EQ(testing::host_mac("v0"), wire::testing::mac("02:00:00:00:00:42"));
    pass(index, 3);
}

}  // namespace
}  // namespace vnet::device
