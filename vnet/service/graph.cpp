// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "vnet/proto/graph.pb.h"
#include "vnet/service/graph_text.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

/// One digit behind the point: more than that is noise.
double rounded_ratio(uint64_t dividend, uint64_t divisor) {
    return divisor == 0 ? 0 : std::round(10 * double(dividend) / double(divisor)) / 10;
}

absl::StatusOr<api::ItemSource<sluice::NodeRuntime>> runtime(const graph::Engine& engine,
                                                             const graph::Graph& graph) {
    std::vector<sluice::NodeRuntime> all;
    for (const auto& node : engine.version()->nodes) {
        const graph::NodeTotals totals = engine.totals(node.id);
        if (totals.calls == 0 && totals.overflow == 0) {
            continue;
        }
        sluice::NodeRuntime& message = all.emplace_back();
        message.set_node(graph.name_of(node.id));
        message.set_calls(totals.calls);
        message.set_packets(totals.packets);
        if (totals.clocks > 0) {
            message.set_clocks_per_packet(rounded_ratio(totals.clocks, totals.packets));
        }
        message.set_packets_per_call(rounded_ratio(totals.packets, totals.calls));
        message.set_overflow(totals.overflow);
    }
    return api::items(std::move(all));
}

absl::StatusOr<api::ItemSource<sluice::DropCount>> errors(const graph::Engine& engine,
                                                          const graph::Graph& graph,
                                                          const sluice::ErrorsRequest& request) {
    std::vector<sluice::DropCount> all;
    for (size_t id = 0; id < graph.drops().size(); ++id) {
        const graph::DropInfo& drop = graph.drops()[id];
        const uint64_t packets = engine.drops(graph::DropId(id));
        const bool wanted =
            request.scope() == sluice::DROP_SCOPE_ALL && graph.nodes()[drop.node].present;
        if (packets == 0 && !wanted) {
            continue;
        }
        sluice::DropCount& message = all.emplace_back();
        message.set_packets(packets);
        message.set_node(graph.name_of(drop.node));
        message.set_reason(drop.name);
        message.set_meaning(drop.meaning);
        message.set_rate(std::round(10 * engine.rates().drop(graph::DropId(id))) / 10);
    }
    return api::items(std::move(all));
}

std::string_view name(graph::NodeKind kind) {
    switch (kind) {
        case graph::NodeKind::input:
            return "input";
        case graph::NodeKind::internal:
            return "internal";
        case graph::NodeKind::output:
            return "output";
    }
    return {};
}

absl::StatusOr<sluice::Node> node(const graph::Graph& graph,
                                  const sluice::ShowNodeRequest& request) {
    const graph::NodeId id = graph.find(request.name());
    if (id == graph::no_node) {
        return absl::NotFoundError(
            fmt::format("there is no node '{}'; `show graph` lists them", request.name()));
    }
    const graph::Graph::Node& found = graph.nodes()[id];
    sluice::Node message;
    message.set_name(found.spec.name);
    message.set_kind(std::string(name(found.spec.kind)));
    message.set_owner(found.spec.owner);
    for (const auto& [from, tos] : graph.successors()) {
        if (tos.contains(id)) {
            message.add_previous(graph.name_of(from));
        }
        for (const graph::NodeId to : tos) {
            if (from == id) {
                message.add_next(graph.name_of(to));
            }
        }
    }
    for (const graph::NodeSpec::Drop& drop : found.spec.drops) {
        message.add_drops(fmt::format("{} ({})", drop.name, drop.meaning));
    }
    return message;
}

absl::StatusOr<api::ItemSource<sluice::Feature>> features(Router& router) {
    std::vector<sluice::Feature> all;
    for (const graph::Graph::Arc& arc : router.engine().graph().arcs()) {
        for (size_t place = 0; place < arc.order.size(); ++place) {
            const auto feature = std::find_if(
                arc.features.begin(), arc.features.end(),
                [&](const auto& candidate) { return candidate.spec.node == arc.order[place]; });
            sluice::Feature& message = all.emplace_back();
            message.set_arc(arc.spec.name);
            message.set_position(uint32_t(place + 1));
            message.set_node(arc.order[place]);
            message.set_owner(feature->owner);
            for (const uint32_t interface : feature->interfaces) {
                message.add_interfaces(router.interfaces().name_of(interface));
            }
        }
    }
    return api::items(std::move(all));
}

}  // namespace

absl::Status register_graph(api::Registry& registry, Router& router) {
    graph::Engine& engine = router.engine();
    absl::Status status;
    status.Update(registry.add_list<sluice::RuntimeRequest, sluice::NodeRuntime>(
        "sluice.Graph.Runtime",
        [&engine](const auto&) { return runtime(engine, engine.graph()); }));
    status.Update(registry.add_list<sluice::ErrorsRequest, sluice::DropCount>(
        "sluice.Graph.Errors",
        [&engine](const auto& request) { return errors(engine, engine.graph(), request); }));
    status.Update(registry.add_unary<sluice::ClearCountersRequest, sluice::Empty>(
        "sluice.Graph.ClearCounters", [&router](const auto&) -> absl::StatusOr<sluice::Empty> {
            router.engine().clear_counters();
            router.interfaces().clear_counters();
            return sluice::Empty();
        }));
    status.Update(registry.add_unary<sluice::ShowGraphRequest, sluice::GraphText>(
        "sluice.Graph.Show", [&engine](const auto& request) -> absl::StatusOr<sluice::GraphText> {
            sluice::GraphText reply;
            reply.set_text(request.format() == sluice::GRAPH_FORMAT_DOT ? graph_as_dot(engine)
                                                                        : graph_as_text(engine));
            return reply;
        }));
    status.Update(registry.add_unary<sluice::ShowNodeRequest, sluice::Node>(
        "sluice.Graph.ShowNode",
        [&engine](const auto& request) { return node(engine.graph(), request); }));
    status.Update(registry.add_list<sluice::ListFeaturesRequest, sluice::Feature>(
        "sluice.Graph.Features", [&router](const auto&) { return features(router); }));
    return status;
}

}  // namespace vnet::service
