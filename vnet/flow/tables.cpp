// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/tables.hpp"

#include <rte_cycles.h>

#include "graph/random_number.hpp"

namespace vnet::flow {

namespace {
/// Of the dry run: the one that it finds, and those that it makes.
constexpr uint32_t dry_sessions = 64;
}  // namespace

Tables::Tables(graph::Engine& engine, uint32_t sessions)
    : engine_(engine),
      start_tsc_(rte_rdtsc()),
      tick_clocks_(rte_get_tsc_hz() / ticks_per_second),
      capacity_(sessions),
      shown_(engine.contexts()) {
    for (unsigned worker = 0; worker < shown_.size(); ++worker) {
        tables_.push_back(make(worker, is_dry(worker) ? dry_sessions : sessions));
        shown_[worker].store(tables_.back().get(), std::memory_order_release);
    }
}

Tables::~Tables() = default;

std::unique_ptr<Table> Tables::make(unsigned worker, uint32_t sessions) const {
    return std::make_unique<Table>(Table::Parts{shared_timeouts_, owners_, worker, sessions,
                                                graph::random_number(), tick(rte_rdtsc())});
}

void Tables::set(const Timeouts& timeouts) noexcept {
    timeouts_ = timeouts;
    shared_timeouts_.set(timeouts);
}

bool Tables::set_capacity(uint32_t sessions) {
    const auto set_closed = [&](bool closed) {
        for (unsigned worker = 0; worker < workers(); ++worker) {
            tables_[worker]->set_closed(closed);
        }
    };
    // A session may begin behind a look at the counters: nothing begins any more, and what did is
    // counted when all workers have been through.
    set_closed(true);
    engine_.rcu().synchronize();
    if (this->sessions() != 0) {
        set_closed(false);
        return false;
    }
    capacity_ = sessions;
    for (unsigned worker = 0; worker < workers(); ++worker) {
        std::shared_ptr<Table> before = std::move(tables_[worker]);
        tables_[worker] = make(worker, sessions);
        tables_[worker]->count_on_from(before->counters());
        shown_[worker].store(tables_[worker].get(), std::memory_order_release);
        engine_.rcu().retire([before = std::move(before)] {});
    }
    return true;
}

uint64_t Tables::sessions() const noexcept {
    uint64_t sum = 0;
    for (unsigned worker = 0; worker < workers(); ++worker) {
        sum += tables_[worker]->counters().sessions.read();
    }
    return sum;
}

void Tables::set_steering(Steering* steering) {
    steering_.store(steering, std::memory_order_release);
    engine_.rcu().synchronize();
}

Ref Tables::copy_for_dry_run(const Key& key) noexcept {
    Table& dry = *tables_.back();
    // All of an earlier dry run, with what their owners keep for them.
    for (SessionIndex index = 1; index <= dry.highest(); ++index) {
        if (dry[index].alive()) {
            dry.end(index, Ending::removed);
        }
    }
    for (unsigned worker = 0; worker < workers(); ++worker) {
        const Table& table = *tables_[worker];
        for (SessionIndex index = 1; index <= table.highest(); ++index) {
            const auto session = table.at(index).copy();
            if (!session || (session->forward != key && session->reverse != key)) {
                continue;
            }
            // Of no owner: nobody is told when it goes.
            const SessionIndex made =
                dry.create({session->forward, session->reverse, Timer::tcp_transitory, 0,
                            session->flags, session->user},
                           tick(rte_rdtsc()));
            return made == 0 ? Ref()
                             : Ref(made, session->forward == key ? Direction::forward
                                                                 : Direction::reverse);
        }
    }
    return {};
}

}  // namespace vnet::flow
