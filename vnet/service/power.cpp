// SPDX-License-Identifier: Apache-2.0
#include <rte_cycles.h>

#include <cmath>

#include "vnet/proto/placement.pb.h"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

double rounded(double value) {
    return std::round(10 * value) / 10;
}

double percent(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : std::min(100.0, rounded(100 * double(part) / double(whole)));
}

sluice::WorkerPower describe(const graph::Engine& engine, unsigned worker) {
    const graph::WorkerCounters& counters = engine.workers()[worker]->dispatch().counters();
    sluice::WorkerPower message;
    message.set_worker(worker);
    std::optional<graph::RxMode> wakeful;
    for (const graph::Polled& polled : engine.placement().of(worker)) {
        const bool more = !wakeful || polled.mode == graph::RxMode::polling ||
                          *wakeful == graph::RxMode::interrupt;
        wakeful = more ? polled.mode : *wakeful;
    }
    if (wakeful) {
        message.set_mode(sluice::RxMode(*wakeful));
    }
    const graph::WorkerClocks::Sample lately = engine.lately(worker);
    message.set_busy(percent(lately.busy, lately.tsc));
    message.set_asleep(percent(lately.asleep, lately.tsc));
    message.set_rounds(counters.loops.read());
    message.set_sleeps(counters.sleeps.read());
    message.set_by_packets(counters.wakes_packets.read());
    message.set_by_timer(counters.wakes_timer.read());
    message.set_by_control(counters.wakes_control.read());
    message.set_sleep_us(counters.sleep_us.read());
    if (const uint64_t timers = counters.wakes_timer.read(); timers != 0) {
        message.set_late_us(rounded(1e6 * double(counters.late_clocks.read()) / double(timers) /
                                    double(rte_get_tsc_hz())));
    }
    return message;
}

}  // namespace

absl::Status register_power(api::Registry& registry, Router& router) {
    return registry.add_list<sluice::PowerRequest, sluice::WorkerPower>(
        "sluice.Placement.Power",
        [&engine =
             router.engine()](const auto&) -> absl::StatusOr<api::ItemSource<sluice::WorkerPower>> {
            std::vector<sluice::WorkerPower> all;
            for (unsigned worker = 0; worker < engine.workers().size(); ++worker) {
                all.push_back(describe(engine, worker));
            }
            return api::items(std::move(all));
        });
}

}  // namespace vnet::service
