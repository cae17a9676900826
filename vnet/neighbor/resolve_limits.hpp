// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/dispatch.hpp"
#include "graph/random_number.hpp"
#include "vnet/wire/flow_hash.hpp"

namespace vnet::neighbor {

/// How many packets without a resolved next hop a worker hands to control: so many a second of one
/// sender, so that who scans a network spends his own share; so many to hosts of connected networks
/// in all, because senders are easily invented; and so many to each next hop of routes, whatever
/// senders do.
class ResolveLimits {
public:
    /// Packets a second of one sender, or to one next hop; as many at once after a pause.
    static constexpr unsigned each = 256;
    /// Packets a second to hosts of connected networks, over all workers.
    static constexpr unsigned in_all = 8192;
    /// As many at once, of one worker: the mailbox has room for more.
    static constexpr unsigned in_all_at_once = 512;

    explicit ResolveLimits(unsigned workers)
        : each_(clocks_of(each)),
          each_most_(each_ * (each - 1)),
          all_(clocks_of(std::max(in_all / std::max(workers, 1U), each))),
          all_most_(all_ * (in_all_at_once - 1)) {
        for (unsigned i = 0; i < workers; ++i) {
            workers_.push_back(std::make_unique<Worker>());
        }
    }

    /// One more packet to a host of a connected network, of this sender.
    bool allows_sender(uint64_t sender, const graph::Dispatch& dispatch) noexcept {
        Worker* worker = of(dispatch);
        // Who has spent his own share takes nothing of what all have.
        return worker == nullptr ||
               (take(worker->senders[place(sender)], each_, each_most_, dispatch.now_tsc()) &&
                take(worker->all, all_, all_most_, dispatch.now_tsc()));
    }
    /// One more packet to this next hop of routes.
    bool allows_next_hop(uint64_t next_hop, const graph::Dispatch& dispatch) noexcept {
        Worker* worker = of(dispatch);
        return worker == nullptr ||
               take(worker->next_hops[place(next_hop)], each_, each_most_, dispatch.now_tsc());
    }

private:
    static constexpr size_t places = 1024;
    /// When what has passed is paid for (ITU-T I.371).
    using Due = uint64_t;
    struct alignas(64) Worker {
        std::array<Due, places> senders{};
        std::array<Due, places> next_hops{};
        Due all = 0;
    };

    static uint64_t clocks_of(unsigned rate) { return rte_get_tsc_hz() / rate; }
    /// Two of them share a place now and then, and nobody can tell which.
    size_t place(uint64_t number) const noexcept {
        return wire::detail::mix(number ^ seed_) % places;
    }
    /// Null in a dry run, which hands nothing over.
    Worker* of(const graph::Dispatch& dispatch) noexcept {
        return dispatch.worker() < workers_.size() ? workers_[dispatch.worker()].get() : nullptr;
    }
    static bool take(Due& due, uint64_t clocks, uint64_t most, uint64_t now) noexcept {
        const uint64_t from = std::max(due, now);
        if (from - now > most) {
            return false;
        }
        due = from + clocks;
        return true;
    }

    const uint64_t each_;
    const uint64_t each_most_;
    const uint64_t all_;
    const uint64_t all_most_;
    const uint64_t seed_ = graph::random_number();
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace vnet::neighbor
