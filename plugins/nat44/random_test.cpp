// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

namespace nat44 {
namespace {

/// Of a block as its bytes are published.
ChachaBlock words(std::initializer_list<uint32_t> bytes_big_endian) {
    ChachaBlock block{};
    std::transform(bytes_big_endian.begin(), bytes_big_endian.end(), block.begin(),
                   [](uint32_t word) { return __builtin_bswap32(word); });
    return block;
}

/// The key streams of the key 0, which are widely published.
TEST(Chacha, MakesTheKnownBlocks) {
    EXPECT_EQ(chacha_block({}, 0, 20),
              words({0x76b8e0ad, 0xa0f13d90, 0x405d6ae5, 0x5386bd28, 0xbdd219b8, 0xa08ded1a,
                     0xa836efcc, 0x8b770dc7, 0xda41597c, 0x5157488d, 0x7724e03f, 0xb8d84a37,
                     0x6a43b8f4, 0x1518a11c, 0xc387b669, 0xb2ee6586}));
    EXPECT_EQ(chacha_block({}, 0, 8),
              words({0x3e00ef2f, 0x895f40d6, 0x7f5bb8e8, 0x1f09a5a1, 0x2c840ec3, 0xce9a7f3b,
                     0x181be188, 0xef711a1e, 0x984ce172, 0xb9216f41, 0x9f445367, 0x456d5619,
                     0x314a42a3, 0xda86b001, 0x387bfdb8, 0x0e0cfe42}));
}

/// 16 blocks of a key, whose first eight words are the next key.
TEST(Random, IsThatStreamWithKeysReplaced) {
    Random::Key key = {1, 2, 3, 4, 5, 6, 7, 8};
    Random random(key);
    for (unsigned refill = 0; refill < 3; ++refill) {
        Random::Key next{};
        for (unsigned i = 0; i < 16; ++i) {
            const ChachaBlock block = chacha_block(key, i, 8);
            const unsigned first = i == 0 ? 8 : 0;
            for (unsigned word = first; word < 16; ++word) {
                ASSERT_EQ(random(), block[word]);
            }
            if (i == 0) {
                std::copy_n(block.begin(), 8, next.begin());
            }
        }
        key = next;
    }
}

TEST(Random, IsKeyedByTheSystem) {
    Random one;
    Random other;
    unsigned same = 0;
    unsigned bits = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        const uint32_t number = one();
        same += number == other();
        bits += unsigned(std::popcount(number));
    }
    EXPECT_LT(same, 3u);
    EXPECT_NEAR(bits, 16'000, 600);
}

}  // namespace
}  // namespace nat44
