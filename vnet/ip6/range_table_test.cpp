// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/range_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string_view>

#include "graph/rcu.hpp"

namespace vnet::ip6 {
namespace {

using Key = RangeTable::Key;

Key key(std::string_view text) {
    return *wire::Ip6Address::parse(text);
}
Key after(Key at) {
    return {at.high + (at.low == UINT64_MAX), at.low + 1};
}
Key before(Key at) {
    return {at.high - (at.low == 0), at.low - 1};
}
constexpr Key lowest(0, 0);
constexpr Key highest(UINT64_MAX, UINT64_MAX);

/// The same by a map from the last address of each range.
class Model {
public:
    void paint(Key first, Key last, fib::PathIndex path) {
        if (first != lowest) {
            cut(before(first));
        }
        cut(last);
        ranges_.erase(ranges_.lower_bound(first), ranges_.upper_bound(last));
        ranges_[last] = path;
    }
    fib::PathIndex lookup(Key at) const { return ranges_.lower_bound(at)->second; }
    const std::map<Key, fib::PathIndex>& ranges() const { return ranges_; }

private:
    void cut(Key last) { ranges_.emplace(last, lookup(last)); }
    std::map<Key, fib::PathIndex> ranges_{{highest, 0}};
};

class RangeTableTest : public ::testing::Test {
protected:
    void paint(Key first, Key last, fib::PathIndex path) {
        ASSERT_TRUE(table.paint(first, last, path));
        model.paint(first, last, path);
        rcu.reclaim();
    }
    void paint(std::string_view text, fib::PathIndex path) {
        const auto prefix = *wire::Ip6Prefix::parse(text);
        paint(prefix.first(), prefix.last(), path);
    }
    /// At both ends of each range, one by one and in batches.
    void compare() {
        std::vector<Key> keys;
        Key first = lowest;
        for (const auto& [last, path] : model.ranges()) {
            keys.push_back(first);
            keys.push_back(last);
            first = after(last);
        }
        std::vector<fib::PathIndex> found(keys.size());
        const RangeTable::View view = table.view();
        for (size_t at = 0; at < keys.size(); at += 256) {
            const size_t count = std::min<size_t>(256, keys.size() - at);
            view.lookup({keys.data() + at, count}, found.data() + at);
        }
        for (size_t i = 0; i < keys.size(); ++i) {
            const fib::PathIndex expected = model.lookup(keys[i]);
            ASSERT_EQ(table.lookup(keys[i]), expected)
                << wire::Ip6Address(keys[i].high, keys[i].low);
            ASSERT_EQ(found[i], expected);
        }
    }
    /// Everything is painted away and given back.
    void empty() {
        paint(lowest, highest, 0);
        table.give_back();
        rcu.flush();
        table.give_back();
        EXPECT_EQ(table.nodes_in_use(), 0U);
        EXPECT_EQ(table.depth(), 0U);
    }

    graph::Rcu rcu{1};
    RangeTable table{rcu};
    Model model;
};

TEST_F(RangeTableTest, IsEmptyAtFirst) {
    EXPECT_EQ(table.lookup(key("::")), 0U);
    EXPECT_EQ(table.lookup(highest), 0U);
    table.set_default(7);
    EXPECT_EQ(table.lookup(key("::")), 7U);
    EXPECT_EQ(table.lookup(highest), 7U);
    EXPECT_EQ(table.nodes_in_use(), 0U);
}

TEST_F(RangeTableTest, LongestPrefixOfEveryLength) {
    for (unsigned length = 1; length <= 128; ++length) {
        const wire::Ip6Prefix prefix(*wire::Ip6Address::parse("2001:db8:5a5a:a5a5:3c3c::1"),
                                     uint8_t(length));
        paint(prefix.first(), prefix.last(), length);
    }
    compare();
    EXPECT_EQ(table.lookup(key("2001:db8:5a5a:a5a5:3c3c::1")), 128U);
    EXPECT_EQ(table.lookup(key("2001:db8:5a5a:a5a5:3c3c::")), 127U);
    EXPECT_EQ(table.lookup(key("8000::")), 0U);
    empty();
}

TEST_F(RangeTableTest, EndsOfTheAddresses) {
    paint("::/128", 1);
    paint("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 2);
    paint("::/64", 3);
    paint("ffff:ffff:ffff:ffff::/64", 4);
    paint("::1/128", 5);
    paint("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128", 6);
    compare();
    paint(lowest, lowest, 7);
    paint(highest, highest, 8);
    compare();
    empty();
}

TEST_F(RangeTableTest, RangesThatAreNoPrefixes) {
    paint(key("2001:db8::5"), key("2001:db8:0:3::9"), 1);
    paint(key("2001:db8:0:1::7"), key("2001:db8:0:2::2"), 2);
    paint(key("2001:db8:0:1::9"), key("2001:db8:0:1::9"), 3);
    compare();
    paint(key("2000::1"), key("2fff::fffe"), 4);
    compare();
    paint(key("2001:db8:0:1:ffff:ffff:ffff:ffff"), key("2001:db8:0:2::"), 5);
    compare();
    empty();
}

TEST_F(RangeTableTest, ManyHostsOfOneNetwork) {
    for (unsigned host = 0; host < 3000; ++host) {
        paint(Key(0x20010db800000000, host * 3), Key(0x20010db800000000, host * 3), host + 1);
    }
    compare();
    // A tree of six words a node: 6001 ranges need six levels where it is half full.
    EXPECT_LE(table.depth(), 8U);
    for (unsigned host = 0; host < 3000; ++host) {
        paint(Key(0x20010db800000000, host * 3), Key(0x20010db800000000, host * 3), 0);
    }
    compare();
    table.give_back();
    rcu.flush();
    EXPECT_EQ(table.nodes_in_use(), 0U);
}

TEST_F(RangeTableTest, DepthFollowsTheNumberOfRoutes) {
    std::mt19937_64 random(3);
    std::vector<uint64_t> networks;
    for (unsigned i = 0; i < 20'000; ++i) {
        // All behind one word.
        networks.push_back(0x2a0e'0000'0000'0000 | (random() & 0x0000'0fff'ffff'0000));
        paint(Key(networks.back(), 0), Key(networks.back() | 0xffff, UINT64_MAX), i + 1);
    }
    compare();
    EXPECT_LE(table.depth(), 8U);
    // 40,001 ranges in nodes that are five sixths full, and a fifth as many above them.
    EXPECT_LE(table.nodes_in_use(), 12'000U);
    // And gets less again.
    for (unsigned i = 0; i < 20'000; ++i) {
        if (i % 1000 != 0) {
            paint(Key(networks[i], 0), Key(networks[i] | 0xffff, UINT64_MAX), 0);
        }
    }
    compare();
    EXPECT_LE(table.depth(), 6U);
    table.give_back();
    rcu.flush();
    EXPECT_LE(table.nodes_in_use(), 60U);
    empty();
}

TEST_F(RangeTableTest, RandomLives) {
    for (unsigned seed = 0; seed < 12; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937_64 random(seed);
        // Few different bits, so that ranges meet, in both halves and across words.
        const auto some_key = [&] {
            const uint64_t upper =
                0x20010000'00000000 | (random() % 6) << 42 | (random() % 5) << 16 | random() % 3;
            const uint64_t lower = (random() % 4) << 62 | random() % 7;
            return Key(upper, random() % 3 == 0 ? 0 : lower);
        };
        for (unsigned step = 0; step < 1500; ++step) {
            const auto path = fib::PathIndex(random() % 6);
            if (random() % 3 == 0) {
                Key first = some_key();
                Key last = some_key();
                if (last < first) {
                    std::swap(first, last);
                }
                paint(first, last, path);
            } else {
                const wire::Ip6Address at(some_key().high, some_key().low);
                const wire::Ip6Prefix prefix(at, uint8_t(16 + random() % 113));
                paint(prefix.first(), prefix.last(), path);
            }
            if (step % 50 == 0) {
                compare();
                if (random() % 2 == 0) {
                    table.give_back();
                }
            }
        }
        compare();
        empty();
        if (HasFatalFailure()) {
            return;
        }
    }
}

TEST_F(RangeTableTest, EveryRootSize) {
    for (const unsigned bits : {12U, 16U, 18U, 24U}) {
        RangeTable other(rcu, {.root_bits = bits});
        for (unsigned length = 4; length <= 128; ++length) {
            const wire::Ip6Prefix prefix(*wire::Ip6Address::parse("2001:db8:5a5a:a5a5:3c3c::1"),
                                         uint8_t(length));
            ASSERT_TRUE(other.paint(prefix.first(), prefix.last(), length));
            EXPECT_EQ(other.lookup(prefix.first()), length);
            EXPECT_EQ(other.lookup(prefix.last()), length);
        }
    }
}

TEST_F(RangeTableTest, ReadersSeeTheDefaultInTheGaps) {
    table.set_default(9);
    paint("2001:db8::/32", 1);
    paint("2001:db8:1::/48", 0);
    EXPECT_EQ(table.lookup(key("2001:db8::1")), 1U);
    EXPECT_EQ(table.lookup(key("2001:db8:1::1")), 9U);
    const Key keys[] = {key("2001:db8::1"), key("2001:db8:1::1"), key("3000::")};
    fib::PathIndex paths[3];
    table.view().lookup(keys, paths);
    EXPECT_EQ(paths[0], 1U);
    EXPECT_EQ(paths[1], 9U);
    EXPECT_EQ(paths[2], 9U);
    table.view().lookup({}, paths);
}

TEST_F(RangeTableTest, FullTablesRefuseToGrowAndCanShrink) {
    RangeTable small(rcu, {.nodes = 1U << 16});
    // Every second address, until there is no room.
    const auto route = [](uint64_t number) {
        return Key(0x2001'0000'0000'0000 + number / 4096, number % 4096 * 2);
    };
    uint64_t count = 0;
    while (small.paint(route(count), route(count), fib::PathIndex(count % 1000 + 1))) {
        ++count;
        ASSERT_LT(count, 1'000'000U);
    }
    EXPECT_GT(count, 1U << 16);
    EXPECT_EQ(small.lookup(route(count)), 0U);
    EXPECT_NE(small.lookup(route(count - 1)), 0U);
    const uint64_t full = small.node_memory().touched_bytes;
    for (uint64_t i = 0; i < count; ++i) {
        ASSERT_TRUE(small.paint(route(i), route(i), 0, RangeTable::Room::all));
        ASSERT_EQ(small.lookup(route(i)), 0U);
        rcu.reclaim();
    }
    small.give_back();
    rcu.flush();
    small.give_back();
    EXPECT_EQ(small.nodes_in_use(), 0U);
    // Of a page of 2 MB that was used in part, the rest stays.
    EXPECT_LT(small.node_memory().touched_bytes, full / 4);
    EXPECT_TRUE(small.paint(route(1), route(1), 1));
}

}  // namespace
}  // namespace vnet::ip6
