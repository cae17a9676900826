// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "graph/limits.hpp"
#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"

namespace vnet::membership {

/// The multicast groups that the router listens to, by interface. `Address` is Ip4Address or
/// Ip6Address. Workers ask has(); all else is control's.
template <class Address>
class JoinedGroups {
public:
    explicit JoinedGroups(graph::Rcu& rcu) : rcu_(rcu), sets_(graph::max_interfaces) {}
    JoinedGroups(const JoinedGroups&) = delete;
    JoinedGroups& operator=(const JoinedGroups&) = delete;

    // ---- control thread ----

    /// Listens to a group on an interface until leave() was called as often.
    void join(interface::Index interface, Address group) {
        if (++joined_[interface][group] == 1) {
            changed(interface, group, true);
        }
    }
    void leave(interface::Index interface, Address group) {
        const auto on = joined_.find(interface);
        const auto found =
            on == joined_.end() ? typename Groups::iterator() : on->second.find(group);
        if (on == joined_.end() || found == on->second.end() || --found->second != 0) {
            return;
        }
        on->second.erase(found);
        changed(interface, group, false);
    }
    /// How many listen to each group.
    using Groups = std::map<Address, unsigned>;
    const std::map<interface::Index, Groups>& all() const noexcept { return joined_; }
    /// Calls back after the first joined a group (true) and after the last left it.
    using Observer = std::function<void(interface::Index, Address, bool)>;
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }

    // ---- workers ----

    bool has(interface::Index interface, Address group) const noexcept {
        const Sorted* set = interface < sets_.capacity()
                                ? sets_[interface].load(std::memory_order_acquire)
                                : nullptr;
        return set != nullptr && std::binary_search(set->begin(), set->end(), group);
    }

private:
    using Sorted = std::vector<Address>;

    void changed(interface::Index interface, Address group, bool joined) {
        const Groups& groups = joined_.at(interface);
        auto now = std::make_shared<Sorted>();
        for (const auto& [each, listeners] : groups) {
            now->push_back(each);
        }
        sets_[interface].store(groups.empty() ? nullptr : now.get(), std::memory_order_release);
        auto before = std::exchange(owned_[interface], std::move(now));
        rcu_.retire([before = std::move(before)]() mutable { before.reset(); });
        if (groups.empty()) {
            joined_.erase(interface);
            owned_.erase(interface);
        }
        for (const Observer& observer : observers_) {
            observer(interface, group, joined);
        }
    }

    graph::Rcu& rcu_;
    std::map<interface::Index, Groups> joined_;
    std::vector<Observer> observers_;
    /// What workers see, by interface.
    std::map<interface::Index, std::shared_ptr<const Sorted>> owned_;
    /// One for each interface with groups, replaced as a whole.
    graph::StableArray<std::atomic<const Sorted*>> sets_;
};

}  // namespace vnet::membership
