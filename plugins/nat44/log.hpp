// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "graph/byte_ring.hpp"
#include "graph/control.hpp"
#include "graph/wall_clock.hpp"
#include "plugins/nat44/log_limit.hpp"
#include "plugins/nat44/log_record.hpp"

namespace nat44 {

/// Takes events from the workers to those who want to know of them. Each worker has a bounded ring
/// that nobody else writes; a full one is a counted loss, and never a wait. Control empties the
/// rings every 100 ms, as long as there is a sink. Owned by the plugin; workers that push must
/// be gone before it is.
class Log {
public:
    /// Records of one worker come in order; those of several may be 100 ms out of it. On the
    /// control thread; the records are gone when it returns.
    using Sink = std::function<void(std::span<const LogRecord>)>;
    using Now = std::function<std::chrono::steady_clock::time_point()>;
    struct Options {
        /// What a worker may put down in 100 ms, at least: enough for 650'000 a second. 72 bytes
        /// each, together rounded up to a power of two.
        size_t records_per_worker = 65'536;
        /// For tests.
        Now now = &std::chrono::steady_clock::now;
    };
    struct Counters {
        /// Handed to the sinks.
        uint64_t records = 0;
        /// That found no room in a ring.
        uint64_t lost = 0;
        /// That stand in others as a number.
        uint64_t suppressed = 0;
    };

    Log(graph::Control& control, unsigned workers, Options options);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    // ---- a worker ----

    /// Somebody wants to know: asked before a record is filled, which costs more than this.
    bool enabled() const noexcept { return enabled_.load(std::memory_order_acquire); }
    /// Puts an event down, of the time that a TSC reading says; `record.time_ns` is ignored. False,
    /// and counted as lost, where the worker's ring is full. What nobody wants to know, what one of
    /// its kind and pool has stood for lately, and what is no worker's (a dry run's) is fine.
    bool push(unsigned worker, LogRecord record, uint64_t now_tsc) noexcept;

    // ---- control thread ----

    /// `sink` is called until what is returned is gone, which may be in a call of it.
    [[nodiscard]] std::shared_ptr<void> add_sink(Sink sink);
    /// Hands over some thousand records now. True: there are more.
    bool drain();
    Counters counters() const noexcept;

private:
    /// What one worker writes. Made when the first sink comes, since most routers have none.
    struct alignas(64) Lane {
        Lane(size_t bytes, uint64_t clocks) : ring(bytes), limit(clocks) {}
        graph::ByteRing ring;
        WorkerLogLimit limit;
        std::atomic<uint64_t> lost{0};
    };
    void look();
    bool has_sinks();
    bool take(Lane& lane, size_t most, std::chrono::steady_clock::time_point now);
    void tell();

    graph::Control& control_;
    const Options options_;
    /// Workers see them through `enabled_`.
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<bool> enabled_{false};

    std::vector<std::weak_ptr<Sink>> sinks_;
    /// On their way to the sinks.
    std::vector<LogRecord> batch_;
    LogLimit limit_;
    graph::WallClock clock_;
    Counters counters_;
    graph::Control::Handle timer_;
    /// Runs at once, behind what else waits for control.
    graph::Control::Handle again_;
};

}  // namespace nat44
