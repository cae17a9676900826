// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/stores.hpp"

#include <rte_cycles.h>

#include <algorithm>

namespace vnet::fragment {

Stores::Stores(graph::Engine& engine, uint64_t seed, const Settings& settings)
    : engine_(engine), seed_(seed) {
    for (size_t worker = 0; worker < engine.workers().size(); ++worker) {
        stores_.push_back(std::make_unique<Store>(seed));
    }
    set(settings);
}

void Stores::set(const Settings& settings) noexcept {
    settings_ = settings;
    datagrams_.store(settings.datagrams, std::memory_order_relaxed);
    // A worker's part is never too small for one datagram of the longest.
    buffers_.store(
        std::max(settings.buffers / uint32_t(stores_.size()), Store::least_share_buffers),
        std::memory_order_relaxed);
    fragments_.store(settings.fragments, std::memory_order_relaxed);
    share_.store(settings.share, std::memory_order_relaxed);
    timeout_clocks_.store(rte_get_tsc_hz() / 1000 * settings.timeout_ms, std::memory_order_relaxed);
}

Limits Stores::limits() const noexcept {
    return {datagrams_.load(std::memory_order_relaxed), buffers_.load(std::memory_order_relaxed),
            fragments_.load(std::memory_order_relaxed), share_.load(std::memory_order_relaxed),
            timeout_clocks_.load(std::memory_order_relaxed)};
}

void Stores::tick() {
    for (unsigned worker = 0; worker < stores_.size(); ++worker) {
        if (stores_[worker]->counters().datagrams.read() == 0) {
            continue;
        }
        // Where there is no buffer, or no room in the queue, the next tick is early enough.
        if (graph::Packet* packet = engine_.pool().allocate()) {
            (void)engine_.inject(packet, node(), worker);
        }
    }
}

}  // namespace vnet::fragment
