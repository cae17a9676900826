// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/joined_groups.hpp"

#include <array>
#include <memory>
#include <utility>

#include "graph/limits.hpp"

namespace vnet::ip6 {

namespace {
/// RFC 4291 2.8. The groups of the interface's own scope are on no wire.
constexpr std::array of_every_router = {wire::Ip6Address::all_nodes(),
                                        wire::Ip6Address::all_routers(),
                                        wire::Ip6Address(0xff05'0000'0000'0000, 2)};
}  // namespace

JoinedGroups::JoinedGroups(graph::Rcu& rcu) : rcu_(rcu), sets_(graph::max_interfaces) {}

void JoinedGroups::follow(Addresses& addresses) {
    addresses.observe(
        [this, &addresses](interface::Index interface, const wire::Ip6Prefix& own, bool added) {
            const wire::Ip6Address group = own.address().solicited_node();
            if (added) {
                if (enabled_.insert(interface).second) {
                    for (const wire::Ip6Address each : of_every_router) {
                        join(interface, each);
                    }
                }
                join(interface, group);
                return;
            }
            leave(interface, group);
            if (addresses.of(interface).empty() && enabled_.erase(interface) != 0) {
                for (const wire::Ip6Address each : of_every_router) {
                    leave(interface, each);
                }
            }
        });
}

void JoinedGroups::join(interface::Index interface, wire::Ip6Address group) {
    if (++joined_[interface][group] == 1) {
        changed(interface, group, true);
    }
}

void JoinedGroups::leave(interface::Index interface, wire::Ip6Address group) {
    const auto on = joined_.find(interface);
    const auto found = on == joined_.end() ? Groups::iterator() : on->second.find(group);
    if (on == joined_.end() || found == on->second.end() || --found->second != 0) {
        return;
    }
    on->second.erase(found);
    changed(interface, group, false);
}

void JoinedGroups::changed(interface::Index interface, wire::Ip6Address group, bool joined) {
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

}  // namespace vnet::ip6
