// SPDX-License-Identifier: Apache-2.0
#include "perf/fragment_path.hpp"

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace perf {

namespace {

namespace wire = vnet::wire;
using wire::Ip4Address;
using wire::Ip4Prefix;

/// Where the generator's datagrams go.
constexpr uint16_t port = 9;
constexpr uint32_t small_mtu = 1280;

absl::Status add_route(vnet::Router& router) {
    return router.fib().add(Ip4Prefix(Ip4Address(192, 0, 2, 0), 24),
                            vnet::ip4::RouteSource::configured,
                            {vnet::ip4::Via::Kind::next_hop, 0, out_gateway});
}

/// Takes what is whole.
struct Sink {
    static constexpr auto info = graph::node("bench-sink");
    graph::Hop operator()(graph::Packet& packet) const noexcept {
        graph::free_packet(&packet);
        return graph::Hop::consumed();
    }
};

absl::Status listen(vnet::Router& router) {
    graph::Graph& graph = router.engine().graph();
    const auto sink = graph.add<Sink>(std::make_shared<const Sink>());
    absl::Status status = sink.status();
    if (status.ok()) {
        graph.link("ip4-deliver", std::string(Sink::info.name));
        status.Update(router.engine().commit());
        status.Update(router.local().register_udp_port(graph, port, *sink));
    }
    return status;
}

/// Packets with even numbers are the first part of a datagram, those behind them the rest.
void make_fragment(graph::Packet& packet, uint64_t number) {
    constexpr uint32_t l3 = sizeof(wire::EthernetHeader);
    auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(l3));
    const auto payload = uint32_t(packet.length() - l3 - sizeof(wire::Ip4Header)) & ~7U;
    const bool first = number % 2 == 0;
    packet.resize(l3 + sizeof(wire::Ip4Header) + payload);
    ip->total_length = wire::Be16(uint16_t(sizeof(wire::Ip4Header) + payload));
    ip->identification = wire::Be16(uint16_t(number / 2));
    ip->set_fragment(first ? 0 : payload, first);
    ip->checksum = wire::Be16(0);
    ip->checksum = wire::ip4_header_checksum(*ip);
}

}  // namespace

Path fragment_path() {
    Path path;
    path.name = "ip4-fragment";
    path.meaning = "IPv4, 1500 bytes, cut in two for an MTU of 1280";
    path.set_up = [](vnet::Router& router, const Ends&) {
        absl::Status status = router.interfaces().set_mtu("out", small_mtu);
        status.Update(add_route(router));
        return status;
    };
    path.destinations = [] { return std::vector{Ip4Address(192, 0, 2, 1)}; };
    path.size = 1514;
    return path;
}

Path reassemble_path() {
    Path path;
    path.name = "ip4-reassemble";
    path.meaning = "IPv4 for the router itself, datagrams in two parts of 1500 bytes";
    path.set_up = [](vnet::Router& router, const Ends&) { return listen(router); };
    path.destinations = [] { return std::vector{Ip4Address(10, 0, 1, 1)}; };
    path.size = 1514;
    path.shape = make_fragment;
    return path;
}

Path virtual_reassembly_path() {
    Path path;
    path.name = "ip4-virtual-reassembly";
    path.meaning = "IPv4, 1 route, whole packets whose ports are asked for";
    path.set_up = [](vnet::Router& router, const Ends& ends) {
        auto use = router.fragments().use_ports(ends.in);
        absl::Status status = use.status();
        status.Update(add_route(router));
        if (use.ok()) {
            // For as long as the router lives.
            router.interfaces().observe(
                [held = *std::move(use)](const auto&, vnet::interface::Change) {});
        }
        return status;
    };
    path.destinations = [] { return std::vector{Ip4Address(192, 0, 2, 1)}; };
    return path;
}

}  // namespace perf
