// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/log_limit.hpp"

#include <algorithm>
#include <limits>

namespace nat44 {

namespace {
uint32_t clamp(uint64_t count) {
    return uint32_t(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}
}  // namespace

bool LogLimit::pass(LogRecord& record, Time now) {
    const auto [place, is_first] = states_.try_emplace({record.pool, record.kind}, State{now});
    State& state = place->second;
    if (!is_first && now - state.last < pause) {
        state.waiting += 1 + uint64_t(record.suppressed);
        state.latest = record;
        return false;
    }
    record.suppressed = clamp(record.suppressed + state.waiting);
    state.waiting = 0;
    state.last = now;
    return true;
}

void LogLimit::take_due(Time now, std::vector<LogRecord>& due) {
    for (auto place = states_.begin(); place != states_.end();) {
        State& state = place->second;
        const bool is_over = now - state.last >= pause;
        if (is_over && state.waiting == 0) {
            place = states_.erase(place);
            continue;
        }
        if (is_over) {
            due.push_back(state.latest);
            due.back().suppressed = clamp(state.waiting - 1);
            state.waiting = 0;
            state.last = now;
        }
        ++place;
    }
}

}  // namespace nat44
