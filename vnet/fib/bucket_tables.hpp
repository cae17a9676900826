// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/fib/page_use.hpp"

namespace vnet::fib {

using PathIndex = uint32_t;
/// A next-hop group of either family. 0 is never given.
using GroupIndex = uint16_t;

/// What workers know of next-hop groups: of each a table of buckets, and in each bucket the path
/// that its flows take. A bucket is changed by one store, so a worker finds the old path or the
/// new one; which is whose is Shares' affair. Control makes, changes and releases; places are used
/// again only after every worker has passed a quiescent state.
class BucketTables {
public:
    /// Of each group: shares are that fine.
    static constexpr unsigned buckets = 1024;
    static constexpr size_t capacity = 4096;

    static constexpr unsigned most_members = 64;

    explicit BucketTables(graph::Rcu& rcu)
        : rcu_(rcu), tables_(capacity), places_(capacity), groups_(1) {}
    BucketTables(const BucketTables&) = delete;
    BucketTables& operator=(const BucketTables&) = delete;

    // ---- workers ----
    static constexpr unsigned bucket_of(uint32_t hash) noexcept { return hash % buckets; }
    PathIndex path(GroupIndex group, unsigned bucket) const noexcept {
        return tables_[group][bucket].load(std::memory_order_acquire);
    }
    /// Whether a member of the group is behind an interface, be it in or out.
    bool leads_by(GroupIndex group, uint32_t interface) const noexcept {
        return has_place(group, [interface](uint32_t place) { return place == interface; });
    }
    /// Whether a member of the group is anywhere, be it in or out.
    bool leads_anywhere(GroupIndex group) const noexcept {
        return has_place(group, [](uint32_t place) { return place != 0; });
    }

    // ---- control thread ----

    /// A group all of whose buckets lead to `path`. 0 when there are as many as can be.
    GroupIndex make(PathIndex path);
    void set(GroupIndex group, unsigned bucket, PathIndex path);
    /// Where a member is, by its number; 0: nowhere.
    void set_place(GroupIndex group, unsigned member, uint32_t interface);
    /// Gives a group back that no route leads to.
    void release(GroupIndex group);

    /// The path that leads to the group; 0 where there is no such group.
    PathIndex leading_to(GroupIndex group) const noexcept {
        return group < groups_.size() ? groups_[group].leading : 0;
    }
    void set_leading(GroupIndex group, PathIndex path) noexcept { groups_[group].leading = path; }
    /// A route leads to it, or does no longer.
    void hold(GroupIndex group) noexcept { ++groups_[group].routes; }
    void let_go(GroupIndex group) noexcept { --groups_[group].routes; }
    uint32_t routes(GroupIndex group) const noexcept { return groups_[group].routes; }

    /// How many buckets were ever changed: what a repair costs.
    uint64_t changes() const noexcept { return changes_; }
    /// Groups of both families, those that wait for a grace period included.
    size_t in_use() const noexcept { return groups_.size() - 1 - free_.size(); }
    graph::MemoryUse memory() const noexcept { return tables_.memory(); }
    size_t give_back() { return use_.give_back(); }

private:
    using Table = std::array<std::atomic<PathIndex>, buckets>;
    /// By number of member.
    struct Places {
        std::array<std::atomic<uint32_t>, most_members> interfaces;
        /// One more than the highest number that ever was.
        std::atomic<uint32_t> end;
    };
    struct Group {
        PathIndex leading = 0;
        uint32_t routes = 0;
    };

    template <class Which>
    bool has_place(GroupIndex group, const Which& which) const noexcept {
        const Places& places = places_[group];
        const uint32_t end = places.end.load(std::memory_order_acquire);
        for (uint32_t i = 0; i < end; ++i) {
            if (which(places.interfaces[i].load(std::memory_order_relaxed))) {
                return true;
            }
        }
        return false;
    }

    graph::Rcu& rcu_;
    graph::StableArray<Table> tables_;
    graph::StableArray<Places> places_;
    PageUse<Table> use_{tables_};
    std::vector<Group> groups_;
    std::vector<GroupIndex> free_;
    uint64_t changes_ = 0;
};

}  // namespace vnet::fib
