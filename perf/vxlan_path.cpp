// SPDX-License-Identifier: Apache-2.0
#include "perf/vxlan_path.hpp"

#include <cstring>

#include "perf/bridge_path.hpp"
#include "perf/cross_connect_path.hpp"
#include "plugins/bridge/input.hpp"
#include "plugins/cross-connect/connections.hpp"
#include "plugins/vxlan/decap.hpp"
#include "plugins/vxlan/encap.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/vxlan.hpp"

namespace perf {

namespace {

namespace wire = vnet::wire;
using vnet::tunnel::Ends;
using vnet::tunnel::PointToPoint;
using wire::Ip4Address;
using wire::Ip4Prefix;

constexpr uint32_t vni = 100;
/// The other end: behind `out`, or where packets come from by `in`.
constexpr Ip4Address vxlan_far_end(198, 51, 100, 7);
constexpr Ip4Address vxlan_near_end(10, 0, 1, 2);

/// The plugin's nodes with their tunnels; the graph keeps it.
struct VxlanParts {
    VxlanParts(vnet::Router& router, graph::ArcId arc)
        : tunnels({router.engine(), router.interfaces(), router.tunnels()}, "vxlan",
                  PointToPoint::Layouts::one),
          segments(router.engine().rcu(), 1),
          encap(router.tunnels().exits, tunnels),
          decap(router.interfaces(), tunnels, segments, arc) {}

    PointToPoint tunnels;
    vxlan::SegmentTables segments;
    vxlan::Encap encap;
    vxlan::Decap<vnet::ip4::Family> decap;
};

graph::ArcId arc_of_frames(const graph::Graph& graph) {
    graph::ArcId id = 0;
    while (graph.arcs()[id].spec.name != "device-input") {
        ++id;
    }
    return id;
}

/// A tunnel "tunnel", up.
absl::StatusOr<vnet::interface::Index> add_tunnel(vnet::Router& router, Ip4Address own,
                                                  Ip4Address other) {
    graph::Graph& graph = router.engine().graph();
    const auto parts = std::make_shared<VxlanParts>(router, arc_of_frames(graph));
    const auto encap =
        graph.add<vxlan::Encap>(std::shared_ptr<const vxlan::Encap>(parts, &parts->encap));
    using Decap = vxlan::Decap<vnet::ip4::Family>;
    const auto decap = graph.add<Decap>(std::shared_ptr<const Decap>(parts, &parts->decap));
    absl::Status status = encap.status();
    status.Update(decap.status());
    if (!status.ok()) {
        return status;
    }
    graph.link("interface-output", "vxlan-encap");
    graph.link("interface-tx", "vxlan-encap");
    graph.link("tunnel4-input", "vxlan4-decap");
    for (const char* to : {"interface-output", "ip4-rewrite", "ip4-resolve", "ip4-load-balance"}) {
        graph.link("vxlan-encap", to);
    }
    status = router.engine().commit();
    status.Update(router.tunnels().ip4.decaps.take_udp_port(wire::VxlanHeader::port, *decap));
    if (!status.ok()) {
        return status;
    }
    parts->tunnels.set_tx_node(*encap);
    PointToPoint::Spec spec;
    spec.ends = Ends<Ip4Address>{own, other};
    spec.number = vxlan::number_of(wire::VxlanHeader::port, vni);
    spec.behind = {{wire::IpProtocol::udp, vxlan::header(wire::VxlanHeader::port, vni)}};
    spec.mac = wire::MacAddress::from_uint64(0x02fe00000009);
    const auto index = parts->tunnels.add("tunnel", std::move(spec));
    if (index.ok()) {
        status = router.interfaces().set_up("tunnel", true);
        router.interfaces().poll_links();
    }
    return status.ok() ? index : status;
}

absl::StatusOr<vnet::interface::Index> add_far_tunnel(vnet::Router& router) {
    const absl::Status status =
        router.fib().add(Ip4Prefix(vxlan_far_end, 32), vnet::ip4::RouteSource::configured,
                         {vnet::ip4::Via::Kind::next_hop, 0, out_gateway});
    return status.ok() ? add_tunnel(router, Ip4Address(10, 0, 2, 1), vxlan_far_end) : status;
}

absl::Status join_tunnel(vnet::Router& router, const perf::Ends&) {
    const auto tunnel = add_far_tunnel(router);
    return tunnel.ok() ? cross_connect(router, "in", "tunnel") : tunnel.status();
}

absl::Status bridge_into_tunnel(vnet::Router& router, const perf::Ends& ends) {
    const auto tunnel = add_far_tunnel(router);
    return tunnel.ok() ? set_up_bridge(router, {ends.in, *tunnel}, 1) : tunnel.status();
}

absl::Status bridge_out_of_tunnel(vnet::Router& router, const perf::Ends& ends) {
    const auto tunnel = add_tunnel(router, Ip4Address(10, 0, 1, 1), vxlan_near_end);
    if (!tunnel.ok()) {
        return tunnel.status();
    }
    absl::Status status = set_up_bridge(router, {*tunnel, ends.out}, 1);
    // Where frames come out that nobody hands to the bridge.
    status.Update(router.engine().graph().set_feature(
        "device-input", std::string(bridge::Input::info.name), *tunnel, true));
    return status;
}

/// What is in front of a frame in an outer packet.
struct OuterHeaders {
    wire::EthernetHeader ethernet;
    wire::Ip4Header ip;
    wire::UdpHeader udp;
    wire::VxlanHeader vxlan;
};

/// Puts a frame to the router into a tunnel to it, and addresses the frame to a station.
void wrap(graph::Packet& packet, uint64_t) {
    OuterHeaders outer;
    auto& inner = *wire::view<wire::EthernetHeader>(packet.bytes());
    outer.ethernet = inner;
    outer.ip.source = vxlan_near_end;
    outer.ip.destination = Ip4Address(10, 0, 1, 1);
    outer.ip.ttl = 64;
    outer.ip.protocol_number = uint8_t(wire::IpProtocol::udp);
    outer.udp.source_port = wire::Be16(50000);
    outer.udp.destination_port = wire::Be16(wire::VxlanHeader::port);
    const uint32_t ip_length = packet.length() + sizeof outer - sizeof outer.ethernet;
    outer.ip.total_length = wire::Be16(uint16_t(ip_length));
    outer.udp.length = wire::Be16(uint16_t(ip_length - sizeof outer.ip));
    outer.ip.checksum = wire::ip4_header_checksum(outer.ip);
    outer.vxlan = wire::VxlanHeader::make(vni);
    inner.source = bridge_source(0);
    inner.destination = bridge_destination(0);
    (void)packet.move_start(-int(sizeof outer));
    std::memcpy(packet.data(), &outer, sizeof outer);
}

}  // namespace

std::vector<Path> vxlan_paths() {
    Path path;
    path.destinations = [] { return std::vector{Ip4Address(192, 0, 2, 1)}; };
    path.name = "vxlan-encap";
    path.meaning = "cross-connected into a VXLAN tunnel";
    path.set_up = join_tunnel;
    path.first_node = ::cross_connect::Connect::info.name;
    Path bridged = path;
    bridged.name = "vxlan-encap-bridge";
    bridged.meaning = "bridged into a VXLAN tunnel";
    bridged.set_up = bridge_into_tunnel;
    bridged.first_node = bridge::Input::info.name;
    bridged.macs = [] { return Macs{{bridge_source(0)}, {bridge_destination(0)}}; };
    Path out = path;
    out.name = "vxlan-decap-bridge";
    out.meaning = "out of a VXLAN tunnel into a bridge";
    out.set_up = bridge_out_of_tunnel;
    out.first_node = "ethernet-input";
    out.shape = wrap;
    return {path, bridged, out};
}

}  // namespace perf
