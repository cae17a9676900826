// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/flow/table.hpp"

namespace vnet::flow {

/// Tells which worker a packet's session belongs to, or would belong to. Asked by any worker for
/// packets that it has no session of, where there are several.
class Steering {
public:
    /// `self` where it does not matter.
    virtual unsigned worker_of(const Key& key, uint32_t rx_interface, unsigned self) noexcept = 0;

protected:
    ~Steering() = default;
};

/// The tables of all workers, and one for dry runs, whose sessions are copies of the others'.
class Tables {
public:
    Tables(graph::Engine& engine, uint32_t sessions);
    ~Tables();
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;

    // ---- workers ----
    Table& of(unsigned worker) const noexcept {
        return *shown_[worker].load(std::memory_order_acquire);
    }
    bool is_dry(unsigned worker) const noexcept { return worker == workers(); }
    Tick tick(uint64_t tsc) const noexcept { return Tick((tsc - start_tsc_) / tick_clocks_); }
    Steering* steering() const noexcept { return steering_.load(std::memory_order_acquire); }
    graph::Engine& engine() const noexcept { return engine_; }

    // ---- control thread ----
    unsigned workers() const noexcept { return unsigned(shown_.size()) - 1; }
    const Timeouts& timeouts() const noexcept { return timeouts_; }
    void set(const Timeouts& timeouts) noexcept;
    /// Sessions that each worker may have.
    uint32_t capacity() const noexcept { return capacity_; }
    /// Makes all tables anew. False, and nothing changed, where a worker has a session. While it
    /// lasts, some milliseconds, no session can begin.
    [[nodiscard]] bool set_capacity(uint32_t sessions);
    /// All workers' sessions.
    uint64_t sessions() const noexcept;
    /// Null: packets stay where they are. The one before is not asked any more on return.
    void set_steering(Steering* steering);
    Owners& owners() noexcept { return owners_; }
    /// A session that has a key, wherever it is, put into the dry run's table; none where there is
    /// none.
    Ref copy_for_dry_run(const Key& key) noexcept;

private:
    std::unique_ptr<Table> make(unsigned worker, uint32_t sessions) const;

    graph::Engine& engine_;
    const uint64_t start_tsc_;
    const uint64_t tick_clocks_;
    Timeouts timeouts_;
    SharedTimeouts shared_timeouts_;
    Owners owners_;
    uint32_t capacity_;
    std::vector<std::unique_ptr<Table>> tables_;
    /// The same for workers, the dry run's last.
    std::vector<std::atomic<Table*>> shown_;
    std::atomic<Steering*> steering_{nullptr};
};

}  // namespace vnet::flow
