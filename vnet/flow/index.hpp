// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <emmintrin.h>

#include <array>
#include <bit>
#include <cstdint>

#include "graph/stable_array.hpp"

namespace vnet::flow {

/// A hash table of numbers: it finds the number of who has a key, whatever keys are, and keeps none
/// itself. One thread uses it. Nothing is allocated after it was made, and nothing ever moves.
///
/// A bucket is one cache line of 12 places. Each has a byte of the hash beside the others in front,
/// so that one instruction compares all of them, and 7 more bits in the number's word: of who is
/// not meant, one in 32768 is looked at. What finds its bucket full goes to the next one, and is
/// counted in those that it passed, so that a search ends at the first bucket that nobody passed
/// and what is erased leaves no trace.
class Index {
public:
    /// What a number may be at most.
    static constexpr uint32_t most_value = (1U << 25) - 1;
    static constexpr uint32_t none = ~uint32_t(0);
    static constexpr unsigned places = 12;
    /// Buckets that a number may be put away from its own. What finds no place there is refused.
    static constexpr unsigned most_passed = 256;

    /// Room for `values` numbers with buckets filled to `load`, above 0 and at most 0.9.
    explicit Index(uint64_t values, double load = default_load)
        : count_(size_t(double(values) / (places * load)) + 1),
          buckets_(count_, graph::Pages::large) {}

    /// Where buckets are filled to in use: one in forty numbers is not in its own bucket. At 0.8 it
    /// is one in twenty, and a quarter of the buckets send on who searches in vain.
    static constexpr double default_load = 0.7;

    void prefetch(uint64_t hash) const noexcept { __builtin_prefetch(&buckets_[home(hash)]); }

    /// A number that is most likely the one, to fetch what is known of it: the first of its bucket
    /// whose bits agree. `none` where there is none in it; then the next bucket, where it may be,
    /// is fetched for find().
    uint32_t guess(uint64_t hash) const noexcept {
        const Bucket& bucket = buckets_[home(hash)];
        for (unsigned hits = bucket.hits(tag(hash)); hits != 0; hits &= hits - 1) {
            const uint32_t slot = bucket.slots[unsigned(std::countr_zero(hits))];
            if (slot >> 25 == more(hash)) [[likely]] {
                return slot & most_value;
            }
        }
        // Without a branch, which nobody could foretell: else this one again.
        __builtin_prefetch(&bucket + (bucket.passed != 0));
        return none;
    }

    /// The number for which `same(number)` says that it has the key; `none` where there is none.
    template <class Same>
    uint32_t find(uint64_t hash, Same same) const noexcept {
        size_t at = home(hash);
        for (unsigned passed = 0; passed <= most_passed; ++passed) {
            const Bucket& bucket = buckets_[at];
            for (unsigned hits = bucket.hits(tag(hash)); hits != 0; hits &= hits - 1) {
                const uint32_t slot = bucket.slots[unsigned(std::countr_zero(hits))];
                if (slot >> 25 == more(hash) && same(slot & most_value)) {
                    return slot & most_value;
                }
            }
            if (bucket.passed == 0) [[likely]] {
                break;
            }
            at = next(at);
        }
        return none;
    }

    /// Adds a number, which must not be in it under this hash yet. False where there is no room.
    bool insert(uint64_t hash, uint32_t value) noexcept {
        size_t at = home(hash);
        for (unsigned passed = 0; passed <= most_passed; ++passed) {
            Bucket& bucket = buckets_[at];
            if (const unsigned empty = bucket.hits(0); empty != 0) {
                const auto place = unsigned(std::countr_zero(empty));
                bucket.tags[place] = tag(hash);
                bucket.slots[place] = value | more(hash) << 25;
                ++size_;
                pass(home(hash), passed, 1);
                return true;
            }
            at = next(at);
        }
        return false;
    }

    /// Takes a number out that was added under this hash. False where it is not there.
    bool erase(uint64_t hash, uint32_t value) noexcept {
        size_t at = home(hash);
        for (unsigned passed = 0; passed <= most_passed; ++passed) {
            Bucket& bucket = buckets_[at];
            for (unsigned hits = bucket.hits(tag(hash)); hits != 0; hits &= hits - 1) {
                const auto place = unsigned(std::countr_zero(hits));
                if ((bucket.slots[place] & most_value) == value) {
                    bucket.tags[place] = 0;
                    --size_;
                    pass(home(hash), passed, -1);
                    return true;
                }
            }
            at = next(at);
        }
        return false;
    }

    /// Numbers in it, and places for them.
    uint64_t size() const noexcept { return size_; }
    uint64_t capacity() const noexcept { return uint64_t{count_} * places; }
    /// Any thread.
    graph::MemoryUse memory() const noexcept { return buckets_.memory(); }

private:
    struct alignas(64) Bucket {
        /// 0: the place is empty.
        std::array<uint8_t, places> tags;
        /// Numbers that found it full and are behind it.
        uint16_t passed;
        uint16_t unused;
        std::array<uint32_t, places> slots;

        unsigned hits(uint8_t tag) const noexcept {
            const __m128i line = _mm_load_si128(reinterpret_cast<const __m128i*>(tags.data()));
            const __m128i same = _mm_cmpeq_epi8(line, _mm_set1_epi8(char(tag)));
            return unsigned(_mm_movemask_epi8(same)) & ((1U << places) - 1);
        }
    };
    static_assert(sizeof(Bucket) == 64);

    /// The high half of a product: an even spread without a division, over any number of buckets.
    size_t home(uint64_t hash) const noexcept { return size_t((hash >> 32) * count_ >> 32); }
    size_t next(size_t at) const noexcept { return at + 1 == count_ ? 0 : at + 1; }
    /// Never 0.
    static uint8_t tag(uint64_t hash) noexcept {
        const auto byte = uint8_t(hash);
        return uint8_t(byte + (byte == 0));
    }
    static uint32_t more(uint64_t hash) noexcept { return uint32_t(hash >> 8) & 0x7f; }
    void pass(size_t at, unsigned buckets, int change) noexcept {
        for (; buckets != 0; --buckets) {
            buckets_[at].passed = uint16_t(buckets_[at].passed + change);
            at = next(at);
        }
    }

    size_t count_;
    uint64_t size_ = 0;
    graph::StableArray<Bucket> buckets_;
};

}  // namespace vnet::flow
