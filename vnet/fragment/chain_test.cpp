// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/chain.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "graph/testing/bench.hpp"

namespace vnet::fragment {
namespace {

std::vector<std::byte> content_of(const graph::Packet& packet) {
    std::vector<std::byte> bytes(packet.length());
    ChainReader reader(packet, 0);
    EXPECT_TRUE(reader.read(bytes));
    EXPECT_EQ(rte_mbuf_check(packet.mbuf(), 1, nullptr), 0);
    return bytes;
}

/// A packet of segments of these lengths, whose bytes count up.
graph::Packet* chain_of(std::initializer_list<uint16_t> lengths) {
    graph::Packet* head = nullptr;
    unsigned count = 0;
    for (const uint16_t length : lengths) {
        graph::Packet* made = graph::testing::pool().allocate();
        EXPECT_TRUE(made->resize(length));
        for (std::byte& byte : made->bytes()) {
            byte = std::byte(count * 7 + count / 256);
            ++count;
        }
        if (head == nullptr) {
            head = made;
        } else {
            EXPECT_EQ(rte_pktmbuf_chain(head->mbuf(), made->mbuf()), 0);
        }
    }
    return head;
}

TEST(ChainTest, ACopyHasAllOfItInFewBuffers) {
    const unsigned free = graph::testing::pool().available();
    struct Case {
        std::initializer_list<uint16_t> lengths;
        unsigned buffers;
    };
    const Case cases[] = {
        {{0}, 1},          {{60}, 1},           {{2048}, 1},
        {{1000, 1048}, 1}, {{1000, 1049}, 2},   {{2048, 1}, 2},
        {{1, 2048}, 2},    {{9, 0, 30, 21}, 1}, {{2048, 2048, 2048, 2048, 1024}, 5}};
    for (const Case& one : cases) {
        graph::Packet* from = chain_of(one.lengths);
        from->meta().rx_interface = 7;
        from->meta().l3_offset = 14;
        from->meta().flags = graph::packet_flag::traced | graph::packet_flag::l2_group;
        from->slots()[graph::slot_bytes - 1] = std::byte(42);
        graph::Packet* made = copy(*from, graph::testing::pool());
        ASSERT_NE(made, nullptr);
        EXPECT_EQ(content_of(*made), content_of(*from));
        EXPECT_EQ(buffers_of(*made), one.buffers);
        EXPECT_GE(made->headroom(), graph::headroom_bytes);
        EXPECT_EQ(made->meta().rx_interface, 7U);
        EXPECT_EQ(made->meta().l3_offset, 14);
        EXPECT_EQ(made->meta().flags, graph::packet_flag::l2_group);
        EXPECT_EQ(made->slots()[graph::slot_bytes - 1], std::byte(42));
        graph::free_packet(from);
        graph::free_packet(made);
    }
    EXPECT_EQ(graph::testing::pool().available(), free);
}

TEST(ChainTest, WithoutBuffersThereIsNoCopy) {
    graph::Packet* from = chain_of({2048, 2048});
    std::vector<graph::Packet*> taken;
    while (graph::Packet* packet = graph::testing::pool().allocate()) {
        taken.push_back(packet);
    }
    // One is not enough.
    graph::free_packet(taken.back());
    taken.pop_back();
    EXPECT_EQ(copy(*from, graph::testing::pool()), nullptr);
    EXPECT_EQ(graph::testing::pool().available(), 1U);
    graph::free_packets(taken);
    graph::free_packet(from);
}

}  // namespace
}  // namespace vnet::fragment
