// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "plugins/nat44/log_record.hpp"

namespace nat44 {

/// Of the limited kinds, what one worker may put into its ring: ten events a second of each pool
/// and kind, so that a flood of refused packets costs a count each and pushes no session out. The
/// worker's own.
class WorkerLogLimit {
public:
    /// `clocks` of the TSC from one event to the next.
    explicit WorkerLogLimit(uint64_t clocks) : clocks_(clocks), places_(pools * limited_kinds) {}

    /// True: it may go; how many did not since the last one is in it.
    bool pass(LogRecord& record, uint64_t now_tsc) noexcept {
        Place& place = place_of(record);
        if (now_tsc < place.next_tsc) {
            ++place.suppressed;
            return false;
        }
        record.suppressed = place.suppressed;
        return true;
    }
    /// It has gone.
    void passed(const LogRecord& record, uint64_t now_tsc) noexcept {
        place_of(record) = {now_tsc + clocks_, 0};
    }

private:
    struct Place {
        uint64_t next_tsc = 0;
        uint32_t suppressed = 0;
    };
    /// Pools whose numbers are equal modulo this share their limit.
    static constexpr size_t pools = 256;
    Place& place_of(const LogRecord& record) noexcept {
        return places_[record.pool % pools * limited_kinds + unsigned(record.kind) -
                       unsigned(first_limited_kind)];
    }

    const uint64_t clocks_;
    std::vector<Place> places_;
};

/// Of what the workers let pass, one event a second of each pool and kind, all workers together.
/// Control thread.
class LogLimit {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// True: it may go; how many did not since the last one is in it.
    bool pass(LogRecord& record, Time now);
    /// The last of those that did not pass, once their second is over: nobody is left to believe
    /// that it has ended at the first.
    void take_due(Time now, std::vector<LogRecord>& due);

private:
    static constexpr std::chrono::seconds pause{1};
    struct State {
        Time last;
        /// Events that are not told yet, and the last of them.
        uint64_t waiting = 0;
        LogRecord latest;
    };
    /// Those of the last second.
    std::map<std::pair<uint32_t, LogKind>, State> states_;
};

}  // namespace nat44
