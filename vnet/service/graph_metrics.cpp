// SPDX-License-Identifier: Apache-2.0
#include <rte_cycles.h>

#include <map>

#include "vnet/service/metrics.hpp"

namespace vnet::service {

using api::metrics::Kind;
using api::metrics::Samples;

namespace {

/// A plugin that is loaded again has new ids under the old names: what a name counts is the sum of
/// all ids that ever had it, so that it never goes down.
std::map<std::string, uint64_t> by_name(const graph::Engine& engine, const graph::Graph& graph,
                                        uint64_t graph::NodeTotals::*field) {
    std::map<std::string, uint64_t> sums;
    for (const graph::Graph::Node& node : graph.nodes()) {
        sums[node.spec.name] += engine.lifetime_totals(node.id).*field;
    }
    return sums;
}

void add_nodes(MetricsAdder& metrics, graph::Engine& engine) {
    const auto add = [&](const char* name, const char* unit, const char* help,
                         uint64_t graph::NodeTotals::*field) {
        metrics.add({name, Kind::counter, unit, help, {"node"}},
                    [&engine, field](Samples& samples) {
                        for (const auto& [node, sum] : by_name(engine, engine.graph(), field)) {
                            samples.add({node}, sum);
                        }
                    });
    };
    add("sluice_node_calls", "", "Vectors that a node has worked on.", &graph::NodeTotals::calls);
    add("sluice_node_packets", "packets", "Packets that a node has seen.",
        &graph::NodeTotals::packets);
    add("sluice_node_clocks", "clocks", "TSC clocks spent in a node, dispatch included.",
        &graph::NodeTotals::clocks);
    add("sluice_node_overflow_packets", "packets",
        "Packets dropped in front of a node because its worker had no free frame.",
        &graph::NodeTotals::overflow);
}

}  // namespace

absl::Status add_graph_metrics(api::Registry& registry, Router& router) {
    MetricsAdder metrics(registry, "graph");
    graph::Engine& engine = router.engine();
    add_nodes(metrics, engine);
    metrics.add({"sluice_drop_packets",
                 Kind::counter,
                 "packets",
                 "Dropped packets by the node that dropped them and its reason.",
                 {"node", "reason"}},
                [&engine](Samples& samples) {
                    const graph::Graph& graph = engine.graph();
                    std::map<std::pair<std::string, std::string>, uint64_t> sums;
                    for (size_t id = 0; id < graph.drops().size(); ++id) {
                        const graph::DropInfo& drop = graph.drops()[id];
                        sums[{graph.name_of(drop.node), drop.name}] +=
                            engine.lifetime_drops(graph::DropId(id));
                    }
                    for (const auto& [name, packets] : sums) {
                        samples.add({name.first, name.second}, packets);
                    }
                });
    metrics.add({"sluice_inject_drop_packets", Kind::counter, "packets",
                 "Packets from control that a worker's queue did not take."},
                [&engine](Samples& samples) { samples.add(engine.inject_drops()); });
    metrics.add({"sluice_clock_hertz", Kind::gauge, "hertz",
                 "TSC clocks a second: what all clocks here are divided by to give seconds."},
                [](Samples& samples) { samples.add(uint64_t(rte_get_tsc_hz())); });
    return metrics.status();
}

}  // namespace vnet::service
