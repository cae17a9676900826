// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/testing/link.hpp"

#include <cstring>
#include <mutex>
#include <ostream>
#include <stdexcept>
#include <thread>

#include "graph/testing/bench.hpp"
#include "vnet/fib/lookup_vrf.hpp"
#include "vnet/fragment/fragmenter.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/unreachable.hpp"
#include "vnet/ip6/lookup.hpp"
#include "vnet/ip6/rewrite.hpp"
#include "vnet/ip6/unreachable.hpp"
#include "vnet/neighbor/arp_input.hpp"
#include "vnet/neighbor/nd_input.hpp"
#include "vnet/neighbor/redirect.hpp"

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
std::unique_ptr<graph::Engine> make_engine(unsigned workers) {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 4096;
    options.workers = workers;
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
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept {
        const std::lock_guard lock(mutex_);
        for (const graph::Packet* packet : packets) {
            if (packet->meta().tx_interface == marker) {
                ++markers_;
            } else {
                sent_.push_back({packet->meta().tx_interface,
                                 Bytes(packet->bytes().begin(), packet->bytes().end())});
                senders_.push_back(dispatch.worker());
            }
        }
        graph::free_packets(packets);
    }
    std::vector<Sent> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(sent_, {});
    }
    std::vector<unsigned> take_senders() {
        const std::lock_guard lock(mutex_);
        return std::exchange(senders_, {});
    }
    unsigned markers() const {
        const std::lock_guard lock(mutex_);
        return markers_;
    }

private:
    mutable std::mutex mutex_;
    mutable std::vector<Sent> sent_;
    mutable std::vector<unsigned> senders_;
    mutable unsigned markers_ = 0;
};

template <class Family, class Neighbors>
void Link::make_fib(Network<Family, Neighbors>& network, graph::NodeId resolve,
                    graph::NodeId rewrite, graph::NodeId end, graph::NodeId lookup_vrf) {
    const auto special = [&](fib::Action action) {
        fib::Adjacency adjacency;
        adjacency.next = end;
        adjacency.action = action;
        return forwarding.make(adjacency);
    };
    typename fib::Fib<Family>::Paths paths;
    paths.no_route = special(fib::Action::no_route);
    paths.local = special(fib::Action::local);
    paths.blackhole = special(fib::Action::blackhole);
    paths.prohibit = paths.unreachable = paths.broadcast = paths.blackhole;
    network.next_hops = std::make_unique<fib::NextHops<typename Family::Address>>(
        forwarding, interfaces,
        typename fib::NextHops<typename Family::Address>::Nodes{resolve, rewrite, end});
    network.make_fibs(forwarding, {paths, lookup_vrf});
    network.groups = std::make_unique<fib::Groups<Family>>(typename fib::Groups<Family>::Parts{
        interfaces, forwarding, *network.next_hops, *network.fibs, end, paths.unreachable});
    network.addresses = std::make_unique<fib::Addresses<Family>>(interfaces, *network.fibs);
}

void Link::add_ip4_nodes(const Settings& settings) {
    graph::Graph& graph = engine->graph();
    const auto error_slot = must(engine->slots().place<icmp4::ErrorRequest>("icmp4-error"));
    const auto next_hop_slot = must(engine->slots().place<NextHop>("neighbor-next-hop"));
    ip4.unresolved = std::make_unique<graph::Mailbox>(
        "unresolved", 1024, engine->control(),
        [this](std::span<graph::Packet*> packets) { table->take_unresolved(packets); });
    ip4.heard = std::make_unique<graph::Mailbox>(
        "arp", 1024, engine->control(),
        [this](std::span<graph::Packet*> packets) { table->take_arp(packets); });
    const auto arc = must(
        graph.add_arc({"ip4-output", graph::ArcSide::tx, {"ip4-rewrite"}, "interface-output"}));
    lookup_ = must(graph.add(std::make_shared<const ip4::Lookup>(ip4.tables, forwarding)));
    const auto lookup_vrf = must(
        graph.add(std::make_shared<const fib::LookupVrf<ip4::Family>>(ip4.tables, forwarding)));
    const auto rewrite = must(
        graph.add(std::make_shared<const ip4::Rewrite>(ip4.tables, forwarding, error_slot, arc)));
    must(
        graph.add(std::make_shared<const fragment::Ip4Fragmenter>(forwarding, engine->contexts())));
    const auto resolve = must(graph.add(std::make_shared<const Resolve<ip4::Family>>(
        *ip4.unresolved, forwarding, next_hop_slot, workers())));
    const auto unreachable =
        must(graph.add(std::make_shared<const ip4::Unreachable>(forwarding, error_slot)));
    const auto error = must(graph.add(std::make_shared<const icmp4::Error>(
        interfaces, error_slot, workers(), icmp4::Error::Limit{1'000'000'000, 1'000'000})));
    arp_input_ = must(graph.add(std::make_shared<const ArpInput>(
        *ip4.heard, limits, Known<ip4::Family>(ip4.tables, forwarding))));
    for (const char* next : {"ip4-rewrite", "ip4-resolve", "ip4-unreachable"}) {
        graph.link("ip4-lookup", next);
        graph.link("ip4-lookup-vrf", next);
    }
    graph.link("ip4-lookup", "ip4-lookup-vrf");
    make_fib(ip4, resolve, rewrite, unreachable, lookup_vrf);
    table = std::make_unique<Arp>(
        Arp::Parts{*engine, interfaces, *addresses, *ip4.fibs, *ip4.next_hops, next_hop_slot},
        error_slot, Arp::Nodes{lookup_, lookup_vrf, output_, error}, settings,
        [this] { return now_; });
}

void Link::add_ip6_nodes(const Settings& settings) {
    graph::Graph& graph = engine->graph();
    const auto error_slot = must(engine->slots().place<icmp6::ErrorRequest>("icmp6-error"));
    const auto next_hop_slot = must(engine->slots().place<NextHop>("neighbor-next-hop6"));
    ip6.unresolved = std::make_unique<graph::Mailbox>(
        "unresolved6", 1024, engine->control(),
        [this](std::span<graph::Packet*> packets) { ip6.neighbors->take_unresolved(packets); });
    ip6.heard = std::make_unique<graph::Mailbox>(
        "nd", 1024, engine->control(),
        [this](std::span<graph::Packet*> packets) { ip6.neighbors->take_nd(packets); });
    const auto arc = must(
        graph.add_arc({"ip6-output", graph::ArcSide::tx, {"ip6-rewrite"}, "interface-output"}));
    lookup6_ = must(graph.add(std::make_shared<const ip6::Lookup>(ip6.tables, forwarding)));
    const auto lookup_vrf = must(
        graph.add(std::make_shared<const fib::LookupVrf<ip6::Family>>(ip6.tables, forwarding)));
    const auto rewrite = must(graph.add(
        std::make_shared<const ip6::Rewrite>(ip6.tables, forwarding, error_slot, arc, redirects_)));
    const auto resolve = must(graph.add(std::make_shared<const Resolve<ip6::Family>>(
        *ip6.unresolved, forwarding, next_hop_slot, workers())));
    const auto unreachable =
        must(graph.add(std::make_shared<const ip6::Unreachable>(forwarding, error_slot)));
    const auto error = must(graph.add(std::make_shared<const icmp6::Error>(
        interfaces, ip6.tables, forwarding, error_slot, workers(),
        icmp6::Error::Limit{1'000'000'000, 1'000'000})));
    must(graph.add(std::make_shared<const Redirect>(interfaces, forwarding, workers(),
                                                    Redirect::Limit{1'000'000'000, 1'000'000})));
    must(graph.add(std::make_shared<const fragment::Ip6Fragmenter>(forwarding, 1, 1)));
    nd_input_ = must(graph.add(std::make_shared<const NdInput>(
        *ip6.heard, limits, Known<ip6::Family>(ip6.tables, forwarding))));
    for (const char* next : {"ip6-rewrite", "ip6-resolve", "ip6-unreachable"}) {
        graph.link("ip6-lookup", next);
        graph.link("ip6-lookup-vrf", next);
    }
    graph.link("ip6-lookup", "ip6-lookup-vrf");
    make_fib(ip6, resolve, rewrite, unreachable, lookup_vrf);
    link_locals = std::make_unique<ip6::LinkLocals>(interfaces, *ip6.addresses);
    ip6.neighbors = std::make_unique<Nd>(
        Nd::Parts{*engine, interfaces, *ip6.addresses, *ip6.fibs, *ip6.next_hops, next_hop_slot},
        error_slot, Nd::Nodes{lookup6_, lookup_vrf, output_, error}, settings,
        [this] { return now_; });
}

Link::Link(const Settings& settings, unsigned workers)
    : engine(make_engine(workers)),
      interfaces(*engine),
      forwarding(engine->rcu()),
      ip4(engine->rcu(), interfaces),
      ip6(engine->rcu(), interfaces),
      limits(workers, 1'000'000'000),
      capture_(std::make_shared<Capture>()) {
    graph::Graph& graph = engine->graph();
    const auto output_arc = must(graph.add_arc(
        {"interface-output", graph::ArcSide::tx, {"interface-output"}, "interface-tx"}));
    tx_ = must(graph.add<Capture>(std::shared_ptr<const Capture>(capture_)));
    output_ = must(graph.add(std::make_shared<const interface::Output>(interfaces, output_arc)));
    must(graph.add(std::make_shared<const interface::Transmit>(interfaces)));
    // What is due is seen in pass() alone, and never while a test looks elsewhere.
    Settings by_hand = settings;
    by_hand.tick = std::chrono::hours(24);
    add_ip4_nodes(by_hand);
    add_ip6_nodes(by_hand);
    for (const char* next : {"ip4-lookup", "ip6-lookup", "ip4-lookup-vrf", "ip6-lookup-vrf",
                             "arp-input", "nd-input", "capture"}) {
        graph.link("control-inject", next);
    }
    graph.link("interface-output", "capture");
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

namespace {
bool is_neighbor_discovery(const Bytes& frame) {
    const auto bytes = std::span<const std::byte>(frame).subspan(sizeof(wire::EthernetHeader));
    const auto* ip = wire::view<wire::Ip6Header>(bytes);
    const auto* icmp = wire::view<wire::Icmp6Header>(bytes.subspan(sizeof(wire::Ip6Header)));
    return ip != nullptr && ip->next_header() == wire::IpProtocol::icmp6 && icmp != nullptr &&
           wire::is_neighbor_discovery(icmp->type());
}
}  // namespace

Link::~Link() {
    interfaces.remove_all();
    engine->stop();
    ip6.reset();
    ip4.reset();
}

void Link::receive(interface::Index interface, const Bytes& frame, uint16_t flags,
                   unsigned worker) {
    graph::Packet* packet = engine->pool().allocate();
    if (packet == nullptr || !packet->resize(uint32_t(frame.size()))) {
        throw std::runtime_error("no packet buffer is free");
    }
    std::memcpy(packet->data(), frame.data(), frame.size());
    graph::reset_metadata(*packet, interface);
    packet->meta().l3_offset = sizeof(wire::EthernetHeader);
    packet->meta().flags = flags;
    switch (wire::view<wire::EthernetHeader>(packet->bytes())->ether_type()) {
        case wire::EtherType::arp:
            engine->inject(packet, arp_input_, worker);
            break;
        case wire::EtherType::ip6:
            packet->meta().l4_offset = sizeof(wire::EthernetHeader) + sizeof(wire::Ip6Header);
            engine->inject(packet, is_neighbor_discovery(frame) ? nd_input_ : lookup6_, worker);
            break;
        default:
            engine->inject(packet, lookup_, worker);
    }
}

void Link::settle_worker() {
    // A marker behind what waits for each worker.
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    const unsigned wanted = capture_->markers() + workers();
    for (unsigned worker = 0; worker < workers(); ++worker) {
        graph::Packet* packet = engine->pool().allocate();
        if (packet == nullptr) {
            throw std::runtime_error("no packet buffer is free");
        }
        packet->meta().tx_interface = marker;
        engine->inject(packet, tx_, worker);
    }
    while (capture_->markers() != wanted) {
        if (Clock::now() > deadline) {
            throw std::runtime_error("the workers did not come to an end");
        }
        std::this_thread::yield();
    }
}

void Link::settle() {
    // The worker's turn, then control's: three times covers the longest way there is, by lookup to
    // control, back to the worker, and out.
    for (unsigned round = 0; round < 3; ++round) {
        settle_worker();
        // A worker rings for control at the end of its turn: that is behind it when the next one
        // is.
        settle_worker();
        for (unsigned i = 0; i < 20; ++i) {
            engine->control().poll();
        }
    }
}

std::vector<Sent> Link::sent() {
    settle();
    senders_ = capture_->take_senders();
    return capture_->take();
}

void Link::pass(std::chrono::milliseconds time) {
    now_ += time;
    table->tick(now_);
    ip6.neighbors->tick(now_);
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

namespace {
template <class Cache>
void append(const Cache& cache, std::vector<std::string>& all) {
    for (const auto& neighbor : cache.list()) {
        all.push_back(neighbor.address.to_string() + " " + std::string(name(neighbor.state)) +
                      (neighbor.mac.is_zero() ? "" : " " + neighbor.mac.to_string()));
    }
}
}  // namespace

std::vector<std::string> Link::neighbors() const {
    std::vector<std::string> all;
    append(*ip4.neighbors, all);
    append(*ip6.neighbors, all);
    return all;
}

}  // namespace vnet::neighbor::testing
