// SPDX-License-Identifier: Apache-2.0
#include "perf/memif_path.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "graph/testing/bench.hpp"
#include "perf/measure.hpp"

namespace perf {
namespace {

/// A router that the path is set up in, and a directory for what it leaves behind.
class MemifPath : public ::testing::Test {
protected:
    MemifPath() : directory_(::mkdtemp(template_)) {
        graph::testing::start_eal();
        ::setenv("TMPDIR", directory_.c_str(), 1);
        engine_ = std::move(*graph::Engine::create({1, {}, 8192}));
        router_ = std::move(*vnet::Router::create(*engine_));
        ends_ = *make_ends(*router_, Out::null);
    }
    ~MemifPath() override {
        ::unsetenv("TMPDIR");
        std::filesystem::remove_all(directory_);
    }
    static constexpr uint64_t rounds = 200;
    Result run(unsigned vector) {
        Load load;
        load.vector = vector;
        load.packets = rounds * vector;
        return Measure(*engine_, *router_, ends_, path_, load).run();
    }

    const Path path_ = memif_path();
    char template_[30] = "/tmp/sluice-memif-path-XXXXXX";
    const std::string directory_;
    std::unique_ptr<graph::Engine> engine_;
    std::unique_ptr<vnet::Router> router_;
    Ends ends_{};
};

TEST_F(MemifPath, EveryPacketPassesTheRouterTwiceAndTheMemifOnce) {
    const absl::Status status = path_.set_up(*router_, ends_);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_TRUE(std::filesystem::is_empty(directory_)) << "the socket's directory is left";
    engine_->take_up_here();
    const auto before = router_->interfaces().totals(ends_.out).tx_packets;
    uint64_t packets = 0;
    for (const unsigned vector : {1U, 31U, 32U, 33U, 255U, 256U}) {
        const Result result = run(vector);
        EXPECT_EQ(result.dropped, 0U) << vector;
        EXPECT_EQ(result.packets, rounds * vector);
        packets += result.packets;
        std::map<std::string, double> visits;
        for (const NodeCost& node : result.nodes) {
            visits[node.name] = node.visits;
            // Also where only one small round in sixteen is timed: those of both passes.
            EXPECT_GT(node.clocks_per_packet, 0) << node.name << " " << vector;
        }
        const std::map<std::string, double> twice_and_once = {
            {"ethernet-input", 2}, {"ip4-input", 2},        {"ip4-lookup", 1},
            {"ip4-lookup-2", 1},   {"ip4-rewrite", 2},      {"port-tx", 1},
            {"port-rx", 1},        {"interface-output", 2}, {"null-tx", 1}};
        EXPECT_EQ(visits, twice_and_once) << vector;
    }
    EXPECT_GE(router_->interfaces().totals(ends_.out).tx_packets - before, packets);
}

TEST_F(MemifPath, WhatDoesNotComeBackIsDropped) {
    ASSERT_TRUE(path_.set_up(*router_, ends_).ok());
    engine_->take_up_here();
    ASSERT_TRUE(router_->interfaces().set_up("memif-out", false).ok());
    EXPECT_EQ(run(64).dropped, rounds * 64);
}

TEST_F(MemifPath, ADirectoryThatCannotBeMadeIsSaid) {
    ::setenv("TMPDIR", "/proc/self", 1);
    const absl::Status status = path_.set_up(*router_, ends_);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(status.message().find("TMPDIR"), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace perf
