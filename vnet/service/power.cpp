// SPDX-License-Identifier: Apache-2.0
#include <rte_cycles.h>

#include <cmath>
#include <deque>

#include "vnet/proto/placement.pb.h"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

/// Looks at the workers' clocks once a second, to tell what they did lately. Control thread.
class Samples {
public:
    struct Sample {
        uint64_t tsc = 0;
        uint64_t busy_clocks = 0;
        uint64_t sleep_clocks = 0;
    };

    explicit Samples(graph::Engine& engine) : engine_(engine), kept_(engine.workers().size()) {
        take();
        timer_ = engine.control().every(std::chrono::seconds(1), [this] { take(); });
    }
    Sample now(unsigned worker) const {
        const graph::WorkerCounters& counters = engine_.workers()[worker]->dispatch().counters();
        return {rte_rdtsc(), counters.busy_clocks.read(), counters.sleep_clocks.read()};
    }
    /// What has been added since the oldest sample, some seconds ago.
    Sample lately(unsigned worker) const {
        const Sample present = now(worker);
        const Sample& past = kept_[worker].front();
        return {present.tsc - past.tsc, present.busy_clocks - past.busy_clocks,
                present.sleep_clocks - past.sleep_clocks};
    }

private:
    static constexpr size_t kept_samples = 5;
    void take() {
        for (unsigned worker = 0; worker < kept_.size(); ++worker) {
            kept_[worker].push_back(now(worker));
            if (kept_[worker].size() > kept_samples) {
                kept_[worker].pop_front();
            }
        }
    }

    const graph::Engine& engine_;
    std::vector<std::deque<Sample>> kept_;
    graph::Control::Handle timer_;
};

double rounded(double value) {
    return std::round(10 * value) / 10;
}

double percent(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : std::min(100.0, rounded(100 * double(part) / double(whole)));
}

sluice::WorkerPower describe(const graph::Engine& engine, const Samples& samples, unsigned worker) {
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
    const Samples::Sample lately = samples.lately(worker);
    message.set_busy(percent(lately.busy_clocks, lately.tsc));
    message.set_asleep(percent(lately.sleep_clocks, lately.tsc));
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
    auto samples = std::make_shared<Samples>(router.engine());
    return registry.add_list<sluice::PowerRequest, sluice::WorkerPower>(
        "sluice.Placement.Power",
        [&engine = router.engine(),
         samples](const auto&) -> absl::StatusOr<api::ItemSource<sluice::WorkerPower>> {
            std::vector<sluice::WorkerPower> all;
            for (unsigned worker = 0; worker < engine.workers().size(); ++worker) {
                all.push_back(describe(engine, *samples, worker));
            }
            return api::items(std::move(all));
        });
}

}  // namespace vnet::service
