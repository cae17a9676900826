// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/shares.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace vnet::fib {
namespace {

using Weights = std::vector<uint32_t>;
using Owners = std::vector<Shares::Member>;

Owners owners(const Shares& shares) {
    Owners all;
    for (unsigned bucket = 0; bucket < Shares::buckets; ++bucket) {
        all.push_back(shares.owner(bucket));
    }
    return all;
}

/// Nobody has more or less than its share by a whole bucket.
void expect_fair(const Shares& shares, const Weights& weights) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    unsigned all = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
        const unsigned count = shares.count(Shares::Member(i));
        const double exact = sum == 0 ? 0 : Shares::buckets * weights[i] / sum;
        ASSERT_LT(std::abs(count - exact), 1.0) << "member " << i << " has " << count;
        all += count;
    }
    ASSERT_EQ(all, sum == 0 ? 0 : Shares::buckets);
}

/// Divides, and says how many buckets changed between two who are both in, before and after.
unsigned moved_among_the_living(Shares& shares, const Weights& before, const Weights& now) {
    const Owners then = owners(shares);
    const auto changed = shares.divide(now);
    unsigned moved = 0;
    unsigned differ = 0;
    for (unsigned bucket = 0; bucket < Shares::buckets; ++bucket) {
        const Shares::Member from = then[bucket];
        const Shares::Member to = shares.owner(bucket);
        differ += from != to;
        moved += from != to && from != Shares::nobody && to != Shares::nobody && now[from] != 0 &&
                 before[to] != 0;
    }
    EXPECT_EQ(differ, changed.size());
    return moved;
}

TEST(Shares, NobodyIsThereAtFirst) {
    Shares shares;
    EXPECT_EQ(shares.owner(0), Shares::nobody);
    EXPECT_TRUE(shares.divide({}).empty());
    EXPECT_EQ(shares.divide(Weights{7}).size(), Shares::buckets);
    EXPECT_EQ(shares.count(0), Shares::buckets);
    EXPECT_EQ(shares.divide(Weights{0}).size(), Shares::buckets);
    EXPECT_EQ(shares.owner(Shares::buckets - 1), Shares::nobody);
}

TEST(Shares, FollowTheWeights) {
    Shares shares;
    (void)shares.divide(Weights{1, 2, 5});
    EXPECT_EQ(shares.count(0), 128u);
    EXPECT_EQ(shares.count(1), 256u);
    EXPECT_EQ(shares.count(2), 640u);
    (void)shares.divide(Weights{1, 1, 1});
    expect_fair(shares, {1, 1, 1});
}

TEST(Shares, OfEqualMembersOnlyTheBucketsOfWhoGoesMoveAndItGetsThemBack) {
    for (unsigned members = 2; members <= Shares::most_members; ++members) {
        SCOPED_TRACE(members);
        Shares shares;
        const Weights all(members, 1);
        (void)shares.divide(all);
        expect_fair(shares, all);
        const Owners before = owners(shares);
        const auto gone = Shares::Member(members / 2);
        Weights rest = all;
        rest[gone] = 0;
        EXPECT_EQ(moved_among_the_living(shares, all, rest), 0u);
        expect_fair(shares, rest);
        EXPECT_EQ(moved_among_the_living(shares, rest, all), 0u);
        expect_fair(shares, all);
        // Of what does not divide evenly each may have one more or less than before.
        const Owners after = owners(shares);
        unsigned elsewhere = 0;
        for (unsigned bucket = 0; bucket < Shares::buckets; ++bucket) {
            elsewhere += before[bucket] != after[bucket];
        }
        EXPECT_LE(elsewhere, Shares::buckets % members == 0 ? 0u : members);
    }
}

TEST(Shares, OfUnequalMembersHardlyAnyOtherMoves) {
    std::mt19937 random(5);
    for (unsigned round = 0; round < 300; ++round) {
        SCOPED_TRACE(round);
        const size_t members = 1 + random() % Shares::most_members;
        Weights full;
        for (size_t i = 0; i < members; ++i) {
            full.push_back(1 + random() % 256);
        }
        Shares shares;
        Weights now = full;
        (void)shares.divide(now);
        for (unsigned step = 0; step < 20; ++step) {
            Weights next = now;
            const size_t one = random() % members;
            next[one] = next[one] == 0 ? full[one] : 0;
            // To give everybody its share to within a bucket, some may have to move: never one of
            // each, and of few members none at all as a rule.
            ASSERT_LE(moved_among_the_living(shares, now, next), members / 2);
            expect_fair(shares, next);
            now = next;
        }
    }
}

TEST(Shares, WhenAllWereOutTheOldOwnersComeBack) {
    Shares shares;
    const Weights all{3, 1, 4};
    (void)shares.divide(all);
    const Owners before = owners(shares);
    (void)shares.divide(Weights{0, 0, 0});
    (void)shares.divide(Weights{0, 1, 0});
    EXPECT_EQ(shares.count(1), Shares::buckets);
    (void)shares.divide(all);
    EXPECT_EQ(owners(shares), before);
}

TEST(Shares, ANumberThatWasForgottenGetsAnyBuckets) {
    Shares shares;
    (void)shares.divide(Weights{1, 1});
    (void)shares.divide(Weights{1, 0});
    shares.forget(1);
    (void)shares.divide(Weights{1, 1});
    expect_fair(shares, {1, 1});
}

}  // namespace
}  // namespace vnet::fib
