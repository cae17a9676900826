// SPDX-License-Identifier: Apache-2.0
#include "plugins/cross-connect/connections.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cross_connect {

using vnet::interface::Change;
using vnet::interface::Interface;

Connections::~Connections() {
    for (const auto& [interface, peer] : peers_) {
        table_.takers().release(interface);
    }
}

absl::Status Connections::turn(Index interface, Index peer) {
    // A worker that meets the feature finds the peer, and none that has the peer misses the
    // feature.
    node_.set(interface, peer);
    return graph_.set_feature(arc, std::string(Connect::info.name), interface, peer != 0);
}

absl::Status Connections::add(const std::string& a, const std::string& b) {
    const auto first = table_.find(a);
    const auto second = table_.find(b);
    for (const auto& found : {first, second}) {
        if (!found.ok()) {
            return found.status();
        }
        if (auto status = table_.takers().check((*found)->index); !status.ok()) {
            return status;
        }
    }
    if (*first == *second) {
        return absl::InvalidArgumentError(
            fmt::format("interface '{}' cannot be joined with itself; name two", a));
    }
    const Index one = (*first)->index;
    const Index other = (*second)->index;
    absl::Status status = turn(one, other);
    status.Update(turn(other, one));
    if (!status.ok()) {
        (void)turn(one, 0);
        (void)turn(other, 0);
        return status;
    }
    for (const auto& [interface, peer] : {std::pair(*first, *second), std::pair(*second, *first)}) {
        (void)table_.takers().claim(interface->index, fmt::format("joined with '{}'", peer->name));
        peers_[interface->index] = peer->index;
    }
    pairs_[one] = other;
    return absl::OkStatus();
}

void Connections::part(Index interface) {
    const Index peer = peers_.at(interface);
    for (const Index index : {interface, peer}) {
        (void)graph_.set_feature(arc, std::string(Connect::info.name), index, false);
        // Packets that are on their way to the node already are dropped there by name.
        node_.set(index, 0);
        table_.takers().release(index);
        peers_.erase(index);
        pairs_.erase(index);
    }
}

absl::Status Connections::remove(const std::string& a, const std::string& b) {
    const auto first = table_.find(a);
    const auto second = table_.find(b);
    for (const auto& found : {first, second}) {
        if (!found.ok()) {
            return found.status();
        }
    }
    const auto peer = peers_.find((*first)->index);
    if (peer == peers_.end() || peer->second != (*second)->index) {
        return absl::NotFoundError(
            fmt::format("'{}' and '{}' are not joined; `show cross-connect` lists what is", a, b));
    }
    part((*first)->index);
    return absl::OkStatus();
}

std::vector<std::pair<Index, Index>> Connections::all() const {
    std::vector<std::pair<Index, Index>> sorted(pairs_.begin(), pairs_.end());
    std::sort(sorted.begin(), sorted.end(), [this](const auto& x, const auto& y) {
        return table_.name_of(x.first) < table_.name_of(y.first);
    });
    return sorted;
}

void Connections::changed(const Interface& interface, Change change) {
    if (change == Change::removing && peers_.contains(interface.index)) {
        part(interface.index);
    }
}

}  // namespace cross_connect
