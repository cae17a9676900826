// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/metrics.hpp"

#include <string_view>

#include "api/metrics/api_metrics.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

using api::metrics::Kind;
using api::metrics::Samples;
using api::metrics::Value;
using interface::Interface;

namespace {

/// The device's own counter of that name; nothing where it has none.
std::optional<uint64_t> device_counter(const Interface& interface, std::string_view name) {
    for (const auto& [counter, value] : interface.device->device_counters()) {
        if (counter == name) {
            return value;
        }
    }
    return std::nullopt;
}

void add_states(MetricsAdder& metrics, interface::Table& table) {
    const auto add = [&](const char* name, const char* unit, const char* help, auto read) {
        metrics.add({name, Kind::gauge, unit, help, {"interface"}},
                    [&table, read](Samples& samples) {
                        for (const auto& [index, interface] : table.all()) {
                            samples.add({interface.name}, uint64_t(read(interface)));
                        }
                    });
    };
    add("sluice_interface_up", "", "1 where the operator has set the interface up.",
        [](const Interface& interface) { return interface.up; });
    add("sluice_interface_link_up", "", "1 where the device has a link.",
        [](const Interface& interface) { return interface.link; });
    add("sluice_interface_mtu_bytes", "bytes", "Largest layer-3 packet to send.",
        [](const Interface& interface) { return interface.mtu; });
    metrics.add(
        {"sluice_interface", Kind::info, "", "What an interface is.", {"interface", "kind", "mac"}},
        [&table](Samples& samples) {
            for (const auto& [index, interface] : table.all()) {
                samples.add(
                    {interface.name, interface.device->kind(), fmt::format("{}", interface.mac)},
                    uint64_t(1));
            }
        });
}

void add_traffic(MetricsAdder& metrics, interface::Table& table) {
    const auto add = [&](const char* name, const char* unit, const char* help,
                         uint64_t interface::Totals::*field) {
        metrics.add({name, Kind::counter, unit, help, {"interface"}},
                    [&table, field](Samples& samples) {
                        for (const auto& [index, interface] : table.all()) {
                            samples.add({interface.name}, table.lifetime_totals(index).*field);
                        }
                    });
    };
    add("sluice_interface_rx_packets", "packets", "Packets received.",
        &interface::Totals::rx_packets);
    add("sluice_interface_rx_bytes", "bytes", "Bytes of layer 2 received.",
        &interface::Totals::rx_bytes);
    add("sluice_interface_tx_packets", "packets", "Packets sent.", &interface::Totals::tx_packets);
    add("sluice_interface_tx_bytes", "bytes", "Bytes of layer 2 sent.",
        &interface::Totals::tx_bytes);
    add("sluice_interface_tx_drops", "", "Packets that the transmit queue did not take.",
        &interface::Totals::tx_full);
    add("sluice_interface_rx_drops", "",
        "Packets that came while the interface was down or no frame was free.",
        &interface::Totals::rx_missed);
}

void add_device_counters(MetricsAdder& metrics, interface::Table& table) {
    const auto add = [&](const char* name, const char* help, const char* counter) {
        metrics.add({name, Kind::counter, "", help, {"interface"}},
                    [&table, counter](Samples& samples) {
                        for (const auto& [index, interface] : table.all()) {
                            if (const auto value = device_counter(interface, counter)) {
                                samples.add({interface.name}, *value);
                            }
                        }
                    });
    };
    add("sluice_interface_rx_errors", "Bad frames, as the device counts them.", "rx-errors");
    add("sluice_interface_tx_errors", "Frames not sent, as the device counts them.", "tx-errors");
    add("sluice_interface_rx_missed", "Frames that the device had no descriptor for.", "rx-missed");
    add("sluice_interface_rx_no_buffer", "Frames that the driver had no packet buffer for.",
        "rx-no-buffer");
    const auto add_queue = [&](const char* name, const char* unit, const char* help,
                               uint64_t interface::QueueCounters::*field) {
        metrics.add({name, Kind::counter, unit, help, {"interface", "direction", "queue"}},
                    [&table, field](Samples& samples) {
                        for (const auto& [index, interface] : table.all()) {
                            for (const auto& queue : interface.device->queue_counters()) {
                                samples.add({interface.name, queue.receives ? "rx" : "tx",
                                             std::to_string(queue.queue)},
                                            queue.*field);
                            }
                        }
                    });
    };
    add_queue("sluice_queue_packets", "packets", "Packets of one queue, as the device counts them.",
              &interface::QueueCounters::packets);
    add_queue("sluice_queue_bytes", "bytes", "Bytes of one queue, as the device counts them.",
              &interface::QueueCounters::bytes);
}

}  // namespace

absl::Status add_interface_metrics(api::Registry& registry, Router& router) {
    MetricsAdder metrics(registry, "interfaces");
    add_states(metrics, router.interfaces());
    add_traffic(metrics, router.interfaces());
    add_device_counters(metrics, router.interfaces());
    return metrics.status();
}

absl::Status register_metrics(api::Registry& registry, Router& router) {
    absl::Status status = api::metrics::add_api_metrics(registry);
    for (const auto add : {add_interface_metrics, add_graph_metrics, add_worker_metrics,
                           add_table_metrics, add_fragment_metrics, add_flow_metrics}) {
        if (status.ok()) {
            status = add(registry, router);
        }
    }
    return status;
}

}  // namespace vnet::service
