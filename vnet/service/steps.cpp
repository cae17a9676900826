// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/steps.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include "vnet/service/packet_text.hpp"

namespace vnet::service {

std::string Steps::drop(graph::DropId id) const {
    const graph::Graph& graph = router_.engine().graph();
    const graph::DropInfo& drop = graph.drops()[id];
    return fmt::format("{}: {} ({})", graph.name_of(drop.node), drop.name, drop.meaning);
}

std::string Steps::name_of(interface::Index interface, uint64_t tsc) const {
    return names_ == nullptr ? router_.interfaces().name_of(interface) : names_->at(interface, tsc);
}

std::string Steps::decided(const sluice::TraceStep& step) {
    std::string text;
    for (const sluice::TraceField& field : step.decided()) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", field.name(), field.value());
    }
    return text;
}

sluice::TraceStep Steps::describe(std::span<const graph::TraceRecord> records, size_t index) const {
    const graph::TraceRecord& record = records[index];
    const graph::TraceRecord* next = index + 1 < records.size() ? &records[index + 1] : nullptr;
    const graph::Graph& graph = router_.engine().graph();
    sluice::TraceStep step;
    step.set_node(graph.name_of(record.node));
    step.set_microseconds(double(record.tsc - records[0].tsc) * 1e6 / double(rte_get_tsc_hz()));
    step.set_rx_interface(name_of(record.meta.rx_interface, record.tsc));
    step.set_tx_interface(name_of(record.meta.tx_interface, record.tsc));
    step.set_length(record.length);
    step.set_packet(packet_text(record.meta, record.data()));
    if (record.dropped()) {
        step.set_drop(drop(record.meta.drop));
    }
    step.mutable_bytes()->set_value(record.bytes.data(), record.captured);
    const graph::NodeSpec& spec = graph.nodes()[record.node].spec;
    if (spec.format) {
        for (auto& [name, value] : spec.format({record, next})) {
            sluice::TraceField* field = step.add_decided();
            field->set_name(std::move(name));
            field->set_value(std::move(value));
        }
    }
    return step;
}

}  // namespace vnet::service
