// SPDX-License-Identifier: Apache-2.0
#include "plugins/urpf/checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/urpf/node.hpp"

namespace urpf {

absl::Status Checks::turn(Index interface, bool on) {
    using Words4 = Words<vnet::ip4::Family>;
    using Words6 = Words<vnet::ip6::Family>;
    absl::Status status = graph_.set_feature(Words4::arc, std::string(Words4::node), interface, on);
    status.Update(graph_.set_feature(Words6::arc, std::string(Words6::node), interface, on));
    return status;
}

absl::Status Checks::set(const std::string& name, const Setting& setting) {
    const auto interface = table_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const Index index = (*interface)->index;
    // Before the nodes look, and at once where they do.
    modes_.set(index, setting);
    if (absl::Status status = turn(index, true); !status.ok()) {
        forget(index);
        return status;
    }
    const auto [entry, made] = entries_.try_emplace(index, Entry{setting, modes_.dropped(index)});
    entry->second.setting = setting;
    return absl::OkStatus();
}

void Checks::forget(Index interface) {
    (void)turn(interface, false);
    modes_.set(interface, {});
    entries_.erase(interface);
}

absl::Status Checks::reset(const std::string& name) {
    const auto interface = table_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (!entries_.contains((*interface)->index)) {
        return absl::NotFoundError(fmt::format(
            "interface '{}' checks no sources; `show source-check` lists those that do", name));
    }
    forget((*interface)->index);
    return absl::OkStatus();
}

std::vector<Checks::State> Checks::all() const {
    std::vector<State> sorted;
    for (const auto& [index, entry] : entries_) {
        sorted.push_back(
            {table_.name_of(index), entry.setting, modes_.dropped(index) - entry.base});
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const State& a, const State& b) { return a.interface < b.interface; });
    return sorted;
}

void Checks::changed(const vnet::interface::Interface& interface, vnet::interface::Change change) {
    if (change == vnet::interface::Change::removing && entries_.contains(interface.index)) {
        forget(interface.index);
    }
}

}  // namespace urpf
