// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "vnet/fib/testing/net.hpp"

/// The bodies of Net's members, for the one source file a family that instantiates it.
namespace vnet::fib::testing {

inline void must(const absl::Status& status) {
    if (!status.ok()) {
        throw std::runtime_error(std::string(status.message()));
    }
}
template <class T>
T must(absl::StatusOr<T> value) {
    must(value.status());
    return std::move(*value);
}
inline std::unique_ptr<graph::Engine> make_engine() {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 1024;
    return must(graph::Engine::create(options));
}

template <class Kit>
Net<Kit>::Net()
    : engine(make_engine()),
      interfaces(*engine),
      forwarding(engine->rcu()),
      tables(engine->rcu(), interfaces),
      table(tables.make(interface::default_vrf)),
      slot(must(bench.slots().place<ErrorRequest>(Kit::icmp + std::string("-error")))) {
    for (const auto& [name, mac] : {std::pair("lan", lan_mac), std::pair("wan", wan_mac)}) {
        auto state = std::make_shared<interface::testing::FakeState>();
        state->mac = wire::testing::mac(mac);
        devices.push_back(state);
        must(interfaces.add(name, interface::testing::FakeDevice::maker(state)).status());
        must(interfaces.set_up(name, true));
    }
}

template <class Kit>
Net<Kit>::~Net() {
    interfaces.remove_all();
    more = {};
    addresses.reset();
    fibs.reset();
    next_hops.reset();
}

template <class Kit>
graph::ArcId Net<Kit>::arc(const std::string& name, graph::ArcSide side, const std::string& start,
                           const std::string& end) {
    ends_.push_back(end);
    return must(bench.graph().add_arc({name, side, {start}, end}));
}

template <class Kit>
void Net<Kit>::add_input() {
    bench.add(Kit::input(
        *this, arc(of_ip("unicast"), graph::ArcSide::rx, of_ip("input"), of_ip("lookup"))));
}
template <class Kit>
void Net<Kit>::add_lookup() {
    bench.add(std::make_shared<const typename Kit::Lookup>(tables, forwarding));
}
template <class Kit>
void Net<Kit>::add_rewrite() {
    bench.add(Kit::rewrite(
        *this, arc(of_ip("output"), graph::ArcSide::tx, of_ip("rewrite"), "interface-output")));
}
template <class Kit>
void Net<Kit>::add_local() {
    bench.add(Kit::local(
        *this, arc(of_ip("local"), graph::ArcSide::rx, of_ip("local"), of_ip("deliver"))));
}
template <class Kit>
void Net<Kit>::add_deliver() {
    bench.add(std::make_shared<const typename Kit::Deliver>(local, *slot));
}
template <class Kit>
void Net<Kit>::add_unreachable() {
    bench.add(std::make_shared<const typename Kit::Unreachable>(forwarding, *slot));
}
template <class Kit>
void Net<Kit>::add_error(typename IcmpError::Limit limit) {
    bench.add(Kit::error(*this, limit));
}
template <class Kit>
void Net<Kit>::add_icmp_input() {
    bench.add(Kit::icmp_input(*this));
}

template <class Kit>
void Net<Kit>::start() {
    for (const std::string& end : ends_) {
        bench.collector(end);
    }
    const auto special = [&](const char* node, Action action) {
        Adjacency adjacency;
        adjacency.next = bench.collector(of_ip(node));
        adjacency.action = action;
        return adjacency;
    };
    forwarding.set_no_route(special("unreachable", Action::no_route));
    paths.local = forwarding.make(special("local", Action::local));
    paths.blackhole = forwarding.make(special("unreachable", Action::blackhole));
    paths.prohibit = forwarding.make(special("unreachable", Action::prohibit));
    paths.unreachable = forwarding.make(special("unreachable", Action::unreachable));
    paths.broadcast = forwarding.make(special("local", Action::broadcast));
    next_hops = std::make_unique<NextHops<Address>>(
        forwarding, interfaces,
        typename NextHops<Address>::Nodes{bench.collector(of_ip("resolve")),
                                          bench.collector(of_ip("rewrite")),
                                          bench.collector(of_ip("unreachable"))});
    fibs = std::make_unique<Fibs<Family>>(
        tables, forwarding, *next_hops,
        typename Fibs<Family>::Ends{paths, bench.collector(of_ip("lookup-vrf"))});
    fib = &fibs->of(interface::default_vrf);
    addresses = std::make_unique<Addresses<Family>>(interfaces, *fibs);
    Kit::before_addresses(*this);
    must(addresses->add("lan", Kit::prefix(Kit::lan_network)));
    must(addresses->add("wan", Kit::prefix(Kit::wan_network)));
    Kit::behind_addresses(*this);
    neighbor(lan, Kit::host, host_mac);
    neighbor(wan, Kit::gateway, router_mac);
    bench.build();
}

template <class Kit>
void Net<Kit>::neighbor(interface::Index interface, const std::string& address,
                        const std::string& mac) {
    const Address ip = Kit::address(address);
    next_hops->acquire(interface, ip);
    next_hops->resolved(interface, ip, wire::testing::mac(mac));
    must(fib->add({Family::scoped(ip, interface), Family::Prefix::longest}, RouteSource::neighbor,
                  {Via<Address>::Kind::next_hop, interface, ip}));
}

template <class Kit>
void Net<Kit>::route(const std::string& prefix, const Via<Address>& via) {
    must(fib->add(Kit::prefix(prefix), RouteSource::configured, via));
}

template <class Kit>
void Net<Kit>::append_segment(graph::Packet& packet, const Bytes& bytes) {
    graph::Packet* tail = bench.packet(bytes);
    if (rte_pktmbuf_chain(packet.mbuf(), tail->mbuf()) != 0) {
        throw std::runtime_error("too many segments");
    }
}

template <class Kit>
std::vector<graph::testing::Result> Net<Kit>::run(const std::string& node, const Bytes& bytes,
                                                  unsigned count, interface::Index from,
                                                  const Change& change) {
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < count; ++i) {
        graph::Packet* packet = bench.packet(bytes, from);
        graph::Metadata& meta = packet->meta();
        meta.l3_offset = sizeof(wire::EthernetHeader);
        meta.l4_offset =
            uint16_t(meta.l3_offset + Kit::header_length(packet->from_offset(meta.l3_offset)));
        if (change) {
            change(*packet);
        }
        packets.push_back(packet);
    }
    return bench.run(node, packets);
}

template <class Kit>
void check(const std::function<std::unique_ptr<Net<Kit>>()>& make, const std::string& node,
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

}  // namespace vnet::fib::testing
