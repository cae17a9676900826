// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>

#include "plugins/nat44/nat.hpp"

namespace nat44 {

/// What pools without samples of their own have counted. It never goes down, as counters must not:
/// each pool counts from when it came among these, and what it has counted stays when it goes.
/// Control thread.
class CountedByOthers {
public:
    /// So many pools have samples of their own, the first ones by name.
    explicit CountedByOthers(size_t labelled) : most_labelled_(labelled) {}
    /// As it is now; what is no counter is left out.
    const PoolUse& look(const Nat& nat) {
        std::set<uint64_t> labelled;
        std::map<uint64_t, PoolUse> last;
        size_t seen = 0;
        for (const auto& [name, pool] : nat.pools()) {
            if (seen++ < most_labelled_) {
                labelled.insert(pool.identity);
                continue;
            }
            const PoolUse& use = last.emplace(pool.identity, nat.use_of(pool)).first->second;
            const auto before = last_.find(pool.identity);
            if (before != last_.end()) {
                add_since(use, before->second);
            } else if (!labelled_.contains(pool.identity)) {
                add_since(use, {});
            }
        }
        last_ = std::move(last);
        labelled_ = std::move(labelled);
        return sum_;
    }

private:
    void add_since(const PoolUse& use, const PoolUse& before) {
        sum_.created += use.created - before.created;
        for (size_t i = 0; i < refusals; ++i) {
            sum_.refused[i] += use.refused[i] - before.refused[i];
        }
    }

    const size_t most_labelled_;
    /// By identity of pools: how they were at the last look.
    std::map<uint64_t, PoolUse> last_;
    std::set<uint64_t> labelled_;
    PoolUse sum_;
};

}  // namespace nat44
