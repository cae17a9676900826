// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "graph/testing/bench.hpp"
#include "vnet/device/ports.hpp"
#include "vnet/device/tap.hpp"
#include "vnet/ethernet/input.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::device::testing {

using wire::testing::Bytes;

/// Keeps a copy of every packet that reaches it and tells who waits for them.
class Inbox {
public:
    static constexpr auto info = graph::node("inbox");
    struct Arrived {
        interface::Index rx_interface;
        unsigned worker;
        Bytes bytes;
    };

    void operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept {
        {
            const std::lock_guard lock(mutex_);
            for (const graph::Packet* packet : packets) {
                Arrived arrived{packet->meta().rx_interface, dispatch.worker(), {}};
                for (const rte_mbuf* part = packet->mbuf(); part != nullptr; part = part->next) {
                    const auto* begin = rte_pktmbuf_mtod(part, const std::byte*);
                    arrived.bytes.insert(arrived.bytes.end(), begin, begin + part->data_len);
                }
                arrived_.push_back(std::move(arrived));
            }
        }
        graph::free_packets(packets);
        news_.notify_all();
    }
    /// All that came, once there are so many or the time is over.
    std::vector<Arrived> wait(size_t count,
                              std::chrono::milliseconds limit = std::chrono::seconds(10)) const {
        std::unique_lock lock(mutex_);
        news_.wait_for(lock, limit, [&] { return arrived_.size() >= count; });
        return arrived_;
    }
    void clear() const {
        const std::lock_guard lock(mutex_);
        arrived_.clear();
    }

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable news_;
    mutable std::vector<Arrived> arrived_;
};

/// A router that is nothing but devices: what comes in as IPv4, IPv6 or ARP lands in an inbox, and
/// packets are sent by hand.
class Rig {
public:
    /// Fewer than 2048 buffers are in no worker's cache: they can be taken away to the last.
    explicit Rig(unsigned workers = 1, unsigned buffers = 8192)
        : engine_(make_engine(workers, buffers)), table_(*engine_), types_(engine_->graph()) {
        graph::Graph& graph = engine_->graph();
        add_inbox(ip4, "ip4-input");
        add_inbox(ip6, "ip6-input");
        add_inbox(arp, "arp-input");
        const auto input = graph.add_arc(
            {"device-input", graph::ArcSide::rx, {"port-rx", "tap-rx"}, "ethernet-input"});
        const auto output = graph.add_arc(
            {"interface-output", graph::ArcSide::tx, {"interface-output"}, "interface-tx"});
        check(graph.add(std::make_shared<const ethernet::Input>(table_, types_)).status());
        check(graph.add(std::make_shared<const interface::Output>(table_, *output)).status());
        check(graph.add(std::make_shared<const interface::Transmit>(table_)).status());
        graph.link("control-inject", "interface-output");
        ports_ = std::move(*Ports::create(*engine_, table_, *input));
        taps_ = std::move(*Taps::create(*engine_, table_, *input));
        check(engine_->commit());
        check(engine_->start());
    }
    ~Rig() { table_.remove_all(); }

    graph::Engine& engine() { return *engine_; }
    interface::Table& table() {
        return table_;
    }

    absl::StatusOr<interface::Index> add_port(const std::string& name, const PortOptions& options) {
        return table_.add(name,
                          [&](interface::Index index) { return ports_->create(index, options); });
    }
    absl::StatusOr<interface::Index> add_port(const std::string& name, const std::string& devargs) {
        PortOptions options;
        options.devargs = devargs;
        return add_port(name, options);
    }
    absl::StatusOr<interface::Index> add_tap(const std::string& name, const std::string& host) {
        return table_.add(name,
                          [&](interface::Index index) { return taps_->create(index, {host}); });
    }
    /// Adds a port and sets it up; fails the test where that fails.
    interface::Index port_up(const std::string& name, const PortOptions& options) {
        const auto index = add_port(name, options);
        EXPECT_TRUE(index.ok()) << index.status();
        const absl::Status up = table_.set_up(name, true);
        EXPECT_TRUE(up.ok()) << up;
        return index.value_or(0);
    }
    interface::Index port_up(const std::string& name, const std::string& devargs) {
        PortOptions options;
        options.devargs = devargs;
        return port_up(name, options);
    }
    interface::Index tap_up(const std::string& name, const std::string& host) {
        const auto index = add_tap(name, host);
        EXPECT_TRUE(index.ok()) << index.status();
        const absl::Status up = table_.set_up(name, true);
        EXPECT_TRUE(up.ok()) << up;
        return index.value_or(0);
    }

    /// Sends `count` copies; each is given to the worker only when its queue has room.
    void send(interface::Index interface, const Bytes& bytes, unsigned count = 1,
              unsigned worker = 0) {
        const graph::NodeId start = engine_->graph().find("interface-output");
        for (unsigned i = 0; i < count; ++i) {
            graph::Packet* packet = nullptr;
            ASSERT_TRUE(until([&] { return (packet = engine_->pool().allocate()) != nullptr; }));
            ASSERT_TRUE(packet->resize(uint32_t(bytes.size())));
            std::memcpy(packet->data(), bytes.data(), bytes.size());
            packet->meta().tx_interface = interface;
            ASSERT_TRUE(until([&] { return engine_->workers()[worker]->inject(*packet, start); }));
        }
    }
    /// Sends `count` copies, each in several buffers where one does not hold it.
    void send_in_pieces(interface::Index interface, const Bytes& bytes, unsigned count) {
        const graph::NodeId start = engine_->graph().find("interface-output");
        for (unsigned i = 0; i < count; ++i) {
            graph::Packet* head = nullptr;
            for (size_t begin = 0; begin < bytes.size(); begin += graph::buffer_bytes) {
                const size_t size = std::min<size_t>(graph::buffer_bytes, bytes.size() - begin);
                graph::Packet* part = nullptr;
                ASSERT_TRUE(until([&] { return (part = engine_->pool().allocate()) != nullptr; }));
                ASSERT_TRUE(part->resize(uint32_t(size)));
                std::memcpy(part->data(), bytes.data() + begin, size);
                if (head == nullptr) {
                    head = part;
                } else {
                    ASSERT_EQ(rte_pktmbuf_chain(head->mbuf(), part->mbuf()), 0);
                }
            }
            head->meta().tx_interface = interface;
            ASSERT_TRUE(until([&] { return engine_->workers()[0]->inject(*head, start); }));
        }
    }
    /// True once `condition` holds; false when ten seconds are over. The control thread goes on
    /// meanwhile.
    template <class Condition>
    bool until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) {
                return false;
            }
            engine_->control().poll();
            std::this_thread::yield();
        }
        return true;
    }
    /// Takes every buffer of the pool, until the caller gives them back.
    std::vector<graph::Packet*> take_all_buffers() {
        std::vector<graph::Packet*> all;
        while (graph::Packet* packet = engine_->pool().allocate()) {
            all.push_back(packet);
        }
        return all;
    }
    uint64_t drops(const std::string& node, const std::string& reason) {
        const graph::Graph& graph = engine_->graph();
        for (size_t id = 0; id < graph.drops().size(); ++id) {
            if (graph.drops()[id].name == reason && graph.name_of(graph.drops()[id].node) == node) {
                return engine_->drops(graph::DropId(id));
            }
        }
        ADD_FAILURE() << "node " << node << " has no drop reason " << reason;
        return 0;
    }
    /// An IPv4 frame to the interface's own address.
    Bytes frame_to(interface::Index interface, size_t payload = 26) {
        return wire::testing::packet()
            .ethernet("02:00:00:00:00:77", table_.get(interface)->mac)
            .ip4()
            .udp()
            .payload(payload)
            .pad_to()
            .bytes();
    }

    std::shared_ptr<const Inbox> ip4 = std::make_shared<const Inbox>();
    std::shared_ptr<const Inbox> ip6 = std::make_shared<const Inbox>();
    std::shared_ptr<const Inbox> arp = std::make_shared<const Inbox>();

private:
    static void check(const absl::Status& status) { ASSERT_TRUE(status.ok()) << status; }
    static std::unique_ptr<graph::Engine> make_engine(unsigned workers, unsigned buffers) {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.workers = workers;
        options.buffers = buffers;
        return std::move(*graph::Engine::create(options));
    }
    void add_inbox(const std::shared_ptr<const Inbox>& inbox, const std::string& name) {
        graph::NodeSpec spec = graph::describe(*inbox);
        spec.name = name;
        check(engine_->graph().add(spec, inbox).status());
    }

    std::unique_ptr<graph::Engine> engine_;
    interface::Table table_;
    ethernet::EtherTypes types_;
    std::unique_ptr<Ports> ports_;
    std::unique_ptr<Taps> taps_;
};

}  // namespace vnet::device::testing
