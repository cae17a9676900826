// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/random.hpp"

#include <algorithm>
#include <bit>

#include "graph/random_number.hpp"

namespace nat44 {
namespace {

/// A word of so many blocks at once, which compilers make one vector of.
template <size_t lanes>
using Word = std::array<uint32_t, lanes>;
template <size_t lanes>
using State = std::array<Word<lanes>, 16>;

template <size_t lanes>
void add_then_rotate(Word<lanes>& sum, const Word<lanes>& by, Word<lanes>& rotated,
                     int bits) noexcept {
    for (size_t i = 0; i < lanes; ++i) {
        sum[i] += by[i];
        rotated[i] = std::rotl(rotated[i] ^ sum[i], bits);
    }
}

template <size_t lanes>
void quarter_round(State<lanes>& x, size_t a, size_t b, size_t c, size_t d) noexcept {
    add_then_rotate<lanes>(x[a], x[b], x[d], 16);
    add_then_rotate<lanes>(x[c], x[d], x[b], 12);
    add_then_rotate<lanes>(x[a], x[b], x[d], 8);
    add_then_rotate<lanes>(x[c], x[d], x[b], 7);
}

/// Consecutive blocks, one after the other, to `out`.
template <size_t lanes>
void blocks(const Random::Key& key, uint64_t counter, unsigned rounds, uint32_t* out) noexcept {
    // "expand 32-byte k".
    constexpr std::array<uint32_t, 4> constants = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    State<lanes> start{};
    for (size_t i = 0; i < lanes; ++i) {
        for (size_t word = 0; word < 4; ++word) {
            start[word][i] = constants[word];
        }
        for (size_t word = 0; word < key.size(); ++word) {
            start[4 + word][i] = key[word];
        }
        start[12][i] = uint32_t(counter + i);
        start[13][i] = uint32_t((counter + i) >> 32);
    }
    State<lanes> x = start;
    for (unsigned round = 0; round < rounds; round += 2) {
        for (size_t column = 0; column < 4; ++column) {
            quarter_round<lanes>(x, column, 4 + column, 8 + column, 12 + column);
        }
        for (size_t column = 0; column < 4; ++column) {
            quarter_round<lanes>(x, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4,
                                 12 + (column + 3) % 4);
        }
    }
    for (size_t word = 0; word < 16; ++word) {
        for (size_t i = 0; i < lanes; ++i) {
            out[i * 16 + word] = x[word][i] + start[word][i];
        }
    }
}

Random::Key system_key() {
    Random::Key key;
    for (size_t word = 0; word < key.size(); word += 2) {
        const uint64_t number = graph::random_number();
        key[word] = uint32_t(number);
        key[word + 1] = uint32_t(number >> 32);
    }
    return key;
}

}  // namespace

ChachaBlock chacha_block(const Random::Key& key, uint64_t counter, unsigned rounds) noexcept {
    ChachaBlock block;
    blocks<1>(key, counter, rounds, block.data());
    return block;
}

Random::Random() : Random(system_key()) {}

void Random::refill() noexcept {
    constexpr size_t lanes = 4;
    for (size_t block = 0; block < refilled / 16; block += lanes) {
        blocks<lanes>(key_, block, 8, &numbers_[block * 16]);
    }
    std::copy_n(numbers_.begin(), key_.size(), key_.begin());
    std::fill_n(numbers_.begin(), key_.size(), 0);
    next_ = key_.size();
}

}  // namespace nat44
