// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <random>

#include "graph/testing/nodes.hpp"
#include "graph/testing/wait.hpp"
#include "vnet/fragment/reassemble.hpp"
#include "vnet/fragment/testing/datagrams.hpp"

/// Fragments of one datagram that come to different workers.
namespace vnet::fragment {
namespace {

using graph::testing::eventually;
using testing::Bytes;
using testing::ip4_fragment;
using wire::testing::packet;

/// Notes what arrives, and at which worker.
struct Inbox {
    static constexpr auto info = graph::node("ip4-local");
    struct Arrived {
        unsigned worker;
        uint32_t length;
        Bytes bytes;
    };
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept {
        const std::lock_guard lock(mutex);
        for (graph::Packet* one : packets) {
            arrived.push_back(
                {dispatch.worker(), one->length(), {one->bytes().begin(), one->bytes().end()}});
            graph::free_packet(one);
        }
    }
    size_t count() const {
        const std::lock_guard lock(mutex);
        return arrived.size();
    }
    mutable std::mutex mutex;
    mutable std::vector<Arrived> arrived;
};

class HandOverTest : public ::testing::Test {
protected:
    HandOverTest() {
        graph::Graph& graph = engine_->graph();
        EXPECT_TRUE(graph.add(std::shared_ptr<const Inbox>(inbox_)).ok());
        EXPECT_TRUE(graph.add(graph::testing::Scripted::spec(never_, "icmp4-error", {})).ok());
        const auto slot = engine_->slots().place<icmp4::ErrorRequest>("icmp4-error");
        const auto node = graph.add(std::make_shared<const Ip4Reassemble>(stores_, *slot));
        EXPECT_TRUE(node.ok());
        stores_.set_node(*node);
        for (const char* from : {"worker-input", "control-inject"}) {
            graph.link(from, std::string(Ip4::reassemble));
        }
        EXPECT_TRUE(engine_->commit().ok());
        free_ = engine_->pool().available();
        EXPECT_TRUE(engine_->start().ok());
    }
    ~HandOverTest() override { engine_->stop(); }

    bool inject(const Bytes& bytes, unsigned worker) {
        graph::Packet* one = engine_->pool().allocate();
        if (one == nullptr) {
            return false;
        }
        one->resize(uint32_t(bytes.size()));
        std::copy(bytes.begin(), bytes.end(), one->data());
        return engine_->inject(one, stores_.node(), worker);
    }

    std::unique_ptr<graph::Engine> engine_ = testing::make_engine(2);
    std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
    const graph::testing::Scripted never_{[](graph::Packet& packet, graph::Dispatch&) {
        graph::free_packet(&packet);
        return graph::Hop::consumed();
    }};
    Stores stores_{*engine_, 77, Settings{}};
    unsigned free_ = 0;
};

TEST_F(HandOverTest, OneWorkerHasAllOfADatagram) {
    constexpr unsigned hosts = 16;
    constexpr unsigned each = 20;
    std::mt19937 random(3);
    std::map<uint32_t, unsigned> owners;
    size_t sent = 0;
    for (unsigned id = 0; id < each; ++id) {
        for (unsigned host = 0; host < hosts; ++host) {
            const Bytes whole = packet()
                                    .ip4(wire::Ip4Address(10, 0, 0, uint8_t(host + 1)), "10.9.9.9")
                                    .udp(5, 6)
                                    .payload(500)
                                    .bytes();
            std::vector<Bytes> pieces;
            for (uint32_t begin = 0; begin < 508; begin += 104) {
                pieces.push_back(
                    ip4_fragment(whole, {begin, std::min(begin + 104, 508U)}, uint16_t(id)));
            }
            std::shuffle(pieces.begin(), pieces.end(), random);
            for (const Bytes& piece : pieces) {
                ASSERT_TRUE(inject(piece, random() % 2));
            }
            ++sent;
        }
        ASSERT_TRUE(eventually([&] { return inbox_->count() == sent; })) << inbox_->count();
    }
    for (const auto& one : inbox_->arrived) {
        const auto* ip = wire::view<wire::Ip4Header>(std::span(one.bytes));
        ASSERT_EQ(one.length, 528u);
        const auto [at, first] = owners.try_emplace(ip->source.value(), one.worker);
        EXPECT_EQ(at->second, one.worker);
    }
    EXPECT_EQ(owners.size(), hosts);
    // Hosts are spread among the workers.
    std::set<unsigned> workers;
    for (const auto& [host, worker] : owners) {
        workers.insert(worker);
    }
    EXPECT_EQ(workers.size(), 2u);
    EXPECT_TRUE(eventually([&] { return engine_->pool().available() == free_; }));
    EXPECT_EQ(stores_.counters(0).whole.read() + stores_.counters(1).whole.read(), sent);
}

TEST_F(HandOverTest, TicksEndWhatIsOutOfTime) {
    Settings settings;
    settings.timeout_ms = 1;
    stores_.set(settings);
    for (unsigned host = 0; host < 10; ++host) {
        const Bytes whole = packet()
                                .ip4(wire::Ip4Address(10, 0, 0, uint8_t(host + 1)), "10.9.9.9")
                                .udp()
                                .payload(500)
                                .bytes();
        ASSERT_TRUE(inject(ip4_fragment(whole, {0, 104}), host % 2));
    }
    EXPECT_TRUE(eventually([&] {
        stores_.tick();
        return engine_->pool().available() == free_;
    }));
    EXPECT_EQ(stores_.counters(0).timed_out.read() + stores_.counters(1).timed_out.read(), 10u);
}

}  // namespace
}  // namespace vnet::fragment
