// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/pool_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <unordered_map>

namespace nat44 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr PoolAddresses::Pool a{3, "a"};
constexpr PoolAddresses::Pool b{0, "b"};

AddressRange range(std::string_view first, std::string_view last) {
    return {Ip4Address::parse(first).value(), Ip4Address::parse(last).value()};
}
template <class Answer>
void expect_refused(const Answer& answer, absl::StatusCode code, const std::string& sentence) {
    EXPECT_EQ(answer.status().code(), code) << answer.status();
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr(sentence));
}

TEST(PoolAddresses, RefusesWhatNoHostHas) {
    PoolAddresses addresses;
    const struct {
        const char* first;
        const char* last;
        const char* sentence;
    } refused[] = {
        {"0.0.0.0", "0.0.0.0", "pool 'a' cannot have 0.0.0.0: 0.0.0.0/8 is \"this network\""},
        {"0.255.255.255", "1.0.0.5", "0.0.0.0/8 is"},
        {"126.0.0.0", "128.0.0.0", "127.0.0.0/8 is loopback"},
        {"169.254.1.1", "169.254.1.2", "169.254.0.0/16 is link-local"},
        {"223.255.255.255", "224.0.0.0", "224.0.0.0/4 is multicast"},
        {"240.0.0.1", "240.0.0.2", "240.0.0.0/4 is reserved (class E)"},
        {"255.255.255.255", "255.255.255.255", "255.255.255.255/32 is the limited broadcast"},
        {"192.0.2.2", "192.0.2.1", "the first address is above the last"},
    };
    for (const auto& [first, last, sentence] : refused) {
        expect_refused(addresses.add(a, range(first, last)), absl::StatusCode::kInvalidArgument,
                       sentence);
    }
    EXPECT_EQ(addresses.size(), 0u);
}

TEST(PoolAddresses, RefusesWhatOverlaps) {
    PoolAddresses addresses;
    ASSERT_TRUE(addresses.add(a, range("192.0.2.10", "192.0.2.19")).ok());
    ASSERT_TRUE(addresses.add(b, range("192.0.2.30", "192.0.2.39")).ok());
    for (const auto& overlapping :
         {range("192.0.2.0", "192.0.2.10"), range("192.0.2.19", "192.0.2.25"),
          range("192.0.2.12", "192.0.2.13"), range("192.0.2.10", "192.0.2.19"),
          range("192.0.2.0", "192.0.2.29")}) {
        expect_refused(addresses.add(b, overlapping), absl::StatusCode::kAlreadyExists,
                       "pool 'a' has 192.0.2.10-192.0.2.19");
    }
    expect_refused(addresses.add(b, range("192.0.2.0", "192.0.2.255")),
                   absl::StatusCode::kAlreadyExists, "pool 'b' has 192.0.2.30-192.0.2.39");
    EXPECT_TRUE(addresses.add(b, range("192.0.2.20", "192.0.2.29")).ok());
    EXPECT_THAT(addresses.ranges(b.number),
                ElementsAre(range("192.0.2.20", "192.0.2.29"), range("192.0.2.30", "192.0.2.39")));
    EXPECT_EQ(addresses.size(), 30u);
}

TEST(PoolAddresses, RemovesRangesAsTheyWereAdded) {
    PoolAddresses addresses;
    ASSERT_TRUE(addresses.add(a, range("192.0.2.10", "192.0.2.19")).ok());
    expect_refused(addresses.remove(a, range("192.0.2.10", "192.0.2.18")),
                   absl::StatusCode::kNotFound,
                   "pool 'a' has no range 192.0.2.10-192.0.2.18; give one as it was added");
    expect_refused(addresses.remove(b, range("192.0.2.10", "192.0.2.19")),
                   absl::StatusCode::kNotFound, "pool 'b' has no range");
    ASSERT_TRUE(addresses.remove(a, range("192.0.2.10", "192.0.2.19")).ok());
    EXPECT_EQ(addresses.size(), 0u);
    EXPECT_THAT(addresses.ranges(a.number), ElementsAre());
    EXPECT_EQ(addresses.index(1).find(Ip4Address(192, 0, 2, 10)), nullptr);
}

TEST(PoolAddresses, KeepsNumbersUntilNobodyHasThem) {
    PoolAddresses addresses;
    ASSERT_TRUE(addresses.add(a, range("192.0.0.0", "192.0.127.255")).ok());
    ASSERT_TRUE(addresses.add(b, range("192.0.128.0", "192.0.255.255")).ok());
    expect_refused(addresses.add(b, range("192.1.0.0", "192.1.0.0")),
                   absl::StatusCode::kResourceExhausted,
                   "pool 'b' cannot have the 1 addresses 192.1.0.0: all pools together have 65536 "
                   "at most, of which 0 are free now");
    const auto gone = addresses.remove(a, range("192.0.0.0", "192.0.127.255"));
    ASSERT_TRUE(gone.ok());
    EXPECT_EQ(gone->size(), 32768u);
    EXPECT_FALSE(addresses.add(b, range("192.1.0.0", "192.1.0.0")).ok());
    addresses.recycle(*gone);
    const auto added = addresses.add(b, range("192.1.0.0", "192.1.127.255"));
    ASSERT_TRUE(added.ok());
    EXPECT_EQ(std::set(gone->begin(), gone->end()), std::set(added->begin(), added->end()));
}

TEST(AddressIndex, FindsWhatThereIsWhateverIsDone) {
    std::mt19937 random(1);
    for (unsigned round = 0; round < 20; ++round) {
        PoolAddresses addresses;
        std::unordered_map<Ip4Address, OutsideAddress> all;
        const PoolAddresses::Pool pools[] = {a, b};
        for (unsigned step = 0; step < 60; ++step) {
            const uint32_t first = 0x0b000000 + (random() & 0xffff);
            const AddressRange range{Ip4Address(first),
                                     Ip4Address(uint32_t(first + random() % 200))};
            const PoolAddresses::Pool pool = pools[random() % 2];
            if (const auto numbers = addresses.add(pool, range); numbers.ok()) {
                for (uint32_t i = 0; i < range.size(); ++i) {
                    const Ip4Address address(first + i);
                    all[address] = {address, (*numbers)[i], pool.number};
                }
            }
            const auto ranges = addresses.ranges(pool.number);
            if (step % 4 == 3 && !ranges.empty()) {
                const AddressRange gone = ranges[random() % ranges.size()];
                const auto numbers = addresses.remove(pool, gone);
                ASSERT_TRUE(numbers.ok());
                addresses.recycle(*numbers);
                std::erase_if(all, [&](const auto& one) { return gone.contains(one.first); });
            }
        }
        const AddressIndex index = addresses.index(random());
        EXPECT_EQ(addresses.size(), all.size());
        for (uint32_t i = 0; i < 0x10200; ++i) {
            const Ip4Address address(0x0b000000 + i);
            const auto expected = all.find(address);
            const OutsideAddress* found = index.find(address);
            ASSERT_EQ(found != nullptr, expected != all.end()) << address;
            if (found != nullptr) {
                ASSERT_EQ(found->address, address);
                ASSERT_EQ(found->number, expected->second.number);
                ASSERT_EQ(found->pool, expected->second.pool);
            }
        }
        EXPECT_EQ(index.find(Ip4Address()), nullptr);
        EXPECT_EQ(index.find(Ip4Address(255, 255, 255, 255)), nullptr);
        for (const auto& pool : pools) {
            if (!addresses.ranges(pool.number).empty()) {
                EXPECT_EQ(index.pick(pool.number, random())->pool, pool.number);
            }
        }
        EXPECT_EQ(index.pick(1, 7), nullptr);
        EXPECT_EQ(index.pick(65535, 7), nullptr);
    }
}

/// Few cache lines, whatever the ranges are: eight places are one.
TEST(AddressIndex, SearchesAreShort) {
    for (const uint32_t step : {1u, 2u, 256u, 4096u}) {
        for (const uint32_t ranges : {1u, 2u, 63u, 128u}) {
            for (const uint32_t length : {1u, 16u, 256u}) {
                PoolAddresses addresses;
                for (uint32_t i = 0; i < ranges; ++i) {
                    const uint32_t first = 0x50000000 + i * step * length;
                    ASSERT_TRUE(
                        addresses.add(a, {Ip4Address(first), Ip4Address(first + length - 1)}).ok());
                }
                EXPECT_LE(addresses.index(42).longest_search(), 8u)
                    << ranges << " of " << length << ", by " << step;
            }
        }
    }
}

TEST(AddressIndex, IsSmallWhereThereIsNone) {
    const AddressIndex index = PoolAddresses().index(1);
    EXPECT_EQ(index.find(Ip4Address(192, 0, 2, 1)), nullptr);
    EXPECT_EQ(index.find(Ip4Address()), nullptr);
    EXPECT_EQ(index.pick(0, 1), nullptr);
}

}  // namespace
}  // namespace nat44
