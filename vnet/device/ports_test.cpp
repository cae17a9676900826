// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/ports.hpp"

#include <gmock/gmock.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "api/testing/temp_dir.hpp"
#include "vnet/device/testing/rig.hpp"

namespace vnet::device {
namespace {

using testing::Bytes;
using ::testing::HasSubstr;
using testing::Inbox;
using testing::Rig;

std::string text_of(const absl::Status& status) {
    return std::string(status.message());
}

PortOptions ring(const std::string& name, unsigned rx_queues, unsigned tx_queues) {
    PortOptions options;
    options.devargs = name;
    options.rx_queues = rx_queues;
    options.tx_queues = tx_queues;
    return options;
}

TEST(PortsTest, NullReceivesWhileItIsUp) {
    Rig rig;
    const auto index = rig.port_up("p", "net_null0");
    EXPECT_TRUE(rig.until([&] { return rig.table().totals(index).rx_packets >= 1000; }));
    EXPECT_TRUE(rig.until([&] { return rig.drops("ethernet-input", "not-for-us") >= 1000; }));
    ASSERT_TRUE(rig.table().set_up("p", false).ok());
    const uint64_t then = rig.table().totals(index).rx_packets;
    EXPECT_EQ(rig.table().totals(index).rx_bytes, then * 64);
    ASSERT_TRUE(rig.table().set_up("p", true).ok());
    EXPECT_TRUE(rig.until([&] { return rig.table().totals(index).rx_packets > then; }));
    EXPECT_TRUE(rig.until([&] { return rig.table().get(index)->link; }));
}

TEST(PortsTest, RingBringsBackWhatIsSent) {
    Rig rig;
    const auto index = rig.port_up("p", "net_ring0");
    EXPECT_TRUE(rig.table().get(index)->mac.is_unicast());
    for (const unsigned count : {1U, 3U, 63U, 256U}) {
        rig.ip4->clear();
        const Bytes frame = rig.frame_to(index, count);
        rig.send(index, frame, count);
        const auto arrived = rig.ip4->wait(count);
        ASSERT_EQ(arrived.size(), count);
        for (const Inbox::Arrived& one : arrived) {
            EXPECT_EQ(one.bytes, frame);
            EXPECT_EQ(one.rx_interface, index);
        }
    }
    const auto totals = rig.table().totals(index);
    EXPECT_EQ(totals.rx_packets, 323U);
    EXPECT_EQ(totals.tx_packets, 323U);
    EXPECT_EQ(totals.rx_bytes, totals.tx_bytes);
    EXPECT_EQ(totals.tx_full, 0U);
}

TEST(PortsTest, EveryQueueHasAWorkerAndEveryWorkerAQueue) {
    Rig rig(2);
    const auto index = rig.port_up("p", ring("net_ring0", 2, 0));
    const Bytes frame = rig.frame_to(index);
    rig.send(index, frame, 100, 0);
    rig.send(index, frame, 100, 1);
    std::set<unsigned> workers;
    for (const Inbox::Arrived& one : rig.ip4->wait(200)) {
        workers.insert(one.worker);
    }
    EXPECT_EQ(workers.size(), 2U);
    EXPECT_EQ(rig.ip4->wait(200).size(), 200U);
}

TEST(PortsTest, WorkersShareTooFewQueues) {
    Rig rig(3);
    const auto index = rig.port_up("p", ring("net_ring0", 1, 1));
    const Bytes frame = rig.frame_to(index);
    for (unsigned round = 0; round < 500; ++round) {
        rig.send(index, frame, 1, round % 3);
    }
    EXPECT_EQ(rig.ip4->wait(500).size(), 500U);
}

TEST(PortsTest, DownMeansNeitherInNorOut) {
    Rig rig;
    const auto index = rig.port_up("p", "net_ring0");
    ASSERT_TRUE(rig.table().set_up("p", false).ok());
    rig.send(index, rig.frame_to(index), 3);
    EXPECT_TRUE(rig.until([&] { return rig.drops("interface-output", "interface-down") == 3; }));
    EXPECT_FALSE(rig.table().get(index)->link);
    ASSERT_TRUE(rig.table().set_up("p", true).ok());
    rig.send(index, rig.frame_to(index), 5);
    EXPECT_EQ(rig.ip4->wait(5).size(), 5U);
}

TEST(PortsTest, DeletedDevicesCanBeAddedAgain) {
    Rig rig;
    for (unsigned round = 0; round < 3; ++round) {
        const auto a = rig.port_up("a", "net_ring0");
        const auto b = rig.port_up("b", "net_null7,size=100");
        rig.send(a, rig.frame_to(a));
        EXPECT_EQ(rig.ip4->wait(round + 1).size(), round + 1);
        EXPECT_TRUE(rig.until([&] { return rig.table().totals(b).rx_packets > 0; }));
        ASSERT_TRUE(rig.table().remove("a").ok());
        ASSERT_TRUE(rig.table().remove("b").ok());
    }
}

TEST(PortsTest, RefusesInOneSentence) {
    Rig rig;
    ASSERT_TRUE(rig.add_port("p", "net_null0").ok());
    const auto refusal = [&](const std::string& devargs) {
        return text_of(rig.add_port("q", devargs).status());
    };
    EXPECT_THAT(refusal("net_null0"),
                HasSubstr("device 'net_null0' is in use by another interface"));
    EXPECT_THAT(refusal("net_foo0"), HasSubstr("device 'net_foo0' is of no driver that is here"));
    EXPECT_THAT(refusal("no such"), HasSubstr("'no such' is no device"));
    EXPECT_THAT(refusal("net_af_packet0,iface=nope0"),
                HasSubstr("host interface 'nope0', which is not there"));
    EXPECT_THAT(refusal("0000:7f:1f.7"), HasSubstr("device '0000:7f:1f.7' cannot be used"));
    EXPECT_THAT(refusal("crypto_null0"), HasSubstr("device 'crypto_null0' is no network device"));
    EXPECT_THAT(refusal("net_null1,sise=3"), HasSubstr("device 'net_null1,sise=3' cannot be made"));
    EXPECT_THAT(text_of(rig.add_port("q", ring("net_null1", 5000, 1)).status()),
                HasSubstr("cannot have 5000 receive queues; it takes 1 to 1024"));
    EXPECT_THAT(text_of(rig.add_port("q", ring("net_ring1", 1, 17)).status()),
                HasSubstr("cannot have 17 transmit queues; it takes up to 16"));
    // A refused device is not half there.
    EXPECT_TRUE(rig.add_port("q", "net_null1").ok());
    EXPECT_TRUE(rig.add_port("r", ring("net_ring1", 1, 1)).ok());
}

/// The files of a device that receives what one holds, so many times the same frame, and writes
/// what it sends to another.
class PcapFiles {
public:
    PcapFiles(size_t payload, unsigned count)
        : frame(wire::testing::packet()
                    .ethernet("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff")
                    .ip4()
                    .udp()
                    .payload(payload)
                    .bytes()) {
        std::ofstream file(in_, std::ios::binary);
        const uint32_t header[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
        file.write(reinterpret_cast<const char*>(header), sizeof(header));
        for (unsigned i = 0; i < count; ++i) {
            const uint32_t record[4] = {i, 0, uint32_t(frame.size()), uint32_t(frame.size())};
            file.write(reinterpret_cast<const char*>(record), sizeof(record));
            file.write(reinterpret_cast<const char*>(frame.data()), std::streamsize(frame.size()));
        }
    }
    std::string device() const { return "net_pcap0,rx_pcap=" + in_ + ",tx_pcap=" + out_; }
    /// Bytes that were written, and those of a file that holds the frame so many times.
    size_t written() const { return std::filesystem::file_size(out_); }
    size_t size_with(size_t count) const { return 24 + count * (16 + frame.size()); }

    const Bytes frame;

private:
    const api::testing::TempDir directory_;
    const std::string in_ = directory_.file("in.pcap");
    const std::string out_ = directory_.file("out.pcap");
};

TEST(PortsTest, PcapIsReadAndWritten) {
    const PcapFiles files(100, 300);
    {
        Rig rig;
        const auto index = rig.port_up("p", files.device());
        // The file is read at once: some of it comes while the interface is still on its way up.
        EXPECT_TRUE(rig.until([&] {
            return rig.ip4->wait(0).size() + rig.drops("ethernet-input", "interface-down") == 300;
        }));
        EXPECT_EQ(rig.table().totals(index).rx_packets, 300U);
        EXPECT_EQ(rig.table().totals(index).rx_bytes, 300 * files.frame.size());
        for (const Inbox::Arrived& one : rig.ip4->wait(0)) {
            EXPECT_EQ(one.bytes, files.frame);
        }
        rig.send(index, files.frame, 7);
        const auto counted = [&] {
            for (const auto& [counter, value] : rig.table().get(index)->device->device_counters()) {
                if (counter == "tx-packets") {
                    return value;
                }
            }
            return uint64_t(0);
        };
        EXPECT_TRUE(rig.until([&] { return counted() == 7; }));
    }
    EXPECT_EQ(files.written(), files.size_with(7));
}

TEST(PortsTest, JumboFramesOfAPcap) {
    const PcapFiles files(8958, 5);
    {
        Rig rig;
        const auto index = rig.add_port("p", files.device()).value();
        ASSERT_TRUE(rig.table().set_mtu("p", 9000).ok());
        ASSERT_TRUE(rig.table().set_up("p", true).ok());
        EXPECT_TRUE(rig.until([&] {
            return rig.ip4->wait(0).size() + rig.drops("ethernet-input", "interface-down") == 5;
        }));
        for (const Inbox::Arrived& one : rig.ip4->wait(0)) {
            EXPECT_EQ(one.bytes, files.frame);
        }
        rig.send_in_pieces(index, files.frame, 3);
        EXPECT_TRUE(rig.until([&] { return rig.table().totals(index).tx_packets == 3; }));
    }
    EXPECT_EQ(files.written(), files.size_with(3));
}

TEST(PortsTest, WhatAQueueDoesNotTakeIsDropped) {
    Rig rig;
    // Nobody is at the other end.
    const auto index =
        rig.port_up("p", "net_memif0,role=server,socket-abstract=no,socket=/tmp/sluice-memif-" +
                             std::to_string(getpid()));
    rig.send(index, rig.frame_to(index), 70);
    EXPECT_TRUE(rig.until([&] { return rig.drops("port-tx", "tx-full") == 70; }));
    EXPECT_TRUE(rig.until([&] { return rig.table().totals(index).tx_full == 70; }));
    EXPECT_FALSE(rig.table().get(index)->link);
    EXPECT_TRUE(rig.until([&] { return rig.engine().pool().available() > 8000; }));
}

/// Two ports of one router with a cable between them: packets pass both ways, through stop and
/// start.
void try_pair(Rig& rig, const std::string& first, const std::string& second) {
    for (unsigned round = 0; round < 2; ++round) {
        const auto a = rig.port_up("a", first);
        const auto b = rig.port_up("b", second);
        ASSERT_TRUE(a != 0 && b != 0);
        const auto linked = [&] {
            rig.table().poll_links();
            return rig.table().get(a)->link && rig.table().get(b)->link;
        };
        for (unsigned again = 0; again < 2; ++again) {
            ASSERT_TRUE(rig.until(linked));
            for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
                rig.ip4->clear();
                const Bytes frame = rig.frame_to(to, 500);
                rig.send(from, frame, 100);
                const auto arrived = rig.ip4->wait(100);
                ASSERT_EQ(arrived.size(), 100U) << "round " << round << "." << again;
                EXPECT_EQ(arrived.back().bytes, frame);
                EXPECT_EQ(arrived.back().rx_interface, to);
            }
            ASSERT_TRUE(rig.table().set_up("b", false).ok());
            ASSERT_TRUE(rig.table().set_up("b", true).ok());
        }
        // A memif server of DPDK does not bear a client that goes before the two have shaken hands.
        ASSERT_TRUE(rig.until(linked));
        ASSERT_TRUE(rig.table().remove("b").ok());
        ASSERT_TRUE(rig.table().remove("a").ok());
    }
}

TEST(PortsTest, MemifPair) {
    Rig rig;
    const std::string socket =
        ",socket-abstract=no,socket=/tmp/sluice-pair-" + std::to_string(getpid());
    try_pair(rig, "net_memif0,role=server,id=1" + socket, "net_memif1,role=client,id=1" + socket);
}

TEST(PortsTest, MemifPairOnAnAbstractSocket) {
    Rig rig;
    const std::string socket = ",socket=sluice-pair-" + std::to_string(getpid());
    try_pair(rig, "net_memif0,role=server,id=1" + socket, "net_memif1,role=client,id=1" + socket);
}

TEST(PortsTest, MemifServersOfOneSocketGoOneByOne) {
    Rig rig;
    const std::string socket = ",socket=sluice-shared-" + std::to_string(getpid());
    ASSERT_TRUE(rig.add_port("other", "net_memif9,role=server,id=9" + socket).ok());
    const auto server = rig.port_up("a", "net_memif0,role=server,id=1" + socket);
    ASSERT_TRUE(rig.table().remove("other").ok());
    const auto client = rig.port_up("b", "net_memif1,role=client,id=1" + socket);
    EXPECT_TRUE(rig.until([&] {
        rig.table().poll_links();
        return rig.table().get(server)->link && rig.table().get(client)->link;
    }));
}

TEST(PortsTest, VhostAndVirtioUser) {
    Rig rig;
    const std::string socket = "/tmp/sluice-vhost-" + std::to_string(getpid());
    try_pair(rig, "net_vhost0,iface=" + socket, "net_virtio_user0,path=" + socket);
    std::filesystem::remove(socket);
}

/// Frames of several buffers pass between two ports, both ways, and short ones before and after.
void try_jumbo(Rig& rig, const std::string& first, const std::string& second) {
    const auto a = rig.port_up("a", first);
    const auto b = rig.port_up("b", second);
    ASSERT_TRUE(a != 0 && b != 0);
    for (const auto& [mtu, payload] : {std::pair(1500U, 1400U), {9000U, 8958U}, {1500U, 1400U}}) {
        ASSERT_TRUE(rig.table().set_mtu("a", mtu).ok());
        const absl::Status status = rig.table().set_mtu("b", mtu);
        ASSERT_TRUE(status.ok()) << status;
        ASSERT_TRUE(rig.until([&] {
            rig.table().poll_links();
            return rig.table().get(a)->link && rig.table().get(b)->link;
        }));
        for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
            rig.ip4->clear();
            const Bytes frame = rig.frame_to(to, payload);
            rig.send_in_pieces(from, frame, 20);
            const auto arrived = rig.ip4->wait(20);
            ASSERT_EQ(arrived.size(), 20U) << "MTU " << mtu << ", from " << from;
            EXPECT_EQ(arrived.back().bytes, frame);
        }
    }
}

TEST(PortsTest, JumboFramesBetweenVhostAndVirtioUser) {
    Rig rig;
    const std::string socket = "/tmp/sluice-jumbo-" + std::to_string(getpid());
    try_jumbo(rig, "net_vhost0,iface=" + socket, "net_virtio_user0,path=" + socket);
    std::filesystem::remove(socket);
}

TEST(PortsTest, ChainsAreMadeOneOrDropped) {
    Rig rig;
    // net_null takes no packet of several buffers.
    const auto index = rig.port_up("p", "net_null0,no-rx=1");
    const auto chain = [&](uint16_t first, uint16_t second) {
        graph::Packet* head = rig.engine().pool().allocate();
        graph::Packet* tail = rig.engine().pool().allocate();
        EXPECT_TRUE(head->resize(first) && tail->resize(second));
        EXPECT_EQ(rte_pktmbuf_chain(head->mbuf(), tail->mbuf()), 0);
        head->meta().tx_interface = index;
        EXPECT_TRUE(rig.engine().inject(head, rig.engine().graph().find("interface-output")));
    };
    chain(1000, 1000);
    chain(2000, 1000);
    chain(2048, 1);
    EXPECT_TRUE(rig.until([&] { return rig.drops("port-tx", "chained") == 2; }));
    EXPECT_EQ(rig.table().totals(index).tx_packets, 3U);
}

TEST(PortsTest, AnUnknownPortIsDown) {
    Rig rig;
    const auto index = rig.port_up("p", "net_ring0");
    const auto send = [&](uint32_t tx_interface) {
        graph::Packet* packet = rig.engine().pool().allocate();
        packet->meta().tx_interface = tx_interface;
        EXPECT_TRUE(rig.engine().inject(packet, rig.engine().graph().find("port-tx")));
    };
    send(index + 1);
    send(graph::no_interface);
    EXPECT_TRUE(rig.until([&] { return rig.drops("port-tx", "port-down") == 2; }));
}

TEST(PortsTest, APortIsPromiscuousWhileItIsWanted) {
    Rig rig;
    const auto index = rig.add_port("p", "net_ring0").value();
    const auto number = uint16_t(rig.table().get(index)->device->unit());
    const int before = rte_eth_promiscuous_get(number);
    rig.table().want_promiscuous(index, true);
    ASSERT_TRUE(rig.table().set_up("p", true).ok());
    EXPECT_EQ(rte_eth_promiscuous_get(number), 1);
    ASSERT_TRUE(rig.table().set_up("p", false).ok());
    rig.table().want_promiscuous(index, false);
    ASSERT_TRUE(rig.table().set_up("p", true).ok());
    EXPECT_EQ(rte_eth_promiscuous_get(number), before);
    rig.table().want_promiscuous(index, true);
    EXPECT_EQ(rte_eth_promiscuous_get(number), 1);
}

TEST(PortsTest, MtuAndAddress) {
    Rig rig;
    const auto index = rig.add_port("p", "net_ring0");
    ASSERT_TRUE(index.ok());
    EXPECT_THAT(text_of(rig.table().set_mtu("p", 9217)), HasSubstr("it takes 68 to 9216"));
    EXPECT_TRUE(rig.table().set_mtu("p", 9216).ok());
    ASSERT_TRUE(rig.add_port("one", "net_null0,no-rx=1").ok());
    EXPECT_TRUE(rig.table().set_mtu("one", 2026).ok());
    EXPECT_THAT(text_of(rig.table().set_mtu("one", 2027)), HasSubstr("it takes 68 to 2026"));
    EXPECT_TRUE(rig.table().set_mac("p", wire::testing::mac("02:00:00:00:00:42")).ok());
    ASSERT_TRUE(rig.table().set_up("p", true).ok());
    rig.send(*index, rig.frame_to(*index));
    EXPECT_EQ(rig.ip4->wait(1).size(), 1U);
}

}  // namespace
}  // namespace vnet::device
