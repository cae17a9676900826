// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/shares.hpp"

#include <algorithm>
#include <numeric>

namespace vnet::fib {

Shares::Counts Shares::aim() const noexcept {
    Counts aim{};
    if (all_weights_ == 0) {
        return aim;
    }
    unsigned spread = 0;
    for (size_t i = 0; i < most_members; ++i) {
        const auto most =
            unsigned((int64_t(buckets) * weights_[i] + all_weights_ - 1) / all_weights_);
        aim[i] = std::min(counts_[i], most);
        spread += aim[i];
    }
    const auto least_served = [&] {
        size_t neediest = 0;
        for (size_t i = 1; i < most_members; ++i) {
            if (missing(i, aim[i]) > missing(neediest, aim[neediest])) {
                neediest = i;
            }
        }
        return neediest;
    };
    for (; spread < buckets; ++spread) {
        ++aim[least_served()];
    }
    // Who is a whole bucket short gets it from who has most beyond its share.
    for (size_t poor = least_served(); missing(poor, aim[poor]) >= all_weights_;
         poor = least_served()) {
        size_t richest = 0;
        for (size_t i = 1; i < most_members; ++i) {
            if (missing(i, aim[i]) < missing(richest, aim[richest])) {
                richest = i;
            }
        }
        --aim[richest];
        ++aim[poor];
    }
    return aim;
}

void Shares::give(unsigned bucket, Member member) noexcept {
    const Member before = owners_[bucket];
    if (before != nobody) {
        --counts_[before];
        if (weights_[before] == 0 && claims_[bucket] == nobody) {
            claims_[bucket] = before;
        }
    }
    if (member != nobody) {
        ++counts_[member];
        if (claims_[bucket] == member) {
            claims_[bucket] = nobody;
        }
    }
    owners_[bucket] = member;
}

std::vector<uint16_t> Shares::divide(std::span<const uint32_t> weights) {
    weights_.fill(0);
    std::copy(weights.begin(), weights.end(), weights_.begin());
    all_weights_ = std::accumulate(weights.begin(), weights.end(), int64_t(0));
    const Counts aim = this->aim();

    std::vector<uint16_t> changed;
    const auto is_over = [&](unsigned bucket) {
        const Member owner = owners_[bucket];
        return owner == nobody ? all_weights_ != 0 : counts_[owner] > aim[owner];
    };
    // Who comes back gets first what it had.
    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
        const Member claim = claims_[bucket];
        if (claim != nobody && counts_[claim] < aim[claim] && is_over(bucket)) {
            give(bucket, claim);
            changed.push_back(uint16_t(bucket));
        }
    }
    Member next = 0;
    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
        if (!is_over(bucket)) {
            continue;
        }
        if (all_weights_ == 0) {
            give(bucket, nobody);
        } else {
            // In turn, so that what one leaves is spread over the others.
            while (counts_[next] >= aim[next]) {
                next = Member((next + 1) % most_members);
            }
            give(bucket, next);
            next = Member((next + 1) % most_members);
        }
        changed.push_back(uint16_t(bucket));
    }
    return changed;
}

void Shares::forget(Member member) noexcept {
    std::replace(claims_.begin(), claims_.end(), member, nobody);
}

}  // namespace vnet::fib
