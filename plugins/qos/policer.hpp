// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/counter.hpp"
#include "plugins/qos/flow_states.hpp"
#include "vnet/meter/meter.hpp"

namespace qos {

using vnet::meter::Colour;

/// What becomes of packets of a colour.
struct Action {
    bool drops = false;
    /// The DSCP that they pass with; none: their own.
    std::optional<uint8_t> dscp;

    /// Nothing at all.
    bool is_nothing() const noexcept { return !drops && !dscp; }
    friend bool operator==(const Action&, const Action&) noexcept = default;
};

/// Whom a policer gives its rate.
enum class Scope : uint8_t { all, source, destination, flow };

/// A meter, what becomes of its colours, and what it counts. Made by control, asked by any worker;
/// never changed.
class Policer {
public:
    struct Setting {
        vnet::meter::Terms terms;
        std::array<Action, vnet::meter::colours> actions;
        Scope scope = Scope::all;
        /// Of how many it keeps account; for other scopes than `all`.
        uint32_t flows = 1U << 16;
    };
    /// OUT_OF_RANGE or INVALID_ARGUMENT with a sentence where there can be no such policer.
    static absl::Status check(const Setting& setting);

    /// For as many contexts, of which the last is for dry runs.
    Policer(const Setting& setting, unsigned contexts, uint64_t clocks_per_second);

    /// Colours packets that came at `now`, in their order, and counts them. `keys` stand for whom
    /// each is of; none are needed for scope `all`. A colour-aware policer finds in `colour` what
    /// they were. True: all are green, and `colour` means nothing. A dry run takes and counts
    /// nothing.
    bool run(unsigned context, uint64_t now, std::span<const uint32_t> bytes,
             std::span<const uint64_t> keys, std::span<Colour> colour) const noexcept;

    const Action& action(Colour colour) const noexcept { return setting_.actions[size_t(colour)]; }
    Scope scope() const noexcept { return setting_.scope; }
    bool colour_aware() const noexcept { return setting_.terms.colour_aware; }
    const Setting& setting() const noexcept { return setting_; }

    struct Totals {
        std::array<uint64_t, vnet::meter::colours> packets{};
        std::array<uint64_t, vnet::meter::colours> bytes{};
        uint64_t crowded = 0;
    };
    Totals totals() const noexcept;

private:
    struct alignas(64) Counters {
        std::array<graph::Counter, vnet::meter::colours> packets;
        std::array<graph::Counter, vnet::meter::colours> bytes;
        /// Packets for whose flow there was no room.
        graph::Counter crowded;
    };
    bool run_each(unsigned context, uint64_t now, std::span<const uint32_t> bytes,
                  std::span<const uint64_t> keys, std::span<Colour> colour) const noexcept;
    void count(unsigned context, const vnet::meter::Outcome& outcome) const noexcept;
    bool is_dry(unsigned context) const noexcept { return context + 1 >= counters_.size(); }

    const Setting setting_;
    const vnet::meter::Meter meter_;
    /// Of all packets; with another scope, of those for which there is no room.
    alignas(64) mutable vnet::meter::State state_;
    const std::unique_ptr<FlowStates> flows_;
    mutable std::vector<Counters> counters_;
};

}  // namespace qos
