// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/port_bitmap.hpp"

#include <bit>

namespace nat44 {
namespace {

constexpr uint64_t all = ~uint64_t{0};

/// How many ports of a range have the parity.
uint32_t size_of(PortRange range, Parity parity) noexcept {
    const bool first_has_it = parity_of(range.first) == parity;
    return parity == Parity::any ? range.size() : (range.size() + first_has_it) / 2;
}

}  // namespace

PortBitmap::PortBitmap(PortRange part)
    : part_(part), words_(std::make_unique<uint64_t[]>((part.size() + 63) / 64)) {}

bool PortBitmap::take(uint16_t port) noexcept {
    if (!part_.contains(port) || is_taken(port)) {
        return false;
    }
    words_[index_of(port) / 64] |= bit_of(port);
    count(port, 1);
    return true;
}

std::optional<uint16_t> PortBitmap::claim_in(PortRange among, uint32_t random,
                                             Parity parity) noexcept {
    if (!part_.contains(among.first) || !part_.contains(among.last)) {
        return std::nullopt;
    }
    auto found = find(among, random, parity);
    if (!found && parity != Parity::any) {
        found = find(among, random, Parity::any);
    }
    if (found) {
        take(*found);
    }
    return found;
}

void PortBitmap::release(uint16_t port) noexcept {
    if (is_taken(port)) {
        words_[index_of(port) / 64] &= ~bit_of(port);
        count(port, -1);
    }
}

bool PortBitmap::has_free(Parity parity) const noexcept {
    const uint32_t used = parity == Parity::any
                              ? this->used()
                              : used_[unsigned(parity)].load(std::memory_order_relaxed);
    return used < size_of(part_, parity);
}

std::optional<uint16_t> PortBitmap::find(PortRange among, uint32_t random,
                                         Parity parity) const noexcept {
    if (!has_free(parity)) {
        return std::nullopt;
    }
    constexpr uint64_t even_bits = 0x5555'5555'5555'5555;
    const uint64_t wanted = parity == Parity::any              ? all
                            : parity_of(part_.first) == parity ? even_bits
                                                               : ~even_bits;
    const uint32_t first = index_of(among.first);
    const uint32_t last = index_of(among.last);
    const uint64_t* words = words_.get();
    const auto free_of = [=](uint32_t word) {
        return ~words[word] & wanted & (word == first / 64 ? all << first % 64 : all) &
               (word == last / 64 ? all >> (63 - last % 64) : all);
    };
    // Without trying elsewhere, ports behind many that are taken would be taken most often, and
    // free ones be far from most others and easily guessed.
    uint32_t start = 0;
    uint64_t free = 0;
    for (unsigned tries = 0; tries < 4 && free == 0; ++tries) {
        start = first + uint32_t(uint64_t{random} * among.size() >> 32);
        free = free_of(start / 64);
        random = random * 1664525 + 1013904223;
    }
    uint32_t word = start / 64;
    for (uint32_t left = last / 64 - first / 64; free == 0 && left > 0; --left) {
        word = word == last / 64 ? first / 64 : word + 1;
        if ((words[word] | ~wanted) != all) [[unlikely]] {
            free = free_of(word);
        }
    }
    if (free == 0) {
        return std::nullopt;
    }
    // From the bit on where the random port is in its word, around the end.
    const unsigned turn = start % 64;
    const unsigned bit = (unsigned(std::countr_zero(std::rotr(free, int(turn)))) + turn) % 64;
    return uint16_t(part_.first + word * 64 + bit);
}

void PortBitmap::count(uint16_t port, int change) noexcept {
    auto& used = used_[port & 1];
    used.store(used.load(std::memory_order_relaxed) + uint32_t(change), std::memory_order_relaxed);
}

}  // namespace nat44
