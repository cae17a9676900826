// SPDX-License-Identifier: Apache-2.0
#include "vnet/tunnel/endpoints.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

namespace vnet::tunnel {
namespace {

using wire::Ip4Address;
using wire::Ip6Address;
using Key = Endpoint<Ip4Address>;

Key key_of(uint32_t i) {
    return {Ip4Address(0xc0000201 + i % 3), Ip4Address(0x0a000000 + i % 1000), i / 1000,
            interface::Vrf(i % 2)};
}

TEST(Endpoints, FindWhatWasAddedAndNothingElse) {
    graph::Rcu rcu(1);
    Endpoints<Ip4Address> endpoints(rcu);
    const Key key{Ip4Address(1), Ip4Address(2), 7, 3};
    EXPECT_EQ(endpoints.find(key), 0U);
    EXPECT_TRUE(endpoints.add(key, 5));
    EXPECT_FALSE(endpoints.add(key, 6));
    EXPECT_EQ(endpoints.find(key), 5U);
    EXPECT_EQ(endpoints.size(), 1U);
    for (const Key& other :
         {Key{Ip4Address(2), Ip4Address(1), 7, 3}, Key{Ip4Address(1), Ip4Address(), 7, 3},
          Key{Ip4Address(1), Ip4Address(2), uint64_t{1} << 32 | 7, 3},
          Key{Ip4Address(1), Ip4Address(2), 7, 2}}) {
        EXPECT_EQ(endpoints.find(other), 0U);
    }
    endpoints.remove(key);
    endpoints.remove(key);
    EXPECT_EQ(endpoints.find(key), 0U);
    EXPECT_EQ(endpoints.size(), 0U);
    EXPECT_TRUE(endpoints.add(key, 8));
    EXPECT_EQ(endpoints.find(key), 8U);
}

TEST(Endpoints, AreOfIp6AsWell) {
    graph::Rcu rcu(1);
    Endpoints<Ip6Address> endpoints(rcu);
    const Endpoint<Ip6Address> key{Ip6Address(1, 2), Ip6Address(1, 3), 0, 0};
    EXPECT_TRUE(endpoints.add(key, 5));
    EXPECT_EQ(endpoints.find(key), 5U);
    EXPECT_EQ(endpoints.find({Ip6Address(2, 1), Ip6Address(1, 3), 0, 0}), 0U);
}

/// Two tables of the same keys lie differently, and answer the same.
TEST(Endpoints, FindManyThatDifferInOneWordOnly) {
    graph::Rcu rcu(1);
    Endpoints<Ip6Address> one(rcu);
    Endpoints<Ip6Address> other(rcu);
    constexpr uint64_t keys = 20'000;
    const auto key = [](uint64_t i) {
        // Whatever a stranger may choose: the upper half of the address, the lower, or both alike.
        const Ip6Address remote = i % 3 == 0   ? Ip6Address(i << 32, 1)
                                  : i % 3 == 1 ? Ip6Address(1, i << 40)
                                               : Ip6Address(i, i);
        return Endpoint<Ip6Address>{Ip6Address(1, 2), remote, 7, 0};
    };
    for (uint64_t i = 1; i <= keys; ++i) {
        ASSERT_TRUE(one.add(key(i), uint32_t(i)));
        ASSERT_TRUE(other.add(key(i), uint32_t(i)));
    }
    for (uint64_t i = 1; i <= keys; ++i) {
        ASSERT_EQ(one.find(key(i)), i);
        ASSERT_EQ(other.find(key(i)), i);
    }
    EXPECT_EQ(one.find(key(keys + 1)), 0U);
}

TEST(Endpoints, AgreeWithAListAfterManyChanges) {
    graph::Rcu rcu(1);
    Endpoints<Ip4Address> endpoints(rcu);
    constexpr uint32_t keys = 3000;
    std::vector<uint32_t> expected(keys, 0);
    std::mt19937 random(7);
    for (uint32_t step = 0; step < 60'000; ++step) {
        const uint32_t i = random() % keys;
        if (expected[i] == 0) {
            expected[i] = 1 + step;
            EXPECT_TRUE(endpoints.add(key_of(i), 1 + step));
        } else {
            expected[i] = 0;
            endpoints.remove(key_of(i));
        }
        rcu.reclaim();
    }
    size_t used = 0;
    for (uint32_t i = 0; i < keys; ++i) {
        EXPECT_EQ(endpoints.find(key_of(i)), expected[i]) << i;
        used += expected[i] != 0;
    }
    EXPECT_EQ(endpoints.size(), used);
    // What went does not pile up.
    EXPECT_LE(endpoints.memory_bytes(), 16 * keys * sizeof(Key));
}

TEST(Endpoints, AreReadWhileTheyChange) {
    graph::Rcu rcu(1);
    Endpoints<Ip4Address> endpoints(rcu);
    const Key stays = key_of(0);
    endpoints.add(stays, 1);
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> rounds{0};
    uint64_t wrong = 0;
    std::thread reader([&] {
        rcu.join(0);
        rcu.online(0);
        while (!stop.load()) {
            wrong += endpoints.find(stays) != 1;
            for (uint32_t i = 1; i < 64; ++i) {
                const interface::Index found = endpoints.find(key_of(i));
                wrong += found != 0 && found != 1 + i;
            }
            rcu.quiescent(0);
            rounds.fetch_add(1);
        }
        rcu.offline(0);
        rcu.leave(0);
    });
    for (uint32_t step = 0; step < 20'000 || rounds.load() < 100; ++step) {
        const uint32_t i = 1 + step % 63;
        endpoints.add(key_of(i), 1 + i);
        endpoints.remove(key_of(1 + (step + 31) % 63));
        rcu.reclaim();
    }
    stop.store(true);
    reader.join();
    EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace vnet::tunnel
