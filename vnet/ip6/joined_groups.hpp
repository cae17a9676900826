// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/ip6/addresses.hpp"

namespace vnet::ip6 {

/// The multicast groups that the router listens to, by interface (RFC 4291 2.8): all nodes and all
/// routers where IPv6 is enabled, the solicited-node group of each of its addresses, tentative ones
/// too, and what parts of the router join. Workers ask has(); all else is control's.
class JoinedGroups {
public:
    explicit JoinedGroups(graph::Rcu& rcu);
    JoinedGroups(const JoinedGroups&) = delete;
    JoinedGroups& operator=(const JoinedGroups&) = delete;

    // ---- control thread ----

    /// Joins what follows from addresses, from now on: to be called once, before there are any.
    /// Must outlive `addresses`.
    void follow(Addresses& addresses);
    /// Listens to a group on an interface until leave() was called as often.
    void join(interface::Index interface, wire::Ip6Address group);
    void leave(interface::Index interface, wire::Ip6Address group);
    /// How many listen to each group.
    using Groups = std::map<wire::Ip6Address, unsigned>;
    const std::map<interface::Index, Groups>& all() const noexcept { return joined_; }
    /// Calls back after the first joined a group (true) and after the last left it.
    using Observer = std::function<void(interface::Index, wire::Ip6Address, bool)>;
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }

    // ---- workers ----

    bool has(interface::Index interface, wire::Ip6Address group) const noexcept {
        const Sorted* set = interface < sets_.capacity()
                                ? sets_[interface].load(std::memory_order_acquire)
                                : nullptr;
        return set != nullptr && std::binary_search(set->begin(), set->end(), group);
    }

private:
    using Sorted = std::vector<wire::Ip6Address>;
    void changed(interface::Index interface, wire::Ip6Address group, bool joined);

    graph::Rcu& rcu_;
    std::map<interface::Index, Groups> joined_;
    /// Interfaces whose addresses made it join what all routers do.
    std::set<interface::Index> enabled_;
    std::vector<Observer> observers_;
    /// What workers see, by interface.
    std::map<interface::Index, std::shared_ptr<const Sorted>> owned_;
    /// One for each interface with groups, replaced as a whole.
    graph::StableArray<std::atomic<const Sorted*>> sets_;
};

}  // namespace vnet::ip6
