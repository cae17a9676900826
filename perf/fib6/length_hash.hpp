// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nmmintrin.h>

#include <cstdint>
#include <span>
#include <vector>

#include "vnet/wire/ip6.hpp"

namespace perf::fib6 {

/// Longest-prefix match by one hash table for all lengths, asked for each length that there is,
/// the longest first: a candidate, and what VPP has. Open addressing, 32 bytes an entry, at most
/// half full. Not for more than one thread: a comparison of lookups.
class LengthHash {
public:
    explicit LengthHash(size_t routes) {
        size_t size = 16;
        while (size < routes * 2 + 16) {
            size *= 2;
        }
        entries_.resize(size);
    }
    void add(const vnet::wire::Ip6Prefix& prefix, uint32_t value) {
        note_length(prefix.length());
        Entry& entry = find(prefix.first().high(), prefix.first().low(), prefix.length());
        entry = {prefix.first().high(), prefix.first().low(), uint32_t(prefix.length()) + 1, value};
    }
    /// The value of the longest prefix, or 0. All keys go through one length after the other.
    void lookup(std::span<const vnet::wire::Ip6Address> keys, uint32_t* values) const {
        pending_.resize(keys.size());
        for (size_t i = 0; i < keys.size(); ++i) {
            pending_[i] = uint32_t(i);
            values[i] = 0;
        }
        size_t left = keys.size();
        slots_.resize(keys.size());
        for (const Length& length : lengths_) {
            for (size_t j = 0; j < left; ++j) {
                const auto& key = keys[pending_[j]];
                slots_[j] = slot(key.high() & length.high, key.low() & length.low, length.bits);
                __builtin_prefetch(&entries_[slots_[j]]);
            }
            size_t still = 0;
            for (size_t j = 0; j < left; ++j) {
                const uint32_t i = pending_[j];
                const Entry& entry = find_from(slots_[j], keys[i].high() & length.high,
                                               keys[i].low() & length.low, length.bits);
                values[i] = entry.value;
                pending_[still] = i;
                still += entry.tag == 0;
            }
            left = still;
        }
    }
    uint64_t bytes() const noexcept { return entries_.size() * sizeof(Entry); }

private:
    struct Entry {
        uint64_t high = 0;
        uint64_t low = 0;
        /// Its length and 1; 0 where there is no entry.
        uint32_t tag = 0;
        uint32_t value = 0;
        uint64_t unused = 0;
    };
    struct Length {
        uint8_t bits;
        uint64_t high;
        uint64_t low;
    };

    size_t slot(uint64_t high, uint64_t low, uint32_t length) const noexcept {
        const uint64_t hash = _mm_crc32_u64(_mm_crc32_u64(length, high), low);
        return (hash * 0x9e3779b97f4a7c15U >> 24) & (entries_.size() - 1);
    }
    const Entry& find_from(size_t at, uint64_t high, uint64_t low, uint32_t length) const noexcept {
        while (entries_[at].tag != 0 && (entries_[at].tag != length + 1 ||
                                         entries_[at].high != high || entries_[at].low != low)) {
            at = (at + 1) & (entries_.size() - 1);
        }
        return entries_[at];
    }
    Entry& find(uint64_t high, uint64_t low, uint32_t length) noexcept {
        return const_cast<Entry&>(find_from(slot(high, low, length), high, low, length));
    }
    void note_length(uint8_t bits) {
        size_t at = 0;
        while (at < lengths_.size() && lengths_[at].bits > bits) {
            ++at;
        }
        if (at == lengths_.size() || lengths_[at].bits != bits) {
            const auto mask = vnet::wire::Ip6Prefix({}, bits).mask();
            lengths_.insert(lengths_.begin() + std::ptrdiff_t(at), {bits, mask.high(), mask.low()});
        }
    }

    std::vector<Entry> entries_;
    std::vector<Length> lengths_;
    mutable std::vector<uint32_t> pending_;
    mutable std::vector<size_t> slots_;
};

}  // namespace perf::fib6
