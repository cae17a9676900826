// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/log.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace nat44 {

namespace {

constexpr auto period = std::chrono::milliseconds(100);
constexpr uint64_t periods_per_s = 10;
/// Control does not stay away from other work for longer than these take: some milliseconds.
constexpr size_t records_per_turn = 8192;
constexpr size_t records_per_batch = 256;

}  // namespace

Log::Log(graph::Control& control, unsigned workers, Options options)
    : control_(control), options_(std::move(options)), lanes_(workers) {
    batch_.reserve(records_per_batch);
}

Log::~Log() = default;

bool Log::push(unsigned worker, LogRecord record, uint64_t now_tsc) noexcept {
    if (!enabled() || worker >= lanes_.size()) {
        return true;
    }
    Lane& lane = *lanes_[worker];
    const bool limited = is_limited(record.kind);
    record.suppressed = 0;
    if (limited && !lane.limit.pass(record, now_tsc)) {
        return true;
    }
    // The TSC until control turns it into time of day, which it alone can.
    record.time_ns = now_tsc;
    std::byte* const room = lane.ring.reserve(sizeof(record));
    if (room == nullptr) {
        lane.lost.store(lane.lost.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return false;
    }
    std::memcpy(room, &record, sizeof(record));
    lane.ring.publish();
    if (limited) {
        lane.limit.passed(record, now_tsc);
    }
    return true;
}

std::shared_ptr<void> Log::add_sink(Sink sink) {
    if (!enabled()) {
        const size_t bytes = std::bit_ceil(options_.records_per_worker *
                                           graph::ByteRing::footprint(sizeof(LogRecord)));
        for (auto& lane : lanes_) {
            if (lane == nullptr) {
                lane = std::make_unique<Lane>(bytes, rte_get_tsc_hz() / periods_per_s);
            }
            // What was put down when the last sink had gone.
            while (!lane->ring.front().empty()) {
                lane->ring.pop();
            }
        }
        enabled_.store(true, std::memory_order_release);
        timer_ = control_.every(period, [this] { look(); });
    }
    auto kept = std::make_shared<Sink>(std::move(sink));
    sinks_.push_back(kept);
    return kept;
}

bool Log::has_sinks() {
    std::erase_if(sinks_, [](const auto& sink) { return sink.expired(); });
    return !sinks_.empty();
}

void Log::look() {
    if (!has_sinks()) {
        enabled_.store(false, std::memory_order_relaxed);
        timer_.cancel();
        again_.cancel();
    } else if (drain()) {
        again_ = control_.after(std::chrono::nanoseconds(0), [this] { look(); });
    }
}

bool Log::drain() {
    if (!enabled()) {
        return false;
    }
    clock_.refresh();
    const auto now = options_.now();
    const size_t most =
        std::max(records_per_turn / std::max(lanes_.size(), size_t(1)), records_per_batch);
    bool more = false;
    for (const auto& lane : lanes_) {
        more = take(*lane, most, now) || more;
    }
    limit_.take_due(now, batch_);
    tell();
    return more;
}

/// Takes so many from a worker's ring. True: there are more.
bool Log::take(Lane& lane, size_t most, std::chrono::steady_clock::time_point now) {
    for (size_t taken = 0;; ++taken) {
        const auto bytes = lane.ring.front();
        if (bytes.empty() || taken == most) {
            return !bytes.empty();
        }
        LogRecord record;
        std::memcpy(&record, bytes.data(), sizeof(record));
        lane.ring.pop();
        record.time_ns = clock_.unix_ns(record.time_ns);
        if (is_limited(record.kind) && !limit_.pass(record, now)) {
            continue;
        }
        batch_.push_back(record);
        if (batch_.size() >= records_per_batch) {
            tell();
        }
    }
}

void Log::tell() {
    if (batch_.empty()) {
        return;
    }
    counters_.records += batch_.size();
    for (const LogRecord& record : batch_) {
        counters_.suppressed += record.suppressed;
    }
    // One more may come meanwhile, and hears of the next batch.
    for (size_t i = 0, count = sinks_.size(); i < count; ++i) {
        if (const auto sink = sinks_[i].lock()) {
            (*sink)(batch_);
        }
    }
    batch_.clear();
}

Log::Counters Log::counters() const noexcept {
    Counters counters = counters_;
    for (const auto& lane : lanes_) {
        counters.lost += lane == nullptr ? 0 : lane->lost.load(std::memory_order_relaxed);
    }
    return counters;
}

}  // namespace nat44
