// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "graph/counter.hpp"
#include "plugins/qos/map.hpp"
#include "plugins/qos/policer.hpp"
#include "vnet/classify/classifier.hpp"

namespace qos {

/// What one worker counts for a rule.
struct alignas(64) RuleCounters {
    graph::Counter packets;
    graph::Counter bytes;
};
/// By context; the last is for dry runs.
using RuleCounts = std::vector<RuleCounters>;

/// What a rule does with the packets that it matches.
struct Deed {
    uint32_t number = 0;
    /// Bits of graph::Metadata::treatment that stay, and those that are set.
    uint32_t keep = ~uint32_t(0);
    uint32_t set = 0;
    std::shared_ptr<const Policer> policer;
    std::shared_ptr<RuleCounts> counts;
};

/// By what packets that come in get their class.
enum class Trust : uint8_t { none, dscp, priority };

/// All that an interface does with packets of one family that come in by it, or that leave by it.
/// Never changed once workers see it.
template <class Family>
struct Stage {
    /// Packets get a class by `trust`, with `recorded`; where none is trusted, its first value.
    bool records = false;
    Trust trust = Trust::none;
    Values recorded{};
    /// Null: no rules. `deeds` are in their order.
    std::shared_ptr<const vnet::classify::Classifier<Family>> rules;
    std::vector<Deed> deeds;
    /// Some deed has a policer.
    bool rules_police = false;
    std::shared_ptr<const Policer> policer;
    /// Packets get the DSCP, or the priority, of their class.
    bool marks_dscp = false;
    bool marks_priority = false;
    Values dscp{};
    Values priority{};

    bool is_nothing() const noexcept {
        return !records && rules == nullptr && policer == nullptr && !marks_dscp && !marks_priority;
    }
};

}  // namespace qos
