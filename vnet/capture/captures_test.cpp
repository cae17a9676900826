// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/captures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_cycles.h>
#include <stdlib.h>

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>

#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"
#include "graph/testing/wait.hpp"
#include "vnet/capture/testing/blocks.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::capture {
namespace {

namespace fs = std::filesystem;
using graph::testing::eventually;
using graph::testing::Scripted;
using ::testing::AllOf;
using testing::Block;
using ::testing::HasSubstr;
using testing::of_type;
using testing::read_blocks;

/// Brings packets from lan to wan, half of them to port 53 and half to port 80, no more than a disk
/// takes: bursts of 16, 0.1 ms apart.
class Stream : public graph::Source {
public:
    static constexpr unsigned burst = 16;
    Stream(graph::NodeId input, graph::NodeId first) : input_(input), first_(first) {}
    graph::NodeId node() const noexcept override { return input_; }
    unsigned poll(graph::Dispatch& dispatch) noexcept override {
        const bool due = on_ && dispatch.now_tsc() >= next_tsc_;
        graph::Frame* const frame = due ? dispatch.take_frame() : nullptr;
        if (frame == nullptr) {
            return 0;
        }
        next_tsc_ = dispatch.now_tsc() + rte_get_tsc_hz() / 10'000;
        if (dispatch.pool().allocate(std::span(frame->packets, burst))) {
            frame->size = burst;
        }
        for (graph::Packet* packet : frame->used()) {
            const auto& bytes = number_ % 2 == 0 ? dns_ : web_;
            packet->resize(uint32_t(bytes.size()));
            std::memcpy(packet->data(), bytes.data(), bytes.size());
            packet->meta().rx_interface = 1;
            packet->meta().tx_interface = 2;
            packet->meta().flow_hash = number_++;
        }
        const unsigned count = frame->size;
        made_.add(count);
        dispatch.enqueue(frame, first_);
        return count;
    }
    void stop() { on_ = false; }
    uint64_t made() const { return made_.read(); }

private:
    const graph::NodeId input_;
    const graph::NodeId first_;
    const wire::testing::Bytes dns_ =
        wire::testing::packet().ethernet().ip4().udp(1000, 53).bytes();
    const wire::testing::Bytes web_ =
        wire::testing::packet().ethernet().ip4().udp(1000, 80).payload(100).bytes();
    std::atomic<bool> on_{true};
    uint64_t next_tsc_ = 0;
    uint32_t number_ = 0;
    graph::Counter made_;
};

struct Out {
    static constexpr auto info = graph::node("out");
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        graph::free_packets(packets);
    }
};

/// A sink that does what the test says.
class ScriptedSink : public Sink {
public:
    explicit ScriptedSink(std::function<absl::Status()> script) : script_(std::move(script)) {}
    absl::Status write(std::span<const std::byte>) override { return script_(); }

private:
    std::function<absl::Status()> script_;
};

class CapturesTest : public ::testing::Test {
protected:
    CapturesTest() : directory_(::mkdtemp(template_)) {
        graph::testing::start_eal();
        engine_ = std::move(*graph::Engine::create({2, {}, 8191}));
        interfaces_ = std::make_unique<interface::Table>(*engine_);
        for (const char* name : {"lan", "wan"}) {
            EXPECT_TRUE(interfaces_
                            ->add(name, interface::testing::FakeDevice::maker(
                                            std::make_shared<interface::testing::FakeState>()))
                            .ok());
        }
        graph::Graph& graph = engine_->graph();
        EXPECT_TRUE(graph.add<Out>(std::make_shared<const Out>()).ok());
        const auto input =
            *graph.add(graph::testing::plain("input", {"half"}, graph::NodeKind::input));
        const auto half = *graph.add(Scripted::spec(half_, "half", {"out"}, {"odd"}));
        drop_ = graph.nodes()[half].first_drop;
        EXPECT_TRUE(engine_->commit().ok());
        EXPECT_TRUE(engine_->start().ok());
        captures_ = std::make_unique<Captures>(*engine_, *interfaces_);
        interfaces_->observe([this](const auto& interface, interface::Change change) {
            if (captures_ != nullptr) {
                captures_->interface_changed(interface, change);
            }
        });
        for (unsigned worker = 0; worker < 2; ++worker) {
            streams_.push_back(std::make_shared<Stream>(input, half));
            EXPECT_TRUE(engine_->attach(streams_.back(), worker).ok());
        }
    }
    ~CapturesTest() override {
        captures_.reset();
        interfaces_->remove_all();
        engine_->stop();
        interfaces_.reset();
        fs::remove_all(directory_);
    }

    std::string path(const std::string& name = "a.pcapng") const { return directory_ + "/" + name; }
    absl::Status start(const Request& request = {}, const std::string& name = "a.pcapng") {
        return captures_->start(request, path(name),
                                [&]() -> absl::StatusOr<std::unique_ptr<Sink>> {
                                    return FileSink::create(path(name));
                                });
    }
    std::string refusal(const Request& request, const std::string& name = "b.pcapng") {
        const bool there = fs::exists(path(name));
        const absl::Status status = start(request, name);
        EXPECT_FALSE(status.ok());
        EXPECT_EQ(fs::exists(path(name)), there) << "a refusal changes nothing";
        return std::string(status.message());
    }
    template <class Done>
    bool wait_for(Done done) {
        return eventually(done, [this] { engine_->control().poll(); });
    }
    State finish() {
        bool written = false;
        EXPECT_TRUE(captures_->stop([&](const State&) { written = true; }).ok());
        EXPECT_TRUE(wait_for([&] { return written; }));
        return *captures_->state();
    }
    State end() {
        EXPECT_TRUE(wait_for([&] { return captures_->state()->phase == Writer::Phase::done; }));
        return *captures_->state();
    }
    std::vector<Block> blocks(const std::string& name = "a.pcapng") const {
        std::ifstream stream(path(name), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        return read_blocks(std::as_bytes(std::span(text)));
    }

    const Scripted half_{[](graph::Packet& packet, graph::Dispatch&) {
        return packet.meta().flow_hash % 4 < 2 ? graph::Hop::edge(0) : graph::Hop::drop(0);
    }};
    char template_[32] = "/tmp/sluice-capture-XXXXXX";
    std::string directory_;
    std::unique_ptr<graph::Engine> engine_;
    std::unique_ptr<interface::Table> interfaces_;
    std::unique_ptr<Captures> captures_;
    std::vector<std::shared_ptr<Stream>> streams_;
    graph::DropId drop_ = 0;
};

TEST_F(CapturesTest, WritesWhatComesGoesAndDies) {
    ASSERT_TRUE(start().ok());
    ASSERT_TRUE(wait_for([&] { return captures_->state()->packets > 3000; }));
    const State state = finish();
    EXPECT_EQ(state.ended, "stopped");
    EXPECT_EQ(state.packets + state.taken.lost, state.taken.seen);
    EXPECT_EQ(state.bytes, fs::file_size(path()));

    const auto all = blocks();
    ASSERT_EQ(all.front().type, testing::section);
    const auto described = of_type(all, testing::interface);
    ASSERT_EQ(described.size(), 2u);
    EXPECT_EQ(described[0].options.at(2), "lan");
    EXPECT_EQ(described[1].options.at(2), "wan");
    EXPECT_EQ(described[0].options.at(1), "fake for a test");
    const auto packets = of_type(all, testing::packet);
    ASSERT_EQ(packets.size(), state.packets);
    std::map<std::string, unsigned> kinds;
    for (const Block& packet : packets) {
        const bool dropped = packet.options.contains(1);
        ++kinds[dropped ? "dropped" : packet.option<uint32_t>(2) == 1 ? "received" : "sent"];
        EXPECT_EQ(packet.at<uint32_t>(0), !dropped && packet.option<uint32_t>(2) == 2 ? 1u : 0u);
        if (dropped) {
            EXPECT_EQ(packet.options.at(1), "dropped by half: odd (for a test)");
        }
    }
    EXPECT_EQ(kinds.size(), 3u);
    uint64_t received = 0;
    for (const Block& statistics : of_type(all, testing::statistics)) {
        received += statistics.option<uint64_t>(4);
        EXPECT_EQ(statistics.option<uint64_t>(6),
                  statistics.option<uint64_t>(5) + statistics.option<uint64_t>(8));
    }
    EXPECT_EQ(received, state.taken.seen);
}

TEST_F(CapturesTest, ComesAndGoesUnderTrafficAndLosesNothing) {
    for (unsigned round = 0; round < 20; ++round) {
        Request request;
        request.filter = round % 2 == 0 ? "" : "udp port 53";
        const std::string name = fmt::format("{}.pcapng", round);
        ASSERT_TRUE(start(request, name).ok());
        ASSERT_TRUE(wait_for([&] { return captures_->state()->packets > 0; }));
        const State state = finish();
        EXPECT_EQ(of_type(blocks(name), testing::packet).size(), state.packets);
    }
    for (const auto& stream : streams_) {
        stream->stop();
    }
    engine_->stop();
    const uint64_t made = streams_[0]->made() + streams_[1]->made();
    EXPECT_EQ(engine_->totals(engine_->graph().find("out")).packets + engine_->drops(drop_), made);
}

TEST_F(CapturesTest, TakesOnlyWhatIsAskedFor) {
    Request request;
    request.points = {true, false, false};
    request.filter = "udp port 80";
    request.interfaces = {"lan", "lan"};
    request.snap_length = 50;
    ASSERT_TRUE(start(request).ok());
    ASSERT_TRUE(wait_for([&] { return captures_->state()->packets > 100; }));
    const State state = finish();
    EXPECT_GT(state.taken.filtered, 0u);
    const auto all = blocks();
    EXPECT_EQ(of_type(all, testing::interface).size(), 1u);
    EXPECT_EQ(of_type(all, testing::interface)[0].options.at(11), std::string("\0udp port 80", 12));
    for (const Block& packet : of_type(all, testing::packet)) {
        EXPECT_EQ(packet.option<uint32_t>(2), 1u);
        EXPECT_EQ(packet.packet().size(), 50u);
        EXPECT_EQ(packet.at<uint32_t>(16), 142u);
        EXPECT_EQ(packet.packet()[37], std::byte{80});
    }
}

TEST_F(CapturesTest, EndsAtItsLimits) {
    Request request;
    request.packets = 100;
    ASSERT_TRUE(start(request).ok());
    EXPECT_EQ(end().ended, "100 packets are written");
    EXPECT_EQ(of_type(blocks(), testing::packet).size(), 100u);
    EXPECT_FALSE(captures_->stop([](const State&) {}).ok()) << "it is over";

    request = {};
    request.bytes = 10'000;
    ASSERT_TRUE(start(request, "bytes.pcapng").ok());
    EXPECT_EQ(end().ended, "10000 bytes are written");
    const uint64_t statistics = 2 * 108;
    EXPECT_LE(fs::file_size(path("bytes.pcapng")), 10'000 + statistics);
    EXPECT_GT(fs::file_size(path("bytes.pcapng")), 9'000u);
    EXPECT_FALSE(blocks("bytes.pcapng").empty()) << "well formed";

    request = {};
    request.seconds = 1;
    ASSERT_TRUE(start(request, "seconds.pcapng").ok());
    EXPECT_EQ(end().ended, "1 s are over");
}

TEST_F(CapturesTest, WhatCannotBeDoneIsRefused) {
    Request request;
    request.interfaces = {"dmz"};
    EXPECT_THAT(refusal(request), HasSubstr("dmz"));
    request = {};
    request.filter = "tcp port";
    EXPECT_THAT(refusal(request), HasSubstr("syntax error"));
    request = {};
    request.snap_length = 5;
    EXPECT_THAT(refusal(request), HasSubstr("14 to 65535"));
    EXPECT_THAT(refusal({}, "no/such/folder"), HasSubstr("folder is not there"));
    std::ofstream(path("there")) << "something";
    EXPECT_THAT(refusal({}, "there"), HasSubstr("not written over"));
    EXPECT_THAT(FileSink::create("relative").status().message(), HasSubstr("begins with /"));
    EXPECT_FALSE(captures_->state().has_value()) << "none has begun";
    EXPECT_THAT(captures_->stop([](const State&) {}).message(), HasSubstr("no capture goes on"));

    ASSERT_TRUE(start().ok());
    EXPECT_THAT(refusal({}), AllOf(HasSubstr("a.pcapng"), HasSubstr("goes on")));
    finish();
}

TEST_F(CapturesTest, EndsWithTheLastOfItsInterfaces) {
    Request request;
    request.interfaces = {"lan", "wan"};
    ASSERT_TRUE(start(request).ok());
    ASSERT_TRUE(interfaces_->remove("wan").ok());
    engine_->control().poll();
    EXPECT_EQ(captures_->state()->ended, "");
    ASSERT_TRUE(interfaces_->remove("lan").ok());
    EXPECT_EQ(end().ended, "interface \"lan\" is gone");
}

TEST_F(CapturesTest, AnInterfaceThatComesLaterHasItsName) {
    ASSERT_TRUE(interfaces_->remove("lan").ok());
    ASSERT_TRUE(start().ok());
    ASSERT_TRUE(wait_for([&] { return captures_->state()->packets > 100; }));
    finish();
    // Only now: who reads a file while it is written may never come to its end.
    const auto known = of_type(blocks(), testing::interface);
    EXPECT_EQ(known.back().options.at(2), "#1") << "packets of an interface that is gone";
}

TEST_F(CapturesTest, AFullDiskEndsItWithASentence) {
    ASSERT_TRUE(captures_
                    ->start({}, "a disk",
                            [&]() -> absl::StatusOr<std::unique_ptr<Sink>> {
                                return std::make_unique<ScriptedSink>(
                                    [] { return absl::DataLossError("the disk is full"); });
                            })
                    .ok());
    EXPECT_EQ(end().ended, "the disk is full");
    EXPECT_EQ(captures_->state()->packets, 0u);
    ASSERT_TRUE(start().ok()) << "another may begin";
    finish();
}

TEST_F(CapturesTest, ASlowDiskKeepsNobodyWaiting) {
    std::mutex mutex;
    std::condition_variable changed;
    bool go_on = false;
    std::atomic<bool> waits{false};
    ASSERT_TRUE(captures_
                    ->start({}, "a disk",
                            [&]() -> absl::StatusOr<std::unique_ptr<Sink>> {
                                return std::make_unique<ScriptedSink>([&] {
                                    std::unique_lock lock(mutex);
                                    waits = true;
                                    changed.wait(lock, [&] { return go_on; });
                                    return absl::OkStatus();
                                });
                            })
                    .ok());
    ASSERT_TRUE(wait_for([&] { return waits && captures_->state()->taken.lost > 1000; }))
        << "workers go on, and count what does not fit";
    const uint64_t made = streams_[0]->made();
    bool written = false;
    ASSERT_TRUE(captures_->stop([&](const State&) { written = true; }).ok());
    EXPECT_TRUE(wait_for([&] { return streams_[0]->made() > made + 10'000; }));
    EXPECT_FALSE(written);
    EXPECT_EQ(captures_->state()->ended, "stopped");
    {
        const std::lock_guard lock(mutex);
        go_on = true;
        changed.notify_all();
    }
    EXPECT_TRUE(wait_for([&] { return written; }));
    EXPECT_GT(captures_->state()->packets, 0u);
}

TEST_F(CapturesTest, ItsEndAmidACaptureLeavesAWholeFile) {
    ASSERT_TRUE(start().ok());
    ASSERT_TRUE(wait_for([&] { return captures_->state()->packets > 0; }));
    captures_.reset();
    EXPECT_EQ(of_type(blocks(), testing::statistics).size(), 2u);
}

}  // namespace
}  // namespace vnet::capture
