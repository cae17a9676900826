// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/policer.hpp"

#include <fmt/format.h>

#include <bit>

namespace qos {

using vnet::meter::Outcome;
using vnet::meter::State;

absl::Status Policer::check(const Setting& setting) {
    absl::Status status = vnet::meter::check(setting.terms);
    if (status.ok() && (setting.flows < FlowStates::least || setting.flows > FlowStates::most ||
                        !std::has_single_bit(setting.flows))) {
        return absl::OutOfRangeError(
            fmt::format("{} is no number of flows to keep account of; give a power of two from {} "
                        "to {}",
                        setting.flows, FlowStates::least, FlowStates::most));
    }
    for (const Action& action : setting.actions) {
        if (status.ok() && action.dscp && *action.dscp > 63) {
            return absl::OutOfRangeError(
                fmt::format("DSCP {} is out of range; give 0 to 63", *action.dscp));
        }
        if (status.ok() && action.dscp && action.drops) {
            return absl::InvalidArgumentError(
                "what is dropped passes with no DSCP; leave one of both out");
        }
    }
    return status;
}

Policer::Policer(const Setting& setting, unsigned contexts, uint64_t clocks_per_second)
    : setting_(setting),
      meter_(setting.terms, clocks_per_second),
      flows_(setting.scope == Scope::all ? nullptr : std::make_unique<FlowStates>(setting.flows)),
      counters_(contexts) {}

void Policer::count(unsigned context, const Outcome& outcome) const noexcept {
    Counters& counters = counters_[context];
    for (size_t i = 0; i < vnet::meter::colours; ++i) {
        if (outcome.of[i].packets != 0) {
            counters.packets[i].add(outcome.of[i].packets);
            counters.bytes[i].add(outcome.of[i].bytes);
        }
    }
}

bool Policer::run(unsigned context, uint64_t now, std::span<const uint32_t> bytes,
                  std::span<const uint64_t> keys, std::span<Colour> colour) const noexcept {
    if (flows_ != nullptr) {
        return run_each(context, now, bytes, keys, colour);
    }
    if (is_dry(context)) {
        return meter_.preview(state_, now, bytes, colour).all_green;
    }
    const Outcome outcome = meter_.run(state_, now, bytes, colour);
    count(context, outcome);
    return outcome.all_green;
}

bool Policer::run_each(unsigned context, uint64_t now, std::span<const uint32_t> bytes,
                       std::span<const uint64_t> keys, std::span<Colour> colour) const noexcept {
    bool all_green = true;
    for (size_t i = 0; i < bytes.size(); ++i) {
        const auto size = bytes.subspan(i, 1);
        const auto one = colour.subspan(i, 1);
        if (is_dry(context)) {
            const State* known = flows_->peek(keys[i]);
            const Outcome outcome =
                meter_.preview(known == nullptr ? State() : *known, now, size, one);
            colour[i] = outcome.all_green ? Colour::green : colour[i];
        } else {
            State* state = flows_->find(keys[i], meter_, now);
            if (state == nullptr) [[unlikely]] {
                counters_[context].crowded.add(1);
                state = &state_;
            }
            const Outcome outcome = meter_.run(*state, now, size, one);
            count(context, outcome);
            colour[i] = outcome.all_green ? Colour::green : colour[i];
        }
        all_green &= colour[i] == Colour::green;
    }
    return all_green;
}

Policer::Totals Policer::totals() const noexcept {
    Totals totals;
    for (size_t context = 0; !is_dry(unsigned(context)); ++context) {
        const Counters& counters = counters_[context];
        for (size_t i = 0; i < vnet::meter::colours; ++i) {
            totals.packets[i] += counters.packets[i].read();
            totals.bytes[i] += counters.bytes[i].read();
        }
        totals.crowded += counters.crowded.read();
    }
    return totals;
}

}  // namespace qos
