// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "vnet/interface/table.hpp"

namespace vnet::service {

/// What interfaces were called when a packet passed. What is recorded of a packet has an
/// interface's index, which is another's after the interface is gone. Control thread.
class PastNames {
public:
    /// Interfaces that are remembered after they are gone; the oldest give way.
    static constexpr size_t most_gone = 256;

    /// `interfaces` outlives it.
    explicit PastNames(interface::Table& interfaces) : interfaces_(interfaces) {
        interfaces.observe(
            [memory = memory_](const interface::Interface& interface, interface::Change change) {
                memory->note(interface, change);
            });
    }

    /// The name at the time `tsc`; "-" where nothing is known. A packet that outlives its
    /// interface by a moment still has its name.
    std::string at(interface::Index index, uint64_t tsc) const {
        const Gone* last = nullptr;
        for (const Gone& gone : memory_->gone) {
            if (gone.index == index) {
                if (tsc < gone.until_tsc) {
                    return gone.name;
                }
                last = &gone;
            }
        }
        const auto since = memory_->since_tsc.find(index);
        const bool later = since != memory_->since_tsc.end() && tsc < since->second;
        const bool there = interfaces_.get(index) != nullptr && !later;
        return there || last == nullptr ? interfaces_.name_of(index) : last->name;
    }

    /// True of an interface that is there or that is remembered.
    bool knows(std::string_view name) const {
        return interfaces_.find(std::string(name)).ok() ||
               std::any_of(memory_->gone.begin(), memory_->gone.end(),
                           [&](const Gone& gone) { return gone.name == name; });
    }

private:
    struct Gone {
        interface::Index index;
        uint64_t until_tsc;
        std::string name;
    };

    /// What the table's observer writes; it lives as long as the table.
    struct Memory {
        std::deque<Gone> gone;
        std::map<interface::Index, uint64_t> since_tsc;

        void note(const interface::Interface& interface, interface::Change change) {
            if (change == interface::Change::added) {
                since_tsc[interface.index] = rte_rdtsc();
            } else if (change == interface::Change::removing) {
                gone.push_back({interface.index, rte_rdtsc(), interface.name});
                if (gone.size() > most_gone) {
                    gone.pop_front();
                }
            }
        }
    };

    const interface::Table& interfaces_;
    const std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
};

}  // namespace vnet::service
