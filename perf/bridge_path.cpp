// SPDX-License-Identifier: Apache-2.0
#include "perf/bridge_path.hpp"

#include "plugins/bridge/flood.hpp"
#include "plugins/bridge/input.hpp"
#include "plugins/bridge/suppress.hpp"

namespace perf {

namespace {

using vnet::wire::MacAddress;

/// Any number of the bridge's own interface will do: nothing is for the router.
constexpr vnet::interface::Index bridge_index = 1000;

/// The plugin's nodes with what they share; the graph keeps it.
struct Parts {
    Parts(vnet::Router& router, graph::ArcId arc)
        : shared(router.engine()),
          input(router.interfaces(), shared, arc),
          suppress(router.interfaces(), shared, arc),
          flood(router.interfaces(), shared.ports, arc) {}

    bridge::Shared shared;
    bridge::Ports::Members members;
    bridge::Input input;
    bridge::Suppress suppress;
    bridge::Flood flood;
};

graph::ArcId device_input(const graph::Graph& graph) {
    graph::ArcId id = 0;
    while (graph.arcs()[id].spec.name != "device-input") {
        ++id;
    }
    return id;
}

template <class Node>
absl::Status add_node(graph::Graph& graph, const std::shared_ptr<Parts>& parts, const Node& node) {
    return graph.add<Node>(std::shared_ptr<const Node>(parts, &node)).status();
}

}  // namespace

MacAddress bridge_source(size_t number) {
    return MacAddress::from_uint64(0x0200'0000'0000 + number);
}
MacAddress bridge_destination(size_t number) {
    return MacAddress::from_uint64(0x0200'0100'0000 + number);
}

absl::Status set_up_bridge(vnet::Router& router, const Ends& ends, size_t stations) {
    graph::Graph& graph = router.engine().graph();
    const auto parts = std::make_shared<Parts>(router, device_input(graph));
    absl::Status status = add_node(graph, parts, parts->input);
    status.Update(add_node(graph, parts, parts->suppress));
    status.Update(add_node(graph, parts, parts->flood));
    status.Update(graph.add_feature(
        "device-input", {std::string(bridge::Input::info.name), {}, {"worker-handoff"}}));
    status.Update(router.engine().commit());
    if (!status.ok()) {
        return status;
    }
    parts->members = {ends.in, ends.out};
    parts->shared.ports.publish(bridge_index, &parts->members);
    for (const auto port : parts->members) {
        parts->shared.ports.set(port, bridge_index, {});
    }
    for (size_t number = 0; number < stations; ++number) {
        for (const auto& [mac, port] : {std::pair(bridge_source(number), ends.in),
                                        std::pair(bridge_destination(number), ends.out)}) {
            if (!parts->shared.stations.put(bridge::station(bridge_index, mac), port, false, 0)) {
                return absl::ResourceExhaustedError("the table of stations is full");
            }
        }
    }
    return absl::OkStatus();
}

namespace {

Path make_path(std::string_view name, std::string_view meaning, size_t stations) {
    Path path;
    path.name = name;
    path.meaning = meaning;
    path.set_up = [stations](vnet::Router& router, const Ends& ends) {
        return set_up_bridge(router, ends, stations);
    };
    path.destinations = [] { return std::vector{vnet::wire::Ip4Address(192, 0, 2, 1)}; };
    path.first_node = bridge::Input::info.name;
    path.macs = [stations] {
        Macs macs;
        for (size_t number = 0; number < stations; ++number) {
            macs.sources.push_back(bridge_source(number));
            macs.destinations.push_back(bridge_destination(number));
        }
        return macs;
    };
    return path;
}

}  // namespace

Path bridge_path() {
    return make_path("l2-bridge-1", "bridge, one station at each end", 1);
}

Path bridge_10k_path() {
    return make_path("l2-bridge-10k", "bridge, 10000 stations at each end, random pairs", 10'000);
}

}  // namespace perf
