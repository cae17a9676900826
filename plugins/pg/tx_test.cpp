// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/tx.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace pg {
namespace {

using vnet::wire::testing::Bytes;

constexpr vnet::interface::Index interface = 5;

class TxTest : public ::testing::Test {
protected:
    TxTest() : directory_(::mkdtemp(template_)), engine_(make_engine()), table_(*engine_) {
        tx_ = std::make_shared<Tx>(table_);
        bench_.add(std::shared_ptr<const Tx>(tx_));
        tx_->unit(3).interface = interface;
        table_.hot(interface).unit = 3;
    }
    ~TxTest() override { std::filesystem::remove_all(directory_); }

    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 256;
        return std::move(*graph::Engine::create(options));
    }
    std::string file() const { return std::string(directory_) + "/out.pcap"; }
    std::unique_ptr<Recorder> recorder(uint64_t limit) {
        auto made =
            Recorder::create(engine_->control(), file(), limit,
                             *bench_.slots().place<uint64_t>("sent-at"), [this] { ++ended_; });
        EXPECT_TRUE(made.ok()) << made.status();
        return std::move(*made);
    }
    auto send(unsigned count, vnet::interface::Index to = interface) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < count; ++i) {
            packets.push_back(bench_.packet(Bytes(60 + i % 7, std::byte(i))));
            packets.back()->meta().tx_interface = to;
        }
        return bench_.run("pg-tx", packets);
    }

    char template_[32] = "/tmp/sluice-pg-XXXXXX";
    const char* directory_;
    graph::testing::Bench bench_;
    std::unique_ptr<graph::Engine> engine_;
    vnet::interface::Table table_;
    std::shared_ptr<Tx> tx_;
    int ended_ = 0;
};

TEST_F(TxTest, FreesWhatNobodyRecords) {
    const unsigned before = graph::testing::pool().available();
    for (const unsigned burst : graph::testing::Bench::bursts) {
        EXPECT_TRUE(send(burst).empty());
    }
    EXPECT_EQ(graph::testing::pool().available(), before);
}

TEST_F(TxTest, DropsForInterfacesThatAreNoneOfItsOwn) {
    table_.hot(6).unit = 3;
    for (const vnet::interface::Index wrong : {vnet::interface::Index(6), vnet::interface::Index(7),
                                               vnet::interface::Index(graph::no_interface)}) {
        const auto results = send(3, wrong);
        ASSERT_EQ(results.size(), 3U);
        EXPECT_EQ(results[0].drop, "pg-down");
    }
    EXPECT_EQ(bench_.drops("pg-tx", "pg-down"), 9U);
}

TEST_F(TxTest, RecordsWhatIsSent) {
    const auto recording = recorder(0);
    tx_->unit(3).recorder = recording.get();
    for (const unsigned burst : graph::testing::Bench::bursts) {
        EXPECT_TRUE(send(burst).empty());
    }
    engine_->control().poll();
    tx_->unit(3).recorder = nullptr;
    recording->finish();
    EXPECT_TRUE(recording->status().ok());
    EXPECT_EQ(recording->overflow(), 0U);
    const auto capture = Capture::read(file());
    ASSERT_TRUE(capture.ok()) << capture.status();
    ASSERT_EQ(capture->size(), 1U + 3 + 63 + 256);
    EXPECT_EQ(capture->packet(3).size(), 62U);
    EXPECT_EQ(capture->packet(3)[0], std::byte(2));
}

TEST_F(TxTest, ARecordingEndsAtItsLimit) {
    const auto recording = recorder(100);
    tx_->unit(3).recorder = recording.get();
    send(256);
    for (int i = 0; i < 10; ++i) {
        engine_->control().poll();
    }
    tx_->unit(3).recorder = nullptr;
    EXPECT_EQ(ended_, 1);
    EXPECT_TRUE(recording->ended());
    EXPECT_EQ(recording->written(), 100U);
    EXPECT_EQ(Capture::read(file())->size(), 100U);
}

TEST_F(TxTest, WhatComesTooFastIsLeftOutAndCounted) {
    const unsigned before = graph::testing::pool().available();
    const auto recording = recorder(0);
    tx_->unit(3).recorder = recording.get();
    for (int i = 0; i < 10; ++i) {
        send(256);
    }
    tx_->unit(3).recorder = nullptr;
    recording->finish();
    EXPECT_EQ(recording->written() + recording->overflow(), 2560U);
    EXPECT_GE(recording->overflow(), 2560U - Recorder::capacity);
    EXPECT_EQ(graph::testing::pool().available(), before);
}

TEST_F(TxTest, APacketOfSeveralBuffersIsRecordedWhole) {
    const auto recording = recorder(0);
    tx_->unit(3).recorder = recording.get();
    graph::Packet* head = bench_.packet(Bytes(1000, std::byte(1)));
    graph::Packet* tail = bench_.packet(Bytes(500, std::byte(2)));
    ASSERT_EQ(rte_pktmbuf_chain(head->mbuf(), tail->mbuf()), 0);
    head->meta().tx_interface = interface;
    bench_.run("pg-tx", std::span(&head, 1));
    tx_->unit(3).recorder = nullptr;
    recording->finish();
    const auto capture = Capture::read(file());
    ASSERT_EQ(capture->size(), 1U);
    EXPECT_EQ(capture->packet(0).size(), 1500U);
    EXPECT_EQ(capture->packet(0)[1499], std::byte(2));
}

}  // namespace
}  // namespace pg
