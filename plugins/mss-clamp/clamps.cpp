// SPDX-License-Identifier: Apache-2.0
#include "plugins/mss-clamp/clamps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/mss-clamp/nodes.hpp"

namespace mss_clamp {

absl::Status Clamps::turn(Index interface, bool rx, bool tx) {
    const auto both = [&](auto family) {
        using Family = decltype(family);
        absl::Status status = graph_.set_feature(Family::unicast_arc, Family::rx, interface, rx);
        status.Update(graph_.set_feature(Family::output_arc, Family::tx, interface, tx));
        return status;
    };
    absl::Status status = both(Ip4());
    status.Update(both(Ip6()));
    return status;
}

absl::Status Clamps::set(const std::string& name, const Setting& setting) {
    const auto interface = table_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (setting.mss && (*setting.mss < least_mss || *setting.mss > most_mss)) {
        return absl::OutOfRangeError(fmt::format("an MSS of {} is out of range; give {} to {}",
                                                 *setting.mss, least_mss, most_mss));
    }
    const Index index = (*interface)->index;
    if (absl::Status status = turn(index, setting.rx, setting.tx); !status.ok()) {
        return status;
    }
    limits_.set(index, setting);
    const auto [entry, made] = entries_.try_emplace(index, Entry{setting, limits_.counts(index)});
    entry->second.setting = setting;
    return absl::OkStatus();
}

void Clamps::forget(Index interface) {
    (void)turn(interface, false, false);
    limits_.clear(interface);
    entries_.erase(interface);
}

absl::Status Clamps::reset(const std::string& name) {
    const auto interface = table_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (!entries_.contains((*interface)->index)) {
        return absl::NotFoundError(fmt::format(
            "interface '{}' clamps no MSS; `show mss-clamp` lists those that do", name));
    }
    forget((*interface)->index);
    return absl::OkStatus();
}

std::vector<Clamps::State> Clamps::all() const {
    std::vector<State> sorted;
    for (const auto& [index, entry] : entries_) {
        const Limits::Counts now = limits_.counts(index);
        sorted.push_back(
            {index,
             entry.setting,
             limits_.most(index, entry.setting, Headers::ip4),
             {now.clamped - entry.base.clamped, now.malformed - entry.base.malformed}});
    }
    std::sort(sorted.begin(), sorted.end(), [this](const State& a, const State& b) {
        return table_.name_of(a.interface) < table_.name_of(b.interface);
    });
    return sorted;
}

void Clamps::changed(const vnet::interface::Interface& interface, vnet::interface::Change change) {
    if (change == vnet::interface::Change::removing && entries_.contains(interface.index)) {
        forget(interface.index);
    }
}

}  // namespace mss_clamp
