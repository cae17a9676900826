// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nat44 {

/// Numbers that nobody outside can guess from those seen before, for ports and identifiers (RFC
/// 6056 3, RFC 6888 REQ-15): ChaCha with 8 rounds, whose key is replaced with each refill, so that
/// a key seen later tells nothing of earlier numbers. One worker's own; asks the system for its
/// first key only. 5 clocks a number, some thousand for one in 248.
class Random {
public:
    /// Eight words.
    using Key = std::array<uint32_t, 8>;

    /// Keyed by the system's random numbers.
    Random();
    explicit Random(const Key& key) noexcept : key_(key) {}

    /// 32 bits.
    uint32_t operator()() noexcept {
        if (next_ == numbers_.size()) [[unlikely]] {
            refill();
        }
        // Not kept for who reads memory later.
        const uint32_t number = numbers_[next_];
        numbers_[next_++] = 0;
        return number;
    }

private:
    void refill() noexcept;

    static constexpr size_t refilled = 256;

    Key key_;
    size_t next_ = refilled;
    alignas(64) std::array<uint32_t, refilled> numbers_{};
};

/// The 64 bytes of ChaCha with that many rounds, of the original nonce of 64 bits, which is 0 here
/// ("ChaCha, a variant of Salsa20", Bernstein 2008; RFC 8439 2.3 for how a block is made).
using ChachaBlock = std::array<uint32_t, 16>;
ChachaBlock chacha_block(const Random::Key& key, uint64_t counter, unsigned rounds) noexcept;

}  // namespace nat44
