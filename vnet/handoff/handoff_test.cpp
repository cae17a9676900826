// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "graph/testing/nodes.hpp"
#include "graph/testing/wait.hpp"
#include "vnet/device/testing/rig.hpp"
#include "vnet/handoff/handoffs.hpp"

namespace vnet::handoff {
namespace {

using device::testing::Bytes;
using graph::testing::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::testing::packet;

/// A receive queue that brings what a test puts in.
class Script final : public graph::Source {
public:
    Script(interface::Index interface, const device::InputPath& path)
        : interface_(interface), path_(path) {}
    graph::NodeId node() const noexcept override { return path_.input; }
    graph::QueueId id() const noexcept override { return {interface_, 9}; }
    unsigned poll(graph::Dispatch& dispatch) noexcept override {
        const std::lock_guard lock(mutex_);
        if (frames_.empty()) {
            return 0;
        }
        graph::Frame* frame = dispatch.take_frame();
        while (!frames_.empty() && frame->size < graph::vector_size) {
            graph::Packet* packet = dispatch.pool().allocate();
            if (packet == nullptr) {
                break;
            }
            packet->resize(uint32_t(frames_.front().size()));
            std::memcpy(packet->data(), frames_.front().data(), frames_.front().size());
            packet->meta().rx_interface = interface_;
            frame->packets[frame->size++] = packet;
            frames_.pop_front();
        }
        const unsigned count = frame->size;
        if (count == 0) {
            dispatch.give_frame(frame);
            return 0;
        }
        path_.send(frame, dispatch);
        return count;
    }
    void put(const Bytes& frame, unsigned copies = 1) {
        const std::lock_guard lock(mutex_);
        frames_.insert(frames_.end(), copies, frame);
    }

private:
    const interface::Index interface_;
    const device::InputPath path_;
    std::mutex mutex_;
    std::deque<Bytes> frames_;
};

class HandoffTest : public ::testing::Test {
protected:
    explicit HandoffTest(unsigned workers = 3) : rig_(workers) {
        auto handoffs = Handoffs::create(rig_.engine(), rig_.table());
        EXPECT_TRUE(handoffs.ok()) << handoffs.status();
        handoffs_ = std::move(*handoffs);
        hold_id_ = *rig_.engine().graph().add(graph::testing::Scripted::spec(hold_, "hold", {}));
        EXPECT_TRUE(rig_.engine().commit().ok());
        port_ = rig_.port_up("port", "net_null0,no-rx=1");
        rig_.table().hot(port_).ip4_address = 0x0a00'0001;
        device::InputPath path;
        path.input = rig_.engine().graph().find("port-rx");
        path.next = rig_.engine().graph().find("ethernet-input");
        path.arc = 0;
        EXPECT_EQ(rig_.engine().graph().arcs()[0].spec.name, "device-input");
        source_ = std::make_shared<Script>(port_, path);
        EXPECT_TRUE(rig_.engine().attach(source_, 0).ok());
    }
    ~HandoffTest() override {
        release_ = true;
        rig_.engine().detach(source_.get());
        // The table tells the handoffs of what goes, as long as they are there.
        rig_.table().remove_all();
    }

    Bytes udp(uint16_t port, bool back = false) {
        const auto mac = rig_.table().get(port_)->mac;
        return back ? packet()
                          .ethernet("02:00:00:00:00:77", mac)
                          .ip4("10.2.0.2", "10.1.0.1")
                          .udp(80, port)
                          .pad_to()
                          .bytes()
                    : packet()
                          .ethernet("02:00:00:00:00:77", mac)
                          .ip4("10.1.0.1", "10.2.0.2")
                          .udp(port, 80)
                          .pad_to()
                          .bytes();
    }
    Bytes to_router() {
        return packet()
            .ethernet("02:00:00:00:00:77", rig_.table().get(port_)->mac)
            .ip4("10.1.0.1", "10.0.0.1")
            .udp(1, 2)
            .pad_to()
            .bytes();
    }
    static Bytes arp() {
        return packet()
            .ethernet("02:00:00:00:00:77", "ff:ff:ff:ff:ff:ff")
            .arp_request("02:00:00:00:00:77", "10.0.0.2", "10.0.0.1")
            .pad_to()
            .bytes();
    }
    /// The workers that saw the packets which arrived.
    std::set<unsigned> workers_of(size_t count) {
        std::set<unsigned> workers;
        const auto arrived = rig_.ip4->wait(count);
        EXPECT_EQ(arrived.size(), count);
        for (const auto& one : arrived) {
            workers.insert(one.worker);
        }
        return workers;
    }
    /// Keeps a worker from doing anything until release_ is set.
    void hold(unsigned worker) {
        held_ = false;
        release_ = false;
        graph::Packet* packet = rig_.engine().pool().allocate();
        ASSERT_TRUE(rig_.engine().inject(packet, hold_id_, worker));
        ASSERT_TRUE(eventually([&] { return held_.load(); }));
    }

    std::atomic<bool> held_{false};
    std::atomic<bool> release_{false};
    const graph::testing::Scripted hold_{[this](graph::Packet& packet, graph::Dispatch&) {
        held_ = true;
        eventually([&] { return release_.load(); });
        graph::free_packet(&packet);
        return graph::Hop::consumed();
    }};
    device::testing::Rig rig_;
    std::unique_ptr<Handoffs> handoffs_;
    graph::NodeId hold_id_ = 0;
    interface::Index port_ = 0;
    std::shared_ptr<Script> source_;
};

class HandoffOfTwoTest : public HandoffTest {
protected:
    HandoffOfTwoTest() : HandoffTest(2) {}
};

class HandoffOfOneTest : public HandoffTest {
protected:
    HandoffOfOneTest() : HandoffTest(1) {}
};

TEST_F(HandoffTest, AFlowMeetsOneWorkerBothWays) {
    ASSERT_TRUE(handoffs_->turn_on("port", {}).ok());
    constexpr uint16_t flows = 60;
    for (uint16_t round = 0; round < 4; ++round) {
        for (uint16_t flow = 0; flow < flows; ++flow) {
            source_->put(udp(uint16_t(1000 + flow), round % 2 == 1));
        }
    }
    const auto arrived = rig_.ip4->wait(4 * flows);
    ASSERT_EQ(arrived.size(), 4u * flows);
    std::map<unsigned, std::set<unsigned>> met;
    std::set<unsigned> all;
    for (const auto& one : arrived) {
        const auto port = [&](size_t at) {
            return unsigned(one.bytes[at]) << 8 | unsigned(one.bytes[at + 1]);
        };
        met[std::max(port(34), port(36))].insert(one.worker);
        all.insert(one.worker);
    }
    EXPECT_EQ(met.size(), flows);
    for (const auto& [flow, workers] : met) {
        EXPECT_EQ(workers.size(), 1u) << flow;
    }
    EXPECT_THAT(all, ElementsAre(0, 1, 2));
}

TEST_F(HandoffTest, OnlyTheWorkersThatAreNamed) {
    const uint32_t named[] = {1, 2};
    ASSERT_TRUE(handoffs_->turn_on("port", named).ok());
    EXPECT_EQ(handoffs_->workers(port_), 0b110u);
    for (uint16_t flow = 0; flow < 40; ++flow) {
        source_->put(udp(flow));
    }
    EXPECT_THAT(workers_of(40), ElementsAre(1, 2));
    // What is for the router, and ARP, stay with the one that polls.
    rig_.ip4->clear();
    source_->put(to_router(), 5);
    source_->put(arp(), 5);
    EXPECT_THAT(workers_of(5), ElementsAre(0));
    for (const auto& one : rig_.arp->wait(5)) {
        EXPECT_EQ(one.worker, 0u);
    }
    rig_.ip4->clear();
    ASSERT_TRUE(handoffs_->turn_off("port").ok());
    for (uint16_t flow = 0; flow < 40; ++flow) {
        source_->put(udp(flow));
    }
    EXPECT_THAT(workers_of(40), ElementsAre(0));
    EXPECT_FALSE(rig_.engine().graph().has_feature("device-input", "worker-handoff", port_));
}

TEST_F(HandoffOfTwoTest, AFullLaneDropsByNameAndRecovers) {
    const unsigned buffers = rig_.engine().pool().available();
    const uint32_t other[] = {1};
    ASSERT_TRUE(handoffs_->turn_on("port", other).ok());
    hold(1);
    const unsigned room = rig_.engine().lanes().lane(0, 1).capacity();
    constexpr unsigned excess = 700;
    source_->put(udp(7), room + excess);
    EXPECT_TRUE(eventually([&] { return rig_.drops("worker-handoff", "handoff-full") == excess; }));
    EXPECT_EQ(rig_.engine().lanes().lane(0, 1).refused(), excess);
    // What matters to the router's own life goes its way meanwhile.
    source_->put(arp(), 3);
    source_->put(to_router(), 3);
    EXPECT_EQ(rig_.arp->wait(3).size(), 3u);
    EXPECT_THAT(workers_of(3), ElementsAre(0));
    release_ = true;
    EXPECT_EQ(rig_.ip4->wait(3 + room).size(), 3u + room);
    source_->put(udp(7), 10);
    EXPECT_EQ(rig_.ip4->wait(13 + room).size(), 13u + room);
    EXPECT_EQ(rig_.drops("worker-handoff", "handoff-full"), excess);
    EXPECT_TRUE(eventually([&] { return rig_.engine().pool().available() == buffers; }));
}

TEST_F(HandoffTest, SwitchingLosesNothingAndKeepsTheOrder) {
    // Numbers of one flow, in the UDP payload's place of the source address: one of three flows.
    constexpr unsigned total = 6000;
    unsigned put = 0;
    unsigned step = 0;
    while (put < total) {
        for (unsigned i = 0; i < 50; ++i, ++put) {
            Bytes frame = udp(uint16_t(put % 3));
            std::memcpy(frame.data() + 44, &put, sizeof(put));
            source_->put(frame);
        }
        const uint32_t some[] = {step % 3, (step + 1) % 3};
        ASSERT_TRUE(
            (step % 2 == 0 ? handoffs_->turn_on("port", some) : handoffs_->turn_off("port")).ok());
        ASSERT_TRUE(rig_.engine().move({port_, 9}, step % 3).ok());
        ++step;
    }
    // Packets that are handed over come to the inbox as their workers run; within a flow in order.
    const auto arrived = rig_.ip4->wait(total);
    ASSERT_EQ(arrived.size(), total);
    std::map<unsigned, unsigned> last;
    unsigned disorder = 0;
    for (const auto& one : arrived) {
        unsigned number = 0;
        std::memcpy(&number, one.bytes.data() + 44, sizeof(number));
        const auto [place, first] = last.try_emplace(number % 3, number);
        disorder += !first && number <= place->second;
        place->second = number;
    }
    EXPECT_EQ(disorder, 0u);
    EXPECT_EQ(rig_.drops("worker-handoff", "handoff-full"), 0u);
}

TEST_F(HandoffTest, SaysWhatIsWrong) {
    const uint32_t unknown[] = {0, 3};
    EXPECT_THAT(handoffs_->turn_on("port", unknown).message(), HasSubstr("there is no worker 3"));
    EXPECT_EQ(handoffs_->workers(port_), 0u);
    EXPECT_THAT(handoffs_->turn_on("nowhere", {}).message(), HasSubstr("there are: port"));
    EXPECT_THAT(handoffs_->turn_off("nowhere").message(), HasSubstr("there are: port"));
    // A deleted interface leaves nothing behind for the next one of its number.
    ASSERT_TRUE(handoffs_->turn_on("port", {}).ok());
    ASSERT_TRUE(rig_.table().remove("port").ok());
    EXPECT_EQ(handoffs_->workers(port_), 0u);
}

TEST_F(HandoffOfOneTest, OneWorkerHasNobodyToHandTo) {
    EXPECT_THAT(handoffs_->turn_on("port", {}).message(), HasSubstr("--workers 2"));
}

}  // namespace
}  // namespace vnet::handoff
