// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/testing/link.hpp"

#include <cstring>
#include <mutex>
#include <ostream>
#include <stdexcept>
#include <thread>

#include "graph/testing/bench.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/unreachable.hpp"
#include "vnet/neighbor/arp_input.hpp"

namespace vnet::neighbor::testing {

namespace {
void must(const absl::Status& status) {
    if (!status.ok()) {
        throw std::runtime_error(std::string(status.message()));
    }
}
template <class T>
T must(absl::StatusOr<T> value) {
    must(value.status());
    return std::move(*value);
}
std::unique_ptr<graph::Engine> make_engine() {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 4096;
    return must(graph::Engine::create(options));
}
constexpr interface::Index marker = 0xfeed;
}  // namespace

std::ostream& operator<<(std::ostream& out, const Sent& sent) {
    return out << "by " << sent.interface << ":\n" << wire::testing::hex_dump(sent.bytes);
}

/// The transmit node of both devices: keeps what is sent. A packet by the interface `marker` is
/// only counted.
class Link::Capture {
public:
    static constexpr auto info = graph::node("capture");
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        const std::lock_guard lock(mutex_);
        for (const graph::Packet* packet : packets) {
            if (packet->meta().tx_interface == marker) {
                ++markers_;
            } else {
                sent_.push_back({packet->meta().tx_interface,
                                 Bytes(packet->bytes().begin(), packet->bytes().end())});
            }
        }
        graph::free_packets(packets);
    }
    std::vector<Sent> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(sent_, {});
    }
    unsigned markers() const {
        const std::lock_guard lock(mutex_);
        return markers_;
    }

private:
    mutable std::mutex mutex_;
    mutable std::vector<Sent> sent_;
    mutable unsigned markers_ = 0;
};

Link::Link(const Settings& settings)
    : engine(make_engine()),
      interfaces(*engine),
      forwarding(engine->rcu()),
      routes(engine->rcu()),
      capture_(std::make_shared<Capture>()) {
    graph::Graph& graph = engine->graph();
    const auto error_slot = must(engine->slots().place<icmp4::ErrorRequest>("icmp4-error"));
    const auto next_hop_slot = must(engine->slots().place<NextHop>("neighbor-next-hop"));
    unresolved_ = std::make_unique<graph::Mailbox>(
        "unresolved", 1024, engine->control(),
        [this](std::span<graph::Packet*> packets) { table->take_unresolved(packets); });
    arp_ = std::make_unique<graph::Mailbox>(
        "arp", 1024, engine->control(),
        [this](std::span<graph::Packet*> packets) { table->take_arp(packets); });

    const auto output_arc = must(graph.add_arc(
        {"interface-output", graph::ArcSide::tx, {"interface-output"}, "interface-tx"}));
    const auto ip4_arc = must(
        graph.add_arc({"ip4-output", graph::ArcSide::tx, {"ip4-rewrite"}, "interface-output"}));
    tx_ = must(graph.add<Capture>(std::shared_ptr<const Capture>(capture_)));
    lookup_ = must(graph.add(std::make_shared<const ip4::Lookup>(routes, forwarding)));
    const auto rewrite = must(
        graph.add(std::make_shared<const ip4::Rewrite>(routes, forwarding, error_slot, ip4_arc)));
    const auto resolve =
        must(graph.add(std::make_shared<const Resolve>(*unresolved_, forwarding, next_hop_slot)));
    const auto unreachable =
        must(graph.add(std::make_shared<const ip4::Unreachable>(forwarding, error_slot)));
    const auto error = must(graph.add(std::make_shared<const icmp4::Error>(
        interfaces, error_slot, 1, icmp4::Error::Limit{1'000'000'000, 1'000'000})));
    const auto output =
        must(graph.add(std::make_shared<const interface::Output>(interfaces, output_arc)));
    must(graph.add(std::make_shared<const interface::Transmit>(interfaces)));
    arp_input_ = must(graph.add(std::make_shared<const ArpInput>(*arp_)));
    for (const char* next : {"ip4-lookup", "arp-input", "capture"}) {
        graph.link("control-inject", next);
    }
    for (const char* next : {"ip4-rewrite", "ip4-resolve", "ip4-unreachable"}) {
        graph.link("ip4-lookup", next);
    }
    graph.link("interface-output", "capture");

    const auto special = [&](fib::Action action) {
        fib::Adjacency adjacency;
        adjacency.next = unreachable;
        adjacency.action = action;
        return adjacency;
    };
    forwarding.set_no_route(special(fib::Action::no_route));
    ip4::Fib::Paths paths{};
    paths.local = forwarding.make(special(fib::Action::blackhole));
    paths.blackhole = paths.prohibit = paths.unreachable = paths.broadcast = paths.local;
    next_hops = std::make_unique<fib::NextHops>(
        forwarding, interfaces, fib::NextHops::Nodes{resolve, rewrite, unreachable});
    fib = std::make_unique<ip4::Fib>(routes, *next_hops, paths);
    addresses = std::make_unique<ip4::Addresses>(interfaces, *fib);
    table = std::make_unique<Table>(*engine, interfaces, *addresses, *fib, *next_hops,
                                    next_hop_slot, error_slot, Table::Nodes{lookup_, output, error},
                                    settings, [this] { return now_; });
    must(engine->commit());
    must(engine->start());
    const char* names[] = {"lan", "wan"};
    const char* macs[] = {lan_mac, wan_mac};
    const char* networks[] = {"10.0.0.1/24", "10.1.0.1/24"};
    for (unsigned i = 0; i < 2; ++i) {
        devices[i] = std::make_shared<interface::testing::FakeState>();
        devices[i]->tx_node = tx_;
        devices[i]->mac = wire::testing::mac(macs[i]);
        must(interfaces.add(names[i], interface::testing::FakeDevice::maker(devices[i])).status());
        must(interfaces.set_up(names[i], true));
        must(addresses->add(names[i], wire::testing::prefix(networks[i])));
    }
    sent();
}

Link::~Link() {
    interfaces.remove_all();
    engine->stop();
    table.reset();
    addresses.reset();
    fib.reset();
    next_hops.reset();
}

void Link::receive(interface::Index interface, const Bytes& frame, uint16_t flags) {
    graph::Packet* packet = engine->pool().allocate();
    if (packet == nullptr || !packet->resize(uint32_t(frame.size()))) {
        throw std::runtime_error("no packet buffer is free");
    }
    std::memcpy(packet->data(), frame.data(), frame.size());
    graph::reset_metadata(*packet, interface);
    packet->meta().l3_offset = sizeof(wire::EthernetHeader);
    packet->meta().flags = flags;
    const bool is_arp =
        wire::view<wire::EthernetHeader>(packet->bytes())->ether_type() == wire::EtherType::arp;
    engine->inject(packet, is_arp ? arp_input_ : lookup_);
}

void Link::settle() {
    // A marker behind what waits for the worker, then control's turn: three times covers the
    // longest way there is, by lookup to control, back to the worker, and out.
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    for (unsigned round = 0; round < 3; ++round) {
        graph::Packet* packet = engine->pool().allocate();
        if (packet == nullptr) {
            throw std::runtime_error("no packet buffer is free");
        }
        packet->meta().tx_interface = marker;
        const unsigned before = capture_->markers();
        engine->inject(packet, tx_);
        while (capture_->markers() == before) {
            if (Clock::now() > deadline) {
                throw std::runtime_error("the worker did not come to an end");
            }
            std::this_thread::yield();
        }
        for (unsigned i = 0; i < 20; ++i) {
            engine->control().poll();
        }
    }
}

std::vector<Sent> Link::sent() {
    settle();
    return capture_->take();
}

void Link::pass(std::chrono::milliseconds time) {
    now_ += time;
    table->tick(now_);
}

uint64_t Link::drops(const std::string& node, const std::string& reason) const {
    const graph::Graph& graph = engine->graph();
    for (size_t id = 0; id < graph.drops().size(); ++id) {
        if (graph.drops()[id].name == reason && graph.name_of(graph.drops()[id].node) == node) {
            return engine->drops(graph::DropId(id));
        }
    }
    throw std::runtime_error("no drop reason '" + reason + "'");
}

std::vector<std::string> Link::neighbors() const {
    std::vector<std::string> all;
    for (const Table::Neighbor& neighbor : table->list()) {
        all.push_back(neighbor.address.to_string() + " " + std::string(name(neighbor.state)) +
                      (neighbor.mac.is_zero() ? "" : " " + neighbor.mac.to_string()));
    }
    return all;
}

}  // namespace vnet::neighbor::testing
