// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace gre {

/// Which sequence numbers a tunnel has heard (RFC 2890 2.2): one that is behind another is late.
/// The first number is taken as it is. Where many in a row are late, the other end has begun anew,
/// and so does this. All zero is a new one. Any worker, without locks.
class HeardNumbers {
public:
    /// The last of so many late ones in a row is taken, and those behind it are counted from there.
    static constexpr unsigned most_late = 64;

    /// Nothing has been heard.
    void begin() noexcept { state_.store(0, std::memory_order_relaxed); }
    /// A packet has come with this number. False where it is late.
    bool take(uint32_t number) noexcept {
        uint64_t before = state_.load(std::memory_order_relaxed);
        for (;;) {
            const State state = State::unpack(before);
            const State after = state.then(number);
            if (state_.compare_exchange_weak(before, after.pack(), std::memory_order_relaxed)) {
                return after.late == 0;
            }
        }
    }
    /// What take() would answer.
    bool would_take(uint32_t number) const noexcept {
        return State::unpack(state_.load(std::memory_order_relaxed)).then(number).late == 0;
    }

private:
    struct State {
        /// The lowest number that is not late.
        uint32_t expected = 0;
        /// In a row, until now.
        uint32_t late = 0;
        bool has_heard = false;

        static constexpr State unpack(uint64_t word) noexcept {
            return {uint32_t(word), uint32_t(word >> 32) & 0xff, word >> 63 != 0};
        }
        constexpr uint64_t pack() const noexcept {
            return uint64_t{has_heard} << 63 | uint64_t{late} << 32 | expected;
        }
        constexpr State then(uint32_t number) const noexcept {
            // As far behind as ahead, numbers go round (RFC 1982).
            const bool is_late = has_heard && int32_t(number - expected) < 0;
            return is_late && late + 1 < most_late ? State{expected, late + 1, true}
                                                   : State{number + 1, 0, true};
        }
    };

    std::atomic<uint64_t> state_;
};

}  // namespace gre
