// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/null.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::device {
namespace {

TEST(Null, CountsWhatItIsSentAndGivesTheBuffersBack) {
    graph::testing::start_eal();
    auto engine = graph::Engine::create({1, {}, 2048});
    ASSERT_TRUE(engine.ok());
    graph::Graph& graph = (*engine)->graph();
    interface::Table table(**engine);
    const auto arc = graph.add_arc(
        {"interface-output", graph::ArcSide::tx, {"interface-output"}, "interface-tx"});
    const auto output = graph.add(std::make_shared<const interface::Output>(table, *arc));
    ASSERT_TRUE(graph.add(std::make_shared<const interface::Transmit>(table)).ok());
    auto nulls = Nulls::create(**engine);
    ASSERT_TRUE(nulls.ok()) << nulls.status();
    const auto index = table.add("sink", [&](interface::Index) {
        return absl::StatusOr<std::unique_ptr<interface::Device>>((*nulls)->create());
    });
    ASSERT_TRUE(index.ok());
    EXPECT_EQ((*table.find("sink"))->device->kind(), "null");
    ASSERT_TRUE(table.set_up("sink", true).ok());
    ASSERT_TRUE((*engine)->commit().ok());
    (*engine)->take_up_here();
    graph::Dispatch& dispatch = (*engine)->workers().front()->dispatch();

    const unsigned buffers = (*engine)->pool().available();
    uint64_t sent = 0;
    for (const unsigned count : graph::testing::Bench::bursts) {
        for (unsigned i = 0; i < count; ++i) {
            graph::Packet* packet = (*engine)->pool().allocate();
            ASSERT_NE(packet, nullptr);
            packet->resize(100);
            packet->meta().tx_interface = *index;
            dispatch.enqueue(*packet, *output);
        }
        dispatch.drain();
        sent += count;
        EXPECT_EQ((*engine)->pool().available(), buffers);
    }
    EXPECT_EQ(table.totals(*index).tx_packets, sent);
    EXPECT_EQ(table.totals(*index).tx_bytes, 100 * sent);
}

}  // namespace
}  // namespace vnet::device
