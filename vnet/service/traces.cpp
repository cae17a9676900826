// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/traces.hpp"

#include <fmt/format.h>

#include "vnet/service/convert.hpp"
#include "vnet/service/flow_match.hpp"

namespace vnet::service {

namespace {

/// What is behind the inputs: where packets come in. Several where a feature may stand between.
void add_behind(const graph::Graph& graph, graph::NodeId input, graph::TraceFilter& filter) {
    const auto next = graph.successors().find(input);
    if (next != graph.successors().end()) {
        for (const graph::NodeId id : next->second) {
            filter.nodes.set(id);
        }
    }
}

}  // namespace

absl::Status Traces::choose_nodes(const std::string& name, graph::TraceFilter& filter) const {
    const graph::Graph& graph = router_.engine().graph();
    if (name == "any") {
        for (const graph::Graph::Node& node : graph.nodes()) {
            if (node.present && node.spec.kind == graph::NodeKind::input) {
                add_behind(graph, node.id, filter);
            }
        }
        return absl::OkStatus();
    }
    const graph::NodeId node = graph.find(name);
    if (node == graph::no_node) {
        return absl::NotFoundError(fmt::format(
            "there is no node '{}' to trace from; `show graph` lists them, and 'any' means all "
            "that packets come in by",
            name));
    }
    // An input has no packets in front of it: what it brings is met at the nodes behind it.
    if (graph.nodes()[node].spec.kind == graph::NodeKind::input) {
        add_behind(graph, node, filter);
        if (filter.nodes.none()) {
            return absl::InvalidArgumentError(fmt::format(
                "input '{}' leads to no node of its own; name the node to trace from", name));
        }
    } else {
        filter.nodes.set(node);
    }
    return absl::OkStatus();
}

absl::Status Traces::choose_drops(const std::string& text, graph::TraceFilter& filter) const {
    const graph::Graph& graph = router_.engine().graph();
    const size_t colon = text.find(':');
    const std::string node = colon == std::string::npos ? "" : text.substr(0, colon);
    const std::string reason = colon == std::string::npos ? text : text.substr(colon + 1);
    for (size_t id = 0; id < graph.drops().size(); ++id) {
        const graph::DropInfo& drop = graph.drops()[id];
        if (drop.name == reason && (node.empty() || graph.name_of(drop.node) == node)) {
            filter.drops.set(id);
        }
    }
    filter.by_drop = true;
    if (filter.drops.none()) {
        return absl::NotFoundError(
            fmt::format("no node drops for '{}'; give a reason as `show node NAME` lists them, "
                        "such as bad-source or ip4-input:bad-source",
                        text));
    }
    return absl::OkStatus();
}

absl::StatusOr<graph::TraceFilter> Traces::compile(const sluice::AddTraceRequest& request) const {
    if (request.packets() == 0 || request.packets() > most_packets) {
        return absl::OutOfRangeError(fmt::format("{} packets cannot be traced; give 1 to {}",
                                                 request.packets(), most_packets));
    }
    graph::TraceFilter filter;
    absl::Status status = choose_nodes(request.node(), filter);
    if (request.has_drop()) {
        status.Update(choose_drops(request.drop(), filter));
    }
    if (request.has_interface()) {
        const auto interface = router_.interfaces().find(request.interface());
        status.Update(interface.status());
        filter.rx_interface = interface.ok() ? (*interface)->index : graph::no_interface;
    }
    const auto take = [&status](auto& into, const auto& value) {
        status.Update(value.status());
        if (value.ok()) {
            into = *value;
        }
    };
    FlowMatch::Flow flow;
    const auto prefix_of = [](const sluice::IpPrefix& message) {
        return with_prefix(message, [](const auto& prefix) -> absl::StatusOr<FlowMatch::Prefix> {
            return prefix;
        });
    };
    if (request.has_source()) {
        take(flow.source, prefix_of(request.source()));
    }
    if (request.has_destination()) {
        take(flow.destination, prefix_of(request.destination()));
    }
    if (flow.source && flow.destination && flow.source->index() != flow.destination->index()) {
        status.Update(absl::InvalidArgumentError(
            "no packet goes from an address of one family to one of the other; give both of IPv4, "
            "or both of IPv6"));
    }
    if (request.has_protocol()) {
        take(flow.protocol, parse_protocol(request.protocol()));
    }
    if (request.has_source_port()) {
        take(flow.source_port, check_port(request.source_port(), "source"));
    }
    if (request.has_destination_port()) {
        take(flow.destination_port, check_port(request.destination_port(), "destination"));
    }
    const bool ports = flow.source_port || flow.destination_port;
    if (ports && flow.protocol && *flow.protocol != wire::IpProtocol::tcp &&
        *flow.protocol != wire::IpProtocol::udp) {
        status.Update(absl::InvalidArgumentError(
            fmt::format("protocol {} has no ports; leave the ports out, or give tcp or udp",
                        request.protocol())));
    }
    if (ports || flow.source || flow.destination || flow.protocol) {
        filter.match = std::make_shared<const FlowMatch>(flow);
    }
    if (!status.ok()) {
        return status;
    }
    return filter;
}

absl::Status Traces::add(const sluice::AddTraceRequest& request) {
    const auto filter = compile(request);
    if (!filter.ok()) {
        return filter.status();
    }
    arm(&*filter, request.packets());
    return absl::OkStatus();
}

void Traces::arm(const graph::TraceFilter* filter, uint32_t packets) {
    graph::Engine& engine = router_.engine();
    for (const auto& worker : engine.workers()) {
        std::unique_ptr<graph::TraceOrder> order;
        if (filter != nullptr) {
            order = std::make_unique<graph::TraceOrder>();
            order->filter = *filter;
            order->left = packets;
        }
        // std::function wants a copy of what it holds.
        std::shared_ptr<graph::TraceOrder> before =
            worker->dispatch().tracer().arm(std::move(order));
        if (before != nullptr) {
            engine.rcu().retire([before]() mutable { before.reset(); });
        }
    }
    lost_before_ = lost_by_workers();
}

void Traces::clear() {
    arm(nullptr, 0);
    collect();
    order_.clear();
    packets_.clear();
}

void Traces::collect() {
    std::vector<graph::TraceRecord> records;
    for (const auto& worker : router_.engine().workers()) {
        worker->dispatch().tracer().collect(records);
    }
    for (const graph::TraceRecord& record : records) {
        auto& packet = packets_[record.packet];
        if (packet.empty()) {
            order_.push_back(record.packet);
        }
        packet.push_back(record);
    }
    while (order_.size() > most_packets) {
        packets_.erase(order_.front());
        order_.pop_front();
    }
}

uint64_t Traces::lost_by_workers() const {
    uint64_t lost = 0;
    for (const auto& worker : router_.engine().workers()) {
        lost += worker->dispatch().tracer().lost();
    }
    return lost;
}

std::vector<sluice::TracedPacket> Traces::list(size_t packets) {
    collect();
    std::vector<sluice::TracedPacket> all;
    const size_t first = order_.size() > packets ? order_.size() - packets : 0;
    for (size_t i = first; i < order_.size(); ++i) {
        const auto& records = packets_.at(order_[i]);
        sluice::TracedPacket& packet = all.emplace_back();
        packet.set_packet(i + 1);
        packet.set_worker(records.front().worker);
        for (size_t step = 0; step < records.size(); ++step) {
            *packet.add_steps() = steps_.describe(records, step);
        }
    }
    return all;
}

std::string Traces::text(const std::vector<sluice::TracedPacket>& packets) {
    std::string text;
    for (const sluice::TracedPacket& packet : packets) {
        text += fmt::format("packet {} on worker {}\n", packet.packet(), packet.worker());
        for (const sluice::TraceStep& step : packet.steps()) {
            constexpr std::string_view margin = "                ";
            text +=
                fmt::format("  {:9.3f} us  {:<18} {} -> {}  {} B\n", step.microseconds(),
                            step.node(), step.rx_interface(), step.tx_interface(), step.length());
            text += fmt::format("{}{}\n", margin, step.packet());
            if (step.has_drop()) {
                text += fmt::format("{}dropped by {}\n", margin, step.drop());
            }
            if (step.decided_size() != 0) {
                text += fmt::format("{}{}\n", margin, Steps::decided(step));
            }
        }
    }
    if (text.empty()) {
        text = "nothing was traced yet; `trace add NODE PACKETS` begins\n";
    }
    return text;
}

}  // namespace vnet::service
