// SPDX-License-Identifier: Apache-2.0
#include "vnet/meter/meter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace vnet::meter {

std::string_view name(Kind kind) noexcept {
    switch (kind) {
        case Kind::single_rate:
            return "single-rate";
        case Kind::two_rate:
            return "two-rate";
        case Kind::differentiated:
            return "differentiated";
    }
    return {};
}

std::string_view name(Unit unit) noexcept {
    return unit == Unit::bytes ? "bytes" : "packets";
}

namespace {

absl::Status check_rate(Unit unit, uint64_t rate, std::string_view which) {
    if (unit == Unit::packets) {
        if (rate < least_packets_per_second || rate > most_packets_per_second) {
            return absl::OutOfRangeError(
                fmt::format("{} of {} packets a second is out of range; give {} to {}", which, rate,
                            least_packets_per_second, most_packets_per_second));
        }
    } else if (rate < least_bytes_per_second || rate > most_bytes_per_second) {
        return absl::OutOfRangeError(
            fmt::format("{} of {} bytes a second is out of range; give {} to {}", which, rate,
                        least_bytes_per_second, most_bytes_per_second));
    }
    return absl::OkStatus();
}

absl::Status check_burst(uint64_t burst, uint64_t least, Unit unit, std::string_view which) {
    if (burst < least || burst > most_burst) {
        return absl::OutOfRangeError(fmt::format("{} of {} {} is out of range; give {} to {}",
                                                 which, burst, name(unit), least, most_burst));
    }
    return absl::OkStatus();
}

}  // namespace

absl::Status check(const Terms& terms) {
    absl::Status status = check_rate(terms.unit, terms.committed_rate, "a committed rate");
    status.Update(check_burst(terms.committed_burst, 1, terms.unit, "a committed burst"));
    if (terms.kind == Kind::single_rate) {
        if (terms.second_rate != 0) {
            status.Update(
                absl::InvalidArgumentError("a single-rate meter has no second rate; leave it out"));
        }
        status.Update(check_burst(terms.second_burst, 0, terms.unit, "an excess burst"));
        return status;
    }
    const bool is_peak = terms.kind == Kind::two_rate;
    status.Update(
        check_rate(terms.unit, terms.second_rate, is_peak ? "a peak rate" : "an excess rate"));
    status.Update(
        check_burst(terms.second_burst, 1, terms.unit, is_peak ? "peak burst" : "an excess burst"));
    if (status.ok() && is_peak && terms.second_rate < terms.committed_rate) {
        return absl::InvalidArgumentError(
            fmt::format("the peak rate {} is below the committed rate {}; it has to be the same or "
                        "more (RFC 2698)",
                        terms.second_rate, terms.committed_rate));
    }
    return status;
}

Meter::Meter(const Terms& terms, uint64_t clocks_per_second) noexcept
    : terms_(terms),
      committed_rate_(terms.committed_rate, clocks_per_second),
      second_rate_(terms.kind == Kind::single_rate ? terms.committed_rate : terms.second_rate,
                   clocks_per_second),
      second_burst_(terms.second_burst +
                    (terms.kind == Kind::single_rate ? terms.committed_burst : 0)) {}

/// Takes the tokens for green packets, or nothing where not all would be green.
bool Meter::take_all(State& state, uint64_t now, uint64_t tokens) const noexcept {
    // The second bucket of a single rate holds what is in the first as well, so it is asked first:
    // who has it has the tokens, and nobody else.
    const bool needs_second = terms_.kind != Kind::differentiated;
    if (needs_second &&
        !state.second.take_all(tokens, [&]() noexcept { return second_level(now); })) {
        return false;
    }
    if (state.committed.take_all(tokens, [&]() noexcept { return committed_level(now); })) {
        return true;
    }
    if (needs_second) {
        state.second.give_back(tokens);
    }
    return false;
}

/// Takes what packets of so many tokens could need at most. `second` are those that a packet may
/// take which is not green; of two_rate a green one takes them as well.
Meter::Share Meter::take(State& state, uint64_t now, uint64_t tokens) const noexcept {
    const auto second = [&]() noexcept { return second_level(now); };
    const auto committed = [&]() noexcept { return committed_level(now); };
    if (terms_.kind != Kind::single_rate) {
        return {state.committed.take(tokens, committed).got, state.second.take(tokens, second).got};
    }
    const uint64_t first_holds = state.committed.available(committed());
    const uint64_t both_hold = state.second.available(second());
    const uint64_t excess = both_hold - std::min(both_hold, first_holds);
    const uint64_t wanted = std::min(tokens, first_holds);
    const uint64_t both = state.second.take(wanted + std::min(tokens, excess), second).got;
    const uint64_t first = state.committed.take(std::min(wanted, both), committed).got;
    return {first, both - first};
}

void Meter::give_back(State& state, const Share& taken, const Share& used) const noexcept {
    const Share rest{taken.committed - used.committed, taken.second - used.second};
    state.committed.give_back(rest.committed);
    state.second.give_back(rest.second + (terms_.kind == Kind::single_rate ? rest.committed : 0));
}

Colour Meter::decide(uint64_t tokens, Colour before, const Share& left) const noexcept {
    const bool second_fits = tokens <= left.second;
    if (before == Colour::red || (terms_.kind == Kind::two_rate && !second_fits)) {
        return Colour::red;
    }
    if (before == Colour::green && tokens <= left.committed) {
        return Colour::green;
    }
    return second_fits ? Colour::yellow : Colour::red;
}

Outcome Meter::run(State& state, uint64_t now, std::span<const uint32_t> bytes,
                   std::span<Colour> colour) const noexcept {
    Outcome outcome;
    const uint64_t sum = std::accumulate(bytes.begin(), bytes.end(), uint64_t(0));
    const bool by_bytes = terms_.unit == Unit::bytes;
    const uint64_t tokens = by_bytes ? sum : bytes.size();
    if (!terms_.colour_aware && take_all(state, now, tokens)) [[likely]] {
        outcome.of[size_t(Colour::green)] = {uint32_t(bytes.size()), sum};
        outcome.all_green = true;
        return outcome;
    }
    const Share taken = take(state, now, tokens);
    Share left = taken;
    for (size_t i = 0; i < bytes.size(); ++i) {
        const uint64_t needed = by_bytes ? bytes[i] : 1;
        const Colour before = terms_.colour_aware ? colour[i] : Colour::green;
        const Colour now_is = decide(needed, before, left);
        colour[i] = now_is;
        left.committed -= now_is == Colour::green ? needed : 0;
        left.second -=
            now_is == Colour::yellow || (now_is == Colour::green && terms_.kind == Kind::two_rate)
                ? needed
                : 0;
        Outcome::Sum& counted = outcome.of[size_t(now_is)];
        counted.packets += 1;
        counted.bytes += bytes[i];
    }
    give_back(state, taken, {taken.committed - left.committed, taken.second - left.second});
    return outcome;
}

bool Meter::is_idle(const State& state, uint64_t now) const noexcept {
    return state.committed.available(committed_level(now)) == terms_.committed_burst &&
           state.second.available(second_level(now)) == second_burst_;
}

}  // namespace vnet::meter
