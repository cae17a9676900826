// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace pg {

/// How many packets are due by now at a given rate. What could not be sent in time is made up for,
/// up to a bound, so that a pause is not followed by a flood. Exact in the long run.
class Pacer {
public:
    static constexpr uint64_t highest_rate = 1'000'000'000;

    /// `rate` in packets a second, 0: no limit. `clock_hz`: of the times given below. `vector`:
    /// packets at one time.
    Pacer(uint64_t rate, uint64_t clock_hz, unsigned vector)
        : rate_(rate),
          clock_hz_(clock_hz),
          most_late_(int64_t(std::max<uint64_t>(vector, rate / 100))) {}

    /// Packets that may go now.
    uint64_t due(uint64_t now) noexcept {
        if (rate_ == 0) {
            return std::numeric_limits<uint64_t>::max();
        }
        if (begin_ == 0) {
            begin_ = now;
        }
        // Whole seconds are granted as such, so that no product overflows and no fraction is ever
        // lost.
        const uint64_t seconds = (now - begin_) / clock_hz_;
        if (seconds != 0) [[unlikely]] {
            begin_ += seconds * clock_hz_;
            credit_ += int64_t(std::min<uint64_t>(seconds, 60) * rate_);
        }
        const auto fraction = int64_t((now - begin_) * rate_ / clock_hz_);
        int64_t open = credit_ + fraction;
        if (open > most_late_) {
            credit_ -= open - most_late_;
            open = most_late_;
        }
        return open > 0 ? uint64_t(open) : 0;
    }
    void sent(uint64_t packets) noexcept { credit_ -= int64_t(packets); }
    /// The next packet is due at once.
    void restart() noexcept {
        begin_ = 0;
        credit_ = 1;
    }

private:
    uint64_t rate_;
    uint64_t clock_hz_;
    int64_t most_late_;
    uint64_t begin_ = 0;
    /// Granted for whole seconds, less what was sent.
    int64_t credit_ = 1;
};

}  // namespace pg
