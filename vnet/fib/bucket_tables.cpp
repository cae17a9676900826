// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/bucket_tables.hpp"

namespace vnet::fib {

GroupIndex BucketTables::make(PathIndex path) {
    if (free_.empty() && groups_.size() == capacity) {
        rcu_.flush();
    }
    GroupIndex group = 0;
    if (!free_.empty()) {
        group = free_.back();
        free_.pop_back();
        groups_[group] = {};
    } else if (groups_.size() < capacity) {
        group = GroupIndex(groups_.size());
        groups_.emplace_back();
    } else {
        return 0;
    }
    use_.take(group);
    places_[group].end.store(0, std::memory_order_release);
    for (std::atomic<PathIndex>& bucket : tables_[group]) {
        bucket.store(path, std::memory_order_release);
    }
    return group;
}

void BucketTables::set(GroupIndex group, unsigned bucket, PathIndex path) {
    tables_[group][bucket].store(path, std::memory_order_release);
    ++changes_;
}

void BucketTables::set_place(GroupIndex group, unsigned member, uint32_t interface) {
    Places& places = places_[group];
    const uint32_t end = places.end.load(std::memory_order_relaxed);
    for (uint32_t i = end; i < member; ++i) {
        places.interfaces[i].store(0, std::memory_order_relaxed);
    }
    places.interfaces[member].store(interface, std::memory_order_relaxed);
    if (member >= end) {
        places.end.store(member + 1, std::memory_order_release);
    }
}

void BucketTables::release(GroupIndex group) {
    groups_[group].leading = 0;
    rcu_.retire([this, group] {
        use_.leave(group);
        free_.push_back(group);
    });
}

}  // namespace vnet::fib
