// SPDX-License-Identifier: Apache-2.0
#include "graph/rcu.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace graph {

void Rcu::Free::operator()(rte_rcu_qsbr* state) const noexcept {
    std::free(state);
}

Rcu::Rcu(unsigned readers) {
    const size_t size = (rte_rcu_qsbr_get_memsize(readers) + 63) / 64 * 64;
    state_.reset(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(64, size)));
    if (state_ == nullptr || rte_rcu_qsbr_init(state_.get(), readers) != 0) {
        throw std::bad_alloc();
    }
}

Rcu::~Rcu() {
    flush();
}

void Rcu::synchronize() noexcept {
    const uint64_t token = rte_rcu_qsbr_start(state_.get());
    rte_rcu_qsbr_check(state_.get(), token, true);
}

void Rcu::retire(std::function<void()> reclaim) {
    retired_.push_back({rte_rcu_qsbr_start(state_.get()), std::move(reclaim)});
}

size_t Rcu::reclaim() {
    while (!retired_.empty() &&
           rte_rcu_qsbr_check(state_.get(), retired_.front().token, false) == 1) {
        auto run = std::move(retired_.front().reclaim);
        retired_.pop_front();
        run();
    }
    return retired_.size();
}

void Rcu::flush() {
    while (!retired_.empty()) {
        synchronize();
        reclaim();
    }
}

}  // namespace graph
