// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vnet/service/metrics.hpp"

namespace vnet::service {

using api::metrics::Kind;
using api::metrics::Samples;

namespace {

/// Calls back with each worker's table, and the worker as a label.
template <class Take>
void visit_tables(Router& router, Take take) {
    const flow::Tables& tables = router.flows().tables();
    for (unsigned worker = 0; worker < tables.workers(); ++worker) {
        take(fmt::format("{}", worker), tables.of(worker));
    }
}

}  // namespace

absl::Status add_flow_metrics(api::Registry& registry, Router& router) {
    MetricsAdder metrics(registry, "flows");
    const auto add = [&](const char* name, Kind kind, const char* help, auto read) {
        metrics.add({name, kind, "", help, {"worker"}}, [&router, read](Samples& samples) {
            visit_tables(router, [&](const std::string& worker, const flow::Table& table) {
                samples.add({worker}, uint64_t(read(table)));
            });
        });
    };
    add("sluice_flow_capacity", Kind::gauge, "Sessions that a worker may have.",
        [](const flow::Table& table) { return table.capacity(); });
    add("sluice_flow_begun", Kind::counter, "Sessions begun.",
        [](const flow::Table& table) { return table.counters().created.read(); });
    add("sluice_flow_refused", Kind::counter, "Sessions that found no place.",
        [](const flow::Table& table) { return table.counters().refused.read(); });
    metrics.add({"sluice_flow_sessions",
                 Kind::gauge,
                 "",
                 "Sessions by what says how long they live.",
                 {"worker", "timer"}},
                [&router](Samples& samples) {
                    visit_tables(router, [&](const std::string& worker, const flow::Table& table) {
                        for (size_t i = 0; i < flow::timers; ++i) {
                            samples.add({worker, std::string(flow::name(flow::Timer(i)))},
                                        table.counters().by_timer[i].read());
                        }
                    });
                });
    metrics.add(
        {"sluice_flow_ended", Kind::counter, "", "Sessions ended, by why.", {"worker", "reason"}},
        [&router](Samples& samples) {
            visit_tables(router, [&](const std::string& worker, const flow::Table& table) {
                for (size_t i = 0; i < flow::endings; ++i) {
                    samples.add({worker, std::string(flow::name(flow::Ending(i)))},
                                table.counters().ended[i].read());
                }
            });
        });
    return metrics.status();
}

}  // namespace vnet::service
