// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/translators.hpp"

namespace nat44 {

/// Looks at what all workers have of one kind, which they keep in slabs: hosts, mappings. A part at
/// a time that takes control some 100 us, so that others have their turn in between; workers do not
/// know of it. Control thread.
template <class Record, class Slab, const Slab& (Translator::*slab)() const noexcept>
class RecordSearch {
public:
    /// `translators` outlives it.
    explicit RecordSearch(const Translators& translators) : translators_(&translators) {}

    /// All were looked at.
    bool at_end() const noexcept { return worker_ + 1 >= translators_->contexts(); }
    /// Calls back with the next ones, each as it is at this moment: its worker, and a copy.
    template <class Take>
    void look(const Take& take) {
        constexpr unsigned places_a_look = 4096;
        for (unsigned left = places_a_look; left != 0 && !at_end(); --left) {
            const Slab& records = (translators_->of(worker_).*slab)();
            if (place_ > records.highest()) {
                ++worker_;
                place_ = 1;
                continue;
            }
            if (const auto record = vnet::flow::copy_versioned(records.at(place_))) {
                take(worker_, *record);
            }
            ++place_;
        }
    }

private:
    const Translators* translators_;
    unsigned worker_ = 0;
    uint32_t place_ = 1;
};

/// Hosts inside that have sessions by pools.
using HostSearch = RecordSearch<Host, Hosts, &Translator::hosts>;
/// Endpoint-independent mappings.
using MappingSearch = RecordSearch<Mapping, Mappings, &Translator::mappings>;

}  // namespace nat44
