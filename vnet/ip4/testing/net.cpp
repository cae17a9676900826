// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/testing/net.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "vnet/icmp4/input.hpp"
#include "vnet/ip4/input.hpp"
#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/unreachable.hpp"

namespace vnet::ip4::testing {

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
    options.buffers = 1024;
    return must(graph::Engine::create(options));
}
}  // namespace

Net::Net()
    : engine(make_engine()),
      interfaces(*engine),
      forwarding(engine->rcu()),
      table(engine->rcu()),
      slot(must(bench.slots().place<icmp4::ErrorRequest>("icmp4-error"))) {
    for (const auto& [name, mac] : {std::pair("lan", lan_mac), std::pair("wan", wan_mac)}) {
        auto state = std::make_shared<interface::testing::FakeState>();
        state->mac = wire::testing::mac(mac);
        devices.push_back(state);
        must(interfaces.add(name, interface::testing::FakeDevice::maker(state)).status());
        must(interfaces.set_up(name, true));
    }
}

Net::~Net() {
    interfaces.remove_all();
    addresses.reset();
    fib.reset();
    next_hops.reset();
}

graph::ArcId Net::arc(const std::string& name, graph::ArcSide side, const std::string& start,
                      const std::string& end) {
    ends_.push_back(end);
    return must(bench.graph().add_arc({name, side, {start}, end}));
}

void Net::add_input() {
    const auto id = arc("ip4-unicast", graph::ArcSide::rx, "ip4-input", "ip4-lookup");
    bench.add(std::make_shared<const Input>(interfaces, *slot, id));
}
void Net::add_lookup() {
    bench.add(std::make_shared<const Lookup>(table, forwarding));
}
void Net::add_rewrite() {
    const auto id = arc("ip4-output", graph::ArcSide::tx, "ip4-rewrite", "interface-output");
    bench.add(std::make_shared<const Rewrite>(table, forwarding, *slot, id));
}
void Net::add_local() {
    const auto id = arc("ip4-local", graph::ArcSide::rx, "ip4-local", "ip4-deliver");
    bench.add(std::make_shared<const Local>(table, forwarding, id));
}
void Net::add_deliver() {
    bench.add(std::make_shared<const Deliver>(local, *slot));
}
void Net::add_unreachable() {
    bench.add(std::make_shared<const Unreachable>(forwarding, *slot));
}
void Net::add_error(icmp4::Error::Limit limit) {
    bench.add(std::make_shared<const icmp4::Error>(interfaces, *slot, 1, limit));
}
void Net::add_icmp_input() {
    bench.add(std::make_shared<const icmp4::Input>(local));
}

void Net::start() {
    for (const std::string& end : ends_) {
        bench.collector(end);
    }
    const auto special = [&](const char* node, fib::Action action) {
        fib::Adjacency adjacency;
        adjacency.next = bench.collector(node);
        adjacency.action = action;
        return adjacency;
    };
    forwarding.set_no_route(special("ip4-unreachable", fib::Action::no_route));
    paths.local = forwarding.make(special("ip4-local", fib::Action::local));
    paths.blackhole = forwarding.make(special("ip4-unreachable", fib::Action::blackhole));
    paths.prohibit = forwarding.make(special("ip4-unreachable", fib::Action::prohibit));
    paths.unreachable = forwarding.make(special("ip4-unreachable", fib::Action::unreachable));
    paths.broadcast = forwarding.make(special("ip4-local", fib::Action::broadcast));
    next_hops = std::make_unique<fib::NextHops<wire::Ip4Address>>(
        forwarding, interfaces,
        fib::NextHops<wire::Ip4Address>::Nodes{bench.collector("ip4-resolve"),
                                               bench.collector("ip4-rewrite"),
                                               bench.collector("ip4-unreachable")});
    fib = std::make_unique<Fib>(table, *next_hops, paths);
    addresses = std::make_unique<Addresses>(interfaces, *fib);
    must(addresses->add("lan", wire::testing::prefix("10.0.0.1/24")));
    must(addresses->add("wan", wire::testing::prefix("10.1.0.1/24")));
    struct Neighbor {
        interface::Index interface;
        const char* ip;
        const char* mac;
    };
    for (const Neighbor& at :
         {Neighbor{lan, "10.0.0.2", host_mac}, Neighbor{wan, "10.1.0.2", router_mac}}) {
        const wire::Ip4Address ip = wire::testing::ip(at.ip);
        next_hops->acquire(at.interface, ip);
        next_hops->resolved(at.interface, ip, wire::testing::mac(at.mac));
        must(fib->add({ip, 32}, RouteSource::neighbor, {Via::Kind::next_hop, at.interface, ip}));
    }
    bench.build();
}

void Net::route(const std::string& prefix, const Via& via) {
    must(fib->add(wire::testing::prefix(prefix), RouteSource::configured, via));
}

void Net::append_segment(graph::Packet& packet, const Bytes& bytes) {
    graph::Packet* tail = bench.packet(bytes);
    if (rte_pktmbuf_chain(packet.mbuf(), tail->mbuf()) != 0) {
        throw std::runtime_error("too many segments");
    }
}

std::vector<graph::testing::Result> Net::run(const std::string& node, const Bytes& bytes,
                                             unsigned count, interface::Index from,
                                             const Change& change) {
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < count; ++i) {
        graph::Packet* packet = bench.packet(bytes, from);
        graph::Metadata& meta = packet->meta();
        meta.l3_offset = sizeof(wire::EthernetHeader);
        const auto* ip = wire::view<wire::Ip4Header>(packet->from_offset(meta.l3_offset));
        meta.l4_offset = uint16_t(meta.l3_offset + (ip == nullptr ? 0 : ip->header_length()));
        if (change) {
            change(*packet);
        }
        packets.push_back(packet);
    }
    return bench.run(node, packets);
}

void check(const std::function<std::unique_ptr<Net>()>& make, const std::string& node,
           const std::vector<Case>& cases) {
    for (const unsigned burst : graph::testing::Bench::bursts) {
        const auto net = make();
        for (const Case& one : cases) {
            SCOPED_TRACE(one.what + ", burst " + std::to_string(burst));
            const auto results = net->run(node, one.in, burst, one.from, one.change);
            ASSERT_EQ(results.size(), burst);
            for (const graph::testing::Result& result : results) {
                ASSERT_EQ(result.next, one.next);
                ASSERT_EQ(result.drop, one.drop);
                const Bytes& expected = one.out.empty() ? one.in : one.out;
                ASSERT_EQ(wire::testing::hex_dump(result.bytes), wire::testing::hex_dump(expected));
            }
        }
    }
}

Bytes without_ethernet(const Bytes& frame) {
    return Bytes(frame.begin() + sizeof(wire::EthernetHeader), frame.end());
}

}  // namespace vnet::ip4::testing
