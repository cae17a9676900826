// SPDX-License-Identifier: Apache-2.0
#include "perf/vlan_path.hpp"

#include <cstring>

#include "plugins/vlan/input.hpp"
#include "plugins/vlan/interfaces.hpp"
#include "plugins/vlan/tag_bytes.hpp"

namespace perf {

namespace {

using vnet::wire::EtherType;
using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;

constexpr vlan::Tag tag_in{EtherType::vlan, 10};
constexpr vlan::Tag tag_out{EtherType::vlan, 20};
constexpr Ip4Address gateway(10, 0, 4, 2);

/// The plugin's nodes with what they share; the graph keeps it.
struct VlanParts {
    VlanParts(vnet::Router& router, graph::ArcId arc)
        : tags(router.engine().rcu()),
          input(router.interfaces(), tags, arc),
          output(router.interfaces()) {}

    vlan::Tags tags;
    vlan::Input input;
    vlan::Output output;
    std::optional<vlan::Interfaces> interfaces;
};

absl::Status add_nodes(vnet::Router& router, const std::shared_ptr<VlanParts>& parts) {
    graph::Graph& graph = router.engine().graph();
    const auto output =
        graph.add<vlan::Output>(std::shared_ptr<const vlan::Output>(parts, &parts->output));
    absl::Status status = output.status();
    status.Update(
        graph.add<vlan::Input>(std::shared_ptr<const vlan::Input>(parts, &parts->input)).status());
    if (!status.ok()) {
        return status;
    }
    status.Update(router.ether_types().add(EtherType::vlan, std::string(vlan::Input::info.name),
                                           vnet::ethernet::Destination::any));
    for (const char* from : {"interface-output", "interface-tx"}) {
        graph.link(from, std::string(vlan::Output::info.name));
    }
    status.Update(router.engine().commit());
    parts->interfaces.emplace(router.interfaces(), parts->tags, parts->output, *output);
    return status;
}

absl::Status set_up_vlans(vnet::Router& router, const Ends&) {
    graph::ArcId arc = 0;
    while (router.engine().graph().arcs()[arc].spec.name != "device-input") {
        ++arc;
    }
    const auto parts = std::make_shared<VlanParts>(router, arc);
    absl::Status status = add_nodes(router, parts);
    if (!status.ok()) {
        return status;
    }
    auto& interfaces = router.interfaces();
    status.Update(parts->interfaces->add("in-vlan", "in", tag_in));
    status.Update(parts->interfaces->add("out-vlan", "out", tag_out));
    status.Update(interfaces.set_up("in-vlan", true));
    status.Update(interfaces.set_up("out-vlan", true));
    interfaces.poll_links();
    status.Update(router.addresses().add("in-vlan", Ip4Prefix(Ip4Address(10, 0, 3, 1), 24)));
    status.Update(router.addresses().add("out-vlan", Ip4Prefix(Ip4Address(10, 0, 4, 1), 24)));
    status.Update(router.neighbors().add_fixed(
        "out-vlan", gateway, vnet::wire::MacAddress::from_uint64(0x02fe00000004)));
    status.Update(router.fib().add(Ip4Prefix(Ip4Address(192, 0, 2, 0), 24),
                                   vnet::ip4::RouteSource::configured,
                                   {vnet::ip4::Via::Kind::next_hop, 0, gateway}));
    return status;
}

/// Where a driver would have laid the frame: its first byte stays where it is.
void add_tag(graph::Packet& packet, uint64_t) {
    const uint32_t length = packet.length();
    packet.resize(length + vlan::tag_bytes);
    std::memmove(packet.data() + vlan::tag_bytes, packet.data(), length);
    (void)packet.move_start(vlan::tag_bytes);
    (void)vlan::push_tag(packet, tag_in);
}

}  // namespace

Path vlan_path() {
    Path path;
    path.name = "vlan";
    path.meaning = "IPv4, 1 route, in by an 802.1Q VLAN and out by another";
    path.set_up = set_up_vlans;
    path.destinations = [] { return std::vector{Ip4Address(192, 0, 2, 1)}; };
    path.shape = add_tag;
    return path;
}

}  // namespace perf
