// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "vnet/fib/bucket_tables.hpp"

namespace vnet::fib {

/// Which member of a next-hop group has which buckets. Members are known by numbers; each has as
/// many buckets as its weight says, less or more than its exact share by less than one. As few
/// buckets as can be change hands: when a member goes, its own; when one comes, as many as it gets,
/// and those first that it had before. (Where weights differ, another one may have to move to keep
/// somebody's share.) Knows no paths and no workers.
class Shares {
public:
    static constexpr unsigned buckets = BucketTables::buckets;
    static constexpr unsigned most_members = BucketTables::most_members;
    using Member = uint8_t;
    static constexpr Member nobody = 0xff;

    Shares() {
        owners_.fill(nobody);
        claims_.fill(nobody);
    }

    /// Divides the buckets anew: `weights` of members 0, 1, ..., 0 for who is out. Which buckets
    /// have another owner now; all have none where all are out.
    std::vector<uint16_t> divide(std::span<const uint32_t> weights);
    Member owner(unsigned bucket) const noexcept { return owners_[bucket]; }
    unsigned count(Member member) const noexcept { return counts_[member]; }
    /// The number is somebody else's from now on, who has had no bucket before. It must be out.
    void forget(Member member) noexcept;

private:
    using Counts = std::array<unsigned, most_members>;
    /// What the member's share is above `count`, in parts of the sum of all weights, so that it is
    /// a whole number.
    int64_t missing(size_t member, unsigned count) const noexcept {
        return int64_t(buckets) * weights_[member] - int64_t(count) * all_weights_;
    }
    /// How many buckets each is to have.
    Counts aim() const noexcept;
    void give(unsigned bucket, Member member) noexcept;

    std::array<Member, buckets> owners_;
    /// Who had the bucket when it went out, the first where there were several.
    std::array<Member, buckets> claims_;
    std::array<uint32_t, most_members> weights_{};
    Counts counts_{};
    int64_t all_weights_ = 0;
};

}  // namespace vnet::fib
