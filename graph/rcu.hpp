// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_rcu_qsbr.h>

#include <deque>
#include <functional>
#include <memory>

namespace graph {

/// Read-copy-update between control and the workers, by quiescent states: a worker reports once a
/// round that it holds no pointer from before. Control publishes with one atomic store and gives
/// memory back when every worker has reported since. A sleeping worker is offline and waited for by
/// nobody.
class Rcu {
public:
    explicit Rcu(unsigned readers);
    /// Runs all that is left; every worker must have left.
    ~Rcu();
    Rcu(const Rcu&) = delete;
    Rcu& operator=(const Rcu&) = delete;

    // ---- the worker `reader` ----
    void join(unsigned reader) noexcept { rte_rcu_qsbr_thread_register(state_.get(), reader); }
    void leave(unsigned reader) noexcept { rte_rcu_qsbr_thread_unregister(state_.get(), reader); }
    void online(unsigned reader) noexcept { rte_rcu_qsbr_thread_online(state_.get(), reader); }
    void offline(unsigned reader) noexcept { rte_rcu_qsbr_thread_offline(state_.get(), reader); }
    void quiescent(unsigned reader) noexcept { rte_rcu_qsbr_quiescent(state_.get(), reader); }

    // ---- control thread ----

    /// Returns when every worker that is awake has passed a quiescent state: some microseconds.
    void synchronize() noexcept;
    /// Runs `reclaim` once every worker has passed a quiescent state; never at once.
    void retire(std::function<void()> reclaim);
    /// Runs what is due of retire(). Call it now and then. Returns how many still wait.
    size_t reclaim();
    /// Runs all that is left, waiting for the workers.
    void flush();

private:
    struct Free {
        void operator()(rte_rcu_qsbr* state) const noexcept;
    };
    struct Retired {
        uint64_t token;
        std::function<void()> reclaim;
    };
    std::unique_ptr<rte_rcu_qsbr, Free> state_;
    std::deque<Retired> retired_;
};

}  // namespace graph
