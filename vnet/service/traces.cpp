// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/traces.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include "vnet/service/packet_text.hpp"

namespace vnet::service {

absl::Status Traces::add(const std::string& name, uint32_t packets) {
    const graph::NodeId node = router_.engine().graph().find(name);
    if (node == graph::no_node) {
        return absl::NotFoundError(
            fmt::format("there is no node '{}' to trace from; `show graph` lists them", name));
    }
    if (packets == 0 || packets > most_packets) {
        return absl::OutOfRangeError(
            fmt::format("{} packets cannot be traced; give 1 to {}", packets, most_packets));
    }
    const graph::Graph& graph = router_.engine().graph();
    // An input has no packets in front of it: what it brings is met at the node behind it.
    graph::NodeId at = node;
    if (graph.nodes()[node].spec.kind == graph::NodeKind::input) {
        const auto next = graph.successors().find(node);
        if (next == graph.successors().end() || next->second.size() != 1) {
            return absl::InvalidArgumentError(
                fmt::format("input '{}' leads to several nodes; trace from one of them, `show node "
                            "{}` names them",
                            name, name));
        }
        at = *next->second.begin();
    }
    for (const auto& worker : router_.engine().workers()) {
        worker->dispatch().tracer().arm(at, packets);
    }
    return absl::OkStatus();
}

void Traces::clear() {
    for (const auto& worker : router_.engine().workers()) {
        worker->dispatch().tracer().disarm();
    }
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

sluice::TraceStep Traces::describe(const graph::TraceRecord& record, uint64_t first_tsc) const {
    const graph::Graph& graph = router_.engine().graph();
    sluice::TraceStep step;
    step.set_node(graph.name_of(record.node));
    step.set_microseconds(double(record.tsc - first_tsc) * 1e6 / double(rte_get_tsc_hz()));
    step.set_rx_interface(router_.interfaces().name_of(record.meta.rx_interface));
    step.set_tx_interface(router_.interfaces().name_of(record.meta.tx_interface));
    step.set_length(record.length);
    const std::span<const std::byte> bytes(record.bytes.data(), record.captured);
    step.set_packet(packet_text(record.meta, bytes));
    if (step.node() == "drop") {
        const graph::DropInfo& drop = graph.drops()[record.meta.drop];
        step.set_drop(
            fmt::format("{}: {} ({})", graph.name_of(drop.node), drop.name, drop.meaning));
    }
    step.mutable_bytes()->set_value(bytes.data(), bytes.size());
    return step;
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
        for (const graph::TraceRecord& record : records) {
            *packet.add_steps() = describe(record, records.front().tsc);
        }
    }
    return all;
}

std::string Traces::text(size_t packets) {
    std::string text;
    for (const sluice::TracedPacket& packet : list(packets)) {
        text += fmt::format("packet {} on worker {}\n", packet.packet(), packet.worker());
        for (const sluice::TraceStep& step : packet.steps()) {
            text +=
                fmt::format("  {:9.3f} us  {:<18} {} -> {}  {} B\n", step.microseconds(),
                            step.node(), step.rx_interface(), step.tx_interface(), step.length());
            text += fmt::format("                {}\n", step.packet());
            if (step.has_drop()) {
                text += fmt::format("                dropped by {}\n", step.drop());
            }
        }
    }
    if (text.empty()) {
        text = "nothing was traced yet; `trace add NODE PACKETS` begins\n";
    }
    return text;
}

}  // namespace vnet::service
