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

JoinedGroups::~JoinedGroups() {
    for (const auto& [interface, groups] : joined_) {
        delete sets_[interface].load(std::memory_order_relaxed);
    }
}

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
    const Sorted* now = nullptr;
    if (groups.empty()) {
        joined_.erase(interface);
    } else {
        auto sorted = std::make_unique<Sorted>();
        for (const auto& [each, listeners] : groups) {
            sorted->push_back(each);
        }
        now = sorted.release();
    }
    std::shared_ptr<const Sorted> before(sets_[interface].exchange(now, std::memory_order_acq_rel));
    rcu_.retire([before = std::move(before)]() mutable { before.reset(); });
    for (const Observer& observer : observers_) {
        observer(interface, group, joined);
    }
}

}  // namespace vnet::ip6
