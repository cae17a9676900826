// SPDX-License-Identifier: Apache-2.0
#include "graph/dry_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"

namespace graph {
namespace {

using ::testing::ElementsAre;
using testing::Scripted;

/// An output that must never run here.
struct Sender {
    static constexpr auto info = node("sender");
    void operator()(std::span<Packet*> packets, Dispatch&) const noexcept {
        ADD_FAILURE() << "sent";
        free_packets(packets);
    }
};

/// Hands packets over, but those whose first byte is 1.
struct HandOver {
    enum class Drop : Edge { refused };
    static constexpr auto info =
        node<Drop>("hand-over", {{Drop::refused, "refused", "for a test"}});
    static constexpr std::string_view effects = "handed over";
    To<NoNext, Drop> operator()(Packet&) const noexcept {
        ADD_FAILURE() << "handed over";
        return Drop::refused;
    }
    To<NoNext, Drop> preview(const Packet& packet) const noexcept {
        return packet.data()[0] == std::byte{1} ? To<NoNext, Drop>(Drop::refused)
                                                : To<NoNext, Drop>(Hop::consumed());
    }
};

/// An output that is no interface's.
struct Away {
    static constexpr auto info = node("away");
    static constexpr std::string_view effects = "sent away";
    void operator()(std::span<Packet*> packets, Dispatch&) const noexcept {
        ADD_FAILURE() << "sent away";
        free_packets(packets);
    }
};

class DryRunning : public ::testing::Test {
protected:
    DryRunning() {
        testing::start_eal();
        Engine::Options options;
        options.buffers = 256;
        engine_ = std::move(*Engine::create(options));
        Graph& graph = engine_->graph();
        EXPECT_TRUE(graph.add(std::make_shared<const Sender>()).ok());
        EXPECT_TRUE(graph.add(std::make_shared<const HandOver>()).ok());
        EXPECT_TRUE(graph.add(std::make_shared<const Away>()).ok());
        EXPECT_TRUE(graph
                        .add(Scripted::spec(script_, "first",
                                            {"sender", "hand-over", "first", "away"}, {"dropped"}))
                        .ok());
        EXPECT_TRUE(engine_->commit().ok());
    }
    std::vector<DryRun::Path> run(int first_byte = 0) {
        Packet* packet = engine_->pool().allocate();
        packet->resize(1);
        packet->data()[0] = std::byte(first_byte);
        return DryRun(*engine_).run(*packet, engine_->graph().find("first"));
    }
    std::vector<std::string> names(const DryRun::Path& path) {
        std::vector<std::string> names;
        for (const TraceRecord& record : path.records) {
            names.push_back(engine_->graph().name_of(record.node));
        }
        return names;
    }
    ~DryRunning() override {
        EXPECT_EQ(engine_->pool().available(), engine_->pool().capacity());
        for (NodeId node = 0; node < engine_->graph().nodes().size(); ++node) {
            EXPECT_EQ(engine_->totals(node).calls, 0u);
        }
    }

    std::function<Hop(Packet&, Dispatch&)> answer_;
    const Scripted script_{
        [this](Packet& packet, Dispatch& dispatch) { return answer_(packet, dispatch); }};
    std::unique_ptr<Engine> engine_;
};

TEST_F(DryRunning, EndsInFrontOfAnOutput) {
    answer_ = [](Packet&, Dispatch&) { return Hop::edge(0); };
    const auto paths = run();
    ASSERT_EQ(paths.size(), 1u);
    EXPECT_EQ(paths[0].end, DryRun::End::transmitted);
    EXPECT_THAT(names(paths[0]), ElementsAre("first", "sender"));
}

TEST_F(DryRunning, NeverRunsANodeWithEffectsButItsPreview) {
    answer_ = [](Packet&, Dispatch&) { return Hop::edge(1); };
    auto paths = run();
    EXPECT_EQ(paths[0].end, DryRun::End::taken);
    EXPECT_THAT(names(paths[0]), ElementsAre("first", "hand-over"));
    paths = run(1);
    EXPECT_EQ(paths[0].end, DryRun::End::dropped);
    EXPECT_THAT(names(paths[0]), ElementsAre("first", "hand-over", "drop"));
}

TEST_F(DryRunning, AnOutputWithEffectsTakesAPacketAndTransmitsItByNoInterface) {
    answer_ = [](Packet&, Dispatch&) { return Hop::edge(3); };
    const auto paths = run();
    EXPECT_EQ(paths[0].end, DryRun::End::taken);
    EXPECT_THAT(names(paths[0]), ElementsAre("first", "away"));
}

TEST_F(DryRunning, TellsWhyAPacketIsDropped) {
    answer_ = [](Packet&, Dispatch&) { return Hop::drop(0); };
    const auto paths = run();
    EXPECT_EQ(paths[0].end, DryRun::End::dropped);
    EXPECT_EQ(engine_->graph().drops()[paths[0].records.back().meta.drop].name, "dropped");
    EXPECT_EQ(engine_->drops(paths[0].records.back().meta.drop), 0u);
}

TEST_F(DryRunning, FollowsWhatANodeMakes) {
    answer_ = [](Packet&, Dispatch& dispatch) {
        Packet* made = dispatch.pool().allocate();
        made->resize(1);
        dispatch.emit(*made, Hop::edge(1));
        return Hop::edge(0);
    };
    const auto paths = run();
    ASSERT_EQ(paths.size(), 2u);
    EXPECT_EQ(paths[0].end, DryRun::End::transmitted);
    EXPECT_EQ(paths[1].end, DryRun::End::taken);
}

TEST_F(DryRunning, BreaksOffACircle) {
    answer_ = [](Packet&, Dispatch&) { return Hop::edge(2); };
    const auto paths = run();
    EXPECT_EQ(paths[0].end, DryRun::End::stopped);
    EXPECT_EQ(paths[0].records.size(), DryRun::most_steps);
}

TEST_F(DryRunning, HasAPlaceOfItsOwnForStateOfEachWorker) {
    unsigned worker = 0;
    answer_ = [&](Packet&, Dispatch& dispatch) {
        worker = dispatch.worker();
        return Hop::edge(0);
    };
    run();
    EXPECT_EQ(worker, engine_->dry_context());
    EXPECT_EQ(engine_->contexts(), engine_->workers().size() + 1);
}

}  // namespace
}  // namespace graph
