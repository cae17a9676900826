// SPDX-License-Identifier: Apache-2.0
#include "perf/tunnel_path.hpp"

#include "perf/cross_connect_path.hpp"
#include "plugins/cross-connect/connections.hpp"
#include "plugins/geneve/tunnels.hpp"
#include "plugins/gre/encap.hpp"
#include "vnet/wire/gre.hpp"

namespace perf {

namespace {

namespace wire = vnet::wire;
using vnet::tunnel::PointToPoint;
using wire::Ip4Address;
using wire::Ip4Prefix;

constexpr Ip4Address tunnel_far_end(198, 51, 100, 7);

PointToPoint::Parts parts_of(vnet::Router& router) {
    return {router.engine(), router.interfaces(), router.tunnels()};
}
PointToPoint::Spec spec_to_far_end() {
    PointToPoint::Spec spec;
    spec.ends = vnet::tunnel::Ends<Ip4Address>{Ip4Address(10, 0, 2, 1), tunnel_far_end};
    return spec;
}

/// Adds the node that `parts` keeps and that puts packets into tunnels, with a route to their other
/// end.
template <class Node>
absl::StatusOr<graph::NodeId> add_encap(vnet::Router& router, std::shared_ptr<const Node> node) {
    graph::Graph& graph = router.engine().graph();
    const auto id = graph.add<Node>(std::move(node));
    const std::string name(Node::info.name);
    for (const char* from : {"interface-output", "interface-tx"}) {
        graph.link(from, name);
    }
    for (const char* to : {"interface-output", "ip4-rewrite", "ip4-resolve", "ip4-load-balance"}) {
        graph.link(name, to);
    }
    absl::Status status = id.status();
    status.Update(router.engine().commit());
    status.Update(router.fib().add(Ip4Prefix(tunnel_far_end, 32),
                                   vnet::ip4::RouteSource::configured,
                                   {vnet::ip4::Via::Kind::next_hop, 0, out_gateway}));
    return status.ok() ? id : status;
}

/// Sets the interface "tunnel" up.
absl::Status set_up_tunnel(vnet::Router& router) {
    const absl::Status status = router.interfaces().set_up("tunnel", true);
    router.interfaces().poll_links();
    return status;
}

absl::Status join_geneve(vnet::Router& router, const Ends&) {
    struct GeneveParts {
        explicit GeneveParts(vnet::Router& router)
            : tunnels(parts_of(router)),
              encap(router.tunnels().exits, tunnels.links, tunnels.options) {}
        geneve::Tunnels tunnels;
        geneve::Encap encap;
    };
    const auto parts = std::make_shared<GeneveParts>(router);
    const auto node = add_encap(router, std::shared_ptr<const geneve::Encap>(parts, &parts->encap));
    if (!node.ok()) {
        return node.status();
    }
    parts->tunnels.links.set_tx_node(*node);
    PointToPoint::Spec spec = spec_to_far_end();
    spec.mac = wire::MacAddress::from_uint64(0x02fe00000009);
    absl::Status status = parts->tunnels.add("tunnel", 100, "", false, std::move(spec));
    status.Update(set_up_tunnel(router));
    status.Update(status.ok() ? cross_connect(router, "in", "tunnel") : status);
    return status;
}

/// Packets to a network behind the tunnel.
template <class Node>
absl::Status route_into(vnet::Router& router, const char* kind,
                        std::vector<PointToPoint::Behind> behind) {
    struct KindParts {
        KindParts(vnet::Router& router, const char* kind)
            : tunnels(parts_of(router), kind, PointToPoint::Layouts::by_family),
              encap(router.tunnels().exits, tunnels) {}
        PointToPoint tunnels;
        Node encap;
    };
    const auto parts = std::make_shared<KindParts>(router, kind);
    const auto node = add_encap(router, std::shared_ptr<const Node>(parts, &parts->encap));
    if (!node.ok()) {
        return node.status();
    }
    parts->tunnels.set_tx_node(*node);
    PointToPoint::Spec spec = spec_to_far_end();
    spec.behind = std::move(behind);
    const auto index = parts->tunnels.add("tunnel", std::move(spec));
    absl::Status status = index.status();
    status.Update(set_up_tunnel(router));
    if (status.ok()) {
        status = router.fib().add(Ip4Prefix(Ip4Address(192, 0, 2, 0), 24),
                                  vnet::ip4::RouteSource::configured,
                                  {vnet::ip4::Via::Kind::connected, *index});
    }
    return status;
}

absl::Status route_into_gre(vnet::Router& router, const Ends&) {
    const auto header = [](wire::EtherType type) {
        const wire::GreHeader gre{wire::Be16(), wire::to_be(type)};
        const auto bytes = wire::bytes_of(gre);
        return PointToPoint::Behind{wire::IpProtocol::gre, {bytes.begin(), bytes.end()}};
    };
    return route_into<gre::GreEncap>(router, "gre",
                                     {header(wire::EtherType::ip4), header(wire::EtherType::ip6)});
}

absl::Status route_into_ipip(vnet::Router& router, const Ends&) {
    return route_into<gre::IpipEncap>(router, "ipip",
                                      {{wire::IpProtocol::ipip, {}}, {wire::IpProtocol::ip6, {}}});
}

}  // namespace

std::vector<Path> tunnel_paths() {
    Path path;
    path.destinations = [] { return std::vector{Ip4Address(192, 0, 2, 1)}; };
    Path joined = path;
    joined.name = "geneve-encap";
    joined.meaning = "cross-connected into a Geneve tunnel";
    joined.set_up = join_geneve;
    joined.first_node = ::cross_connect::Connect::info.name;
    Path in_gre = path;
    in_gre.name = "gre-encap";
    in_gre.meaning = "routed into a GRE tunnel";
    in_gre.set_up = route_into_gre;
    Path in_ipip = path;
    in_ipip.name = "ipip-encap";
    in_ipip.meaning = "routed into an ipip tunnel";
    in_ipip.set_up = route_into_ipip;
    return {joined, in_gre, in_ipip};
}

}  // namespace perf
