// SPDX-License-Identifier: Apache-2.0
#include "perf/feature_paths.hpp"

#include "plugins/mss-clamp/nodes.hpp"
#include "plugins/policy-routing/node.hpp"
#include "plugins/qos/node.hpp"
#include "plugins/urpf/node.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/tcp.hpp"

#include <rte_cycles.h>

namespace perf {

namespace {

namespace wire = vnet::wire;
using vnet::ip4::RouteSource;
using vnet::ip4::Via;
using wire::Ip4Address;
using wire::Ip4Prefix;

constexpr size_t rules = 100;

Ip4Prefix far_network() {
    return {Ip4Address(192, 0, 2, 0), 24};
}
Via out_way() {
    return {Via::Kind::next_hop, 0, out_gateway};
}

/// A path of packets to one far host.
Path make_path(std::string_view name, std::string_view meaning,
               std::function<absl::Status(vnet::Router&, const Ends&)> set_up) {
    Path path;
    path.name = name;
    path.meaning = meaning;
    path.set_up = std::move(set_up);
    path.destinations = [] { return std::vector{Ip4Address(192, 0, 2, 1)}; };
    return path;
}

/// Adds a plugin's node, which `parts` keeps, on its arc.
template <class Node, class Parts>
absl::Status add_feature(vnet::Router& router, const std::shared_ptr<Parts>& parts,
                         const Node& node, const char* arc, const char* behind = nullptr) {
    graph::Graph& graph = router.engine().graph();
    absl::Status status = graph.add<Node>(std::shared_ptr<const Node>(parts, &node)).status();
    graph::FeatureSpec feature{std::string(Node::info.name), {}, {}};
    if (behind != nullptr) {
        feature.after.emplace_back(behind);
    }
    status.Update(graph.add_feature(arc, std::move(feature)));
    return status;
}

/// Commits the graph, and turns a feature on.
template <class Node>
absl::Status turn_on(vnet::Router& router, const char* arc, vnet::interface::Index interface) {
    absl::Status status = router.engine().commit();
    status.Update(
        router.engine().graph().set_feature(arc, std::string(Node::info.name), interface, true));
    return status;
}

absl::Status set_up_policy(vnet::Router& router, const Ends& ends) {
    using Node = policy_routing::Ip4Policy;
    struct Parts {
        explicit Parts(vnet::Router& router)
            : node(router.ip4().tables, router.forwarding(), router.fragments().ports_slot()) {}
        Node node;
        policy_routing::RuleList<policy_routing::Ip4> list;
    };
    const auto parts = std::make_shared<Parts>(router);
    absl::Status status = add_feature(router, parts, parts->node, policy_routing::Ip4::arc,
                                      policy_routing::Ip4::ports_node);
    for (const char* end : policy_routing::Ip4::ends) {
        router.engine().graph().link(policy_routing::Ip4::node, end);
    }
    const auto counts = std::make_shared<policy_routing::Counts>(router.engine().contexts());
    for (size_t number = 1; number <= rules; ++number) {
        policy_routing::Match<policy_routing::Ip4> match;
        match.from = number == rules ? Ip4Prefix(Ip4Address(10, 0, 1, 0), 24)
                                     : Ip4Prefix(Ip4Address(10, 7, uint8_t(number), 0), 24);
        parts->list.rules.push_back(
            {uint32_t(number), match, router.fib().acquire(out_way()), counts});
    }
    parts->node.set(ends.in, &parts->list);
    status.Update(turn_on<Node>(router, policy_routing::Ip4::arc, ends.in));
    return status;
}

absl::Status set_up_urpf(vnet::Router& router, const Ends& ends) {
    using Node = urpf::SourceCheck<vnet::ip4::Family>;
    constexpr const char* arc = urpf::Words<vnet::ip4::Family>::arc;
    struct Parts {
        explicit Parts(vnet::Router& router)
            : modes(router.engine().contexts()),
              node(modes, router.ip4().tables, router.forwarding()) {}
        urpf::Modes modes;
        Node node;
    };
    const auto parts = std::make_shared<Parts>(router);
    parts->modes.set(ends.in, {urpf::Mode::strict, true});
    absl::Status status = add_feature(router, parts, parts->node, arc);
    status.Update(turn_on<Node>(router, arc, ends.in));
    status.Update(router.fib().add(far_network(), RouteSource::configured, out_way()));
    return status;
}

absl::Status set_up_mss_clamp(vnet::Router& router, const Ends& ends) {
    using mss_clamp::Ip4;
    struct Parts {
        explicit Parts(vnet::Router& router)
            : limits(router.engine().contexts(), router.interfaces()), rx(limits), tx(limits) {}
        mss_clamp::Limits limits;
        mss_clamp::Ip4Rx rx;
        mss_clamp::Ip4Tx tx;
    };
    const auto parts = std::make_shared<Parts>(router);
    for (const auto interface : {ends.in, ends.out}) {
        parts->limits.set(interface, {});
    }
    absl::Status status = add_feature(router, parts, parts->rx, Ip4::unicast_arc);
    status.Update(add_feature(router, parts, parts->tx, Ip4::output_arc));
    status.Update(turn_on<mss_clamp::Ip4Rx>(router, Ip4::unicast_arc, ends.in));
    status.Update(turn_on<mss_clamp::Ip4Tx>(router, Ip4::output_arc, ends.out));
    status.Update(router.fib().add(far_network(), RouteSource::configured, out_way()));
    return status;
}

/// Makes a TCP segment of what was UDP.
void make_tcp(graph::Packet& packet, uint64_t) {
    constexpr uint32_t l3 = sizeof(wire::EthernetHeader);
    auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(l3));
    auto* tcp = wire::view<wire::TcpHeader>(packet.from_offset(l3 + sizeof(wire::Ip4Header)));
    ip->protocol_number = uint8_t(wire::IpProtocol::tcp);
    ip->checksum = wire::Be16(0);
    ip->checksum = wire::ip4_header_checksum(*ip);
    *tcp = wire::TcpHeader{};
    tcp->source_port = wire::Be16(1024);
    tcp->destination_port = wire::Be16(80);
    tcp->flag_bits = uint8_t(wire::TcpFlags::ack);
}

/// A node of plugins/qos and what it does.
template <class Node>
struct QosParts {
    explicit QosParts(vnet::Router& router) : node(router.fragments().ports_slot(), 1) {}
    Node node;
    typename Node::StageOf stage;
};
/// Has it do that with packets of an interface.
template <class Node>
absl::Status add_qos(vnet::Router& router, const std::shared_ptr<QosParts<Node>>& parts,
                     vnet::interface::Index interface) {
    parts->node.set(interface, &parts->stage);
    absl::Status status = add_feature(router, parts, parts->node, Node::arc);
    status.Update(turn_on<Node>(router, Node::arc, interface));
    return status;
}

absl::Status set_up_policer(vnet::Router& router, const Ends& ends) {
    const auto parts = std::make_shared<QosParts<qos::Ip4Input>>(router);
    qos::Policer::Setting setting;
    setting.terms = {vnet::meter::Kind::two_rate,
                     vnet::meter::Unit::bytes,
                     false,
                     vnet::meter::most_bytes_per_second / 2,
                     vnet::meter::most_burst,
                     vnet::meter::most_bytes_per_second,
                     vnet::meter::most_burst};
    setting.actions[2].drops = true;
    parts->stage.policer =
        std::make_shared<qos::Policer>(setting, router.engine().contexts(), rte_get_tsc_hz());
    absl::Status status = add_qos(router, parts, ends.in);
    status.Update(router.fib().add(far_network(), RouteSource::configured, out_way()));
    return status;
}

absl::Status set_up_qos_mark(vnet::Router& router, const Ends& ends) {
    const auto input = std::make_shared<QosParts<qos::Ip4Input>>(router);
    input->stage.records = true;
    input->stage.trust = qos::Trust::dscp;
    input->stage.recorded = qos::usual(qos::MapKind::dscp_to_class);
    const auto output = std::make_shared<QosParts<qos::Ip4Output>>(router);
    output->stage.marks_dscp = true;
    output->stage.dscp = qos::usual(qos::MapKind::class_to_dscp);
    output->stage.dscp[0] = 10;
    absl::Status status = add_qos(router, input, ends.in);
    status.Update(add_qos(router, output, ends.out));
    status.Update(router.fib().add(far_network(), RouteSource::configured, out_way()));
    return status;
}

absl::Status set_up_qos_rules(vnet::Router& router, const Ends& ends) {
    constexpr size_t many = 1000;
    const auto parts = std::make_shared<QosParts<qos::Ip4Input>>(router);
    std::vector<vnet::classify::Rule<vnet::classify::Ip4>> all(many);
    const auto counts = std::make_shared<qos::RuleCounts>(router.engine().contexts());
    for (size_t i = 0; i < many; ++i) {
        all[i].from =
            i + 1 == many
                ? Ip4Prefix(Ip4Address(10, 0, 1, 0), 24)
                : Ip4Prefix(Ip4Address(10, uint8_t(1 + i / 250), uint8_t(i % 250), 0), 24);
        all[i].to = Ip4Prefix(Ip4Address(192, 0, 0, 0), 16);
        all[i].protocol = uint8_t(wire::IpProtocol::udp);
        all[i].destination_ports = wire::PortRange{uint16_t(i), 65535};
        parts->stage.deeds.push_back(
            {uint32_t(i + 1), 0, graph::treatment::classified | 46, nullptr, counts});
    }
    auto compiled = vnet::classify::Classifier<vnet::classify::Ip4>::compile(all);
    if (!compiled.ok()) {
        return compiled.status();
    }
    parts->stage.rules = *std::move(compiled);
    absl::Status status = add_qos(router, parts, ends.in);
    status.Update(router.fib().add(far_network(), RouteSource::configured, out_way()));
    return status;
}

absl::Status set_up_vrf(vnet::Router& router, const Ends& ends) {
    const auto other = router.vrfs().add("other");
    if (!other.ok()) {
        return other.status();
    }
    absl::Status status =
        router.fib().add(far_network(), RouteSource::configured, Via::look_up(*other));
    // The interface is of the default VRF, so that it has to be named.
    status.Update(router.ip4().fibs->of(*other).add(far_network(), RouteSource::configured,
                                                    {Via::Kind::next_hop, ends.out, out_gateway}));
    return status;
}

}  // namespace

Path policy_path() {
    return make_path("ip4-policy", "IPv4, sent by the last of 100 rules", set_up_policy);
}

Path urpf_path() {
    return make_path("ip4-urpf", "IPv4, 1 route, the way back checked strictly", set_up_urpf);
}

Path mss_clamp_path() {
    Path path = make_path("ip4-mss-clamp", "IPv4, 1 route, TCP segments, MSS clamped in and out",
                          set_up_mss_clamp);
    path.shape = make_tcp;
    return path;
}

Path policer_path() {
    return make_path("policer", "IPv4, 1 route, a two-rate policer in which all conform",
                     set_up_policer);
}

Path qos_mark_path() {
    return make_path("qos-mark", "IPv4, 1 route, class by DSCP, and another DSCP by class",
                     set_up_qos_mark);
}

Path qos_rules_path() {
    return make_path("qos-rules", "IPv4, 1 route, class by one of 1000 rules", set_up_qos_rules);
}

Path vrf_path() {
    return make_path("vrf-lookup", "IPv4, 1 route to another VRF and 1 there", set_up_vrf);
}

}  // namespace perf
