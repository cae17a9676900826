// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

namespace graph {

/// How many tokens a second. What has been made is a function of the time alone and never summed
/// up, so that no rounding adds up: between two moments it is right to a token, or to one of 2^54,
/// from one a second to 10^12. One word, so that workers may be shown another rate while they ask.
class TokenRate {
public:
    static constexpr uint64_t most = 1'000'000'000'000;

    /// None are made.
    constexpr TokenRate() noexcept = default;
    /// `per_second` up to `most`; `clocks_per_second` of the clock that made() is told, from a
    /// thousand on.
    constexpr TokenRate(uint64_t per_second, uint64_t clocks_per_second) noexcept {
        if (per_second == 0) {
            return;
        }
        // The quotient gets all the bits that there are for it, whatever its size.
        const Wide clocks = clocks_per_second;
        unsigned shift = 0;
        while (shift < most_shift && (Wide(per_second) << (shift + 1)) / clocks >> bits == 0) {
            ++shift;
        }
        // Rounded up, so that a token is there at its time and not a clock later.
        const Wide multiplier = ((Wide(per_second) << shift) + clocks - 1) / clocks;
        word_ = uint64_t(multiplier) << shift_bits | shift;
    }

    /// Tokens made from the beginning of the clock to `now`, modulo 2^64.
    constexpr uint64_t made(uint64_t now) const noexcept {
        return uint64_t(Wide(now) * (word_ >> shift_bits) >> (word_ & shift_mask));
    }
    friend constexpr bool operator==(TokenRate, TokenRate) noexcept = default;

private:
    __extension__ using Wide = unsigned __int128;
    static constexpr unsigned shift_bits = 7;
    static constexpr uint64_t shift_mask = (1U << shift_bits) - 1;
    static constexpr unsigned bits = 64 - shift_bits - 1;
    static constexpr unsigned most_shift = 86;
    /// Tokens a clock: the upper bits divided by two to the power of the lower ones.
    uint64_t word_ = 0;
};

/// A bucket of tokens that all workers share: one atomic word, which says how many of all tokens
/// ever made are gone. Begins full, as zero bytes do. Who finds it empty only reads, so that a
/// flood moves no cache line between cores. What is made and how much it holds is the caller's
/// affair and the same for all who ask.
class TokenBucket {
public:
    /// What made() said, and how much the bucket holds.
    struct Level {
        uint64_t made;
        uint64_t burst;
    };
    struct Taken {
        /// Tokens that the caller has now.
        uint64_t got = 0;
        /// Tokens that were there.
        uint64_t had = 0;
    };

    TokenBucket() noexcept = default;
    /// As the other one is at this moment.
    TokenBucket(const TokenBucket& other) noexcept
        : spent_(other.spent_.load(std::memory_order_acquire)) {}
    TokenBucket& operator=(const TokenBucket&) = delete;

    /// Control: full from now on, also where tokens are made at another rate. The other rate is to
    /// be seen before: level() of take() is asked behind this word.
    void fill() noexcept {
        // Not the same word twice in a row: who read the one before has to notice.
        const uint64_t before = spent_.load(std::memory_order_relaxed);
        spent_.store(before < full - 1 ? before + 1 : 0, std::memory_order_release);
    }

    /// Takes `most` tokens, or as many as there are. `level()` is asked for the Level each time
    /// that somebody else was faster.
    template <class Ask>
    Taken take(uint64_t most, Ask level) noexcept {
        return take_from(level, [most](uint64_t had) { return std::min(most, had); });
    }
    /// Takes `count` tokens or none. False: none.
    template <class Ask>
    bool take_all(uint64_t count, Ask level) noexcept {
        return take_from(level, [count](uint64_t had) { return had < count ? 0 : count; }).got ==
               count;
    }
    /// Gives back what was taken and not needed.
    void give_back(uint64_t tokens) noexcept {
        if (tokens != 0) {
            spent_.fetch_sub(tokens, std::memory_order_relaxed);
        }
    }
    /// Tokens that are there.
    uint64_t available(const Level& level) const noexcept {
        return held(spent_.load(std::memory_order_acquire), level);
    }

private:
    /// Words under this one mean that the bucket is full.
    static constexpr uint64_t full = 256;
    /// Counted from here, what is gone does not look like that.
    static constexpr uint64_t zero = uint64_t(1) << 63;

    static uint64_t held(uint64_t spent, const Level& level) noexcept {
        if (spent < full) {
            return level.burst;
        }
        // Who looked at the clock a moment earlier may find more gone than he knows of.
        const auto left = int64_t(zero + level.made - spent);
        return left <= 0 ? 0 : std::min(uint64_t(left), level.burst);
    }

    template <class Ask, class Choose>
    Taken take_from(Ask level, Choose choose) noexcept {
        uint64_t spent = spent_.load(std::memory_order_acquire);
        for (;;) {
            const Level now = level();
            const uint64_t had = held(spent, now);
            const uint64_t got = choose(had);
            if (got == 0 || spent_.compare_exchange_weak(spent, zero + now.made - had + got,
                                                         std::memory_order_acq_rel,
                                                         std::memory_order_acquire)) {
                return {got, had};
            }
        }
    }

    std::atomic<uint64_t> spent_{0};
};

}  // namespace graph
