// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "graph/stable_array.hpp"
#include "vnet/flow/session.hpp"

namespace vnet::flow {

/// Sessions in the order in which they are to be looked at again: a timing wheel (Varghese and
/// Lauck, SOSP 1987, scheme 4), each slot a list of those of one tick in the order in which they
/// came. What is due later than a turn is looked at once a turn. All that it does to one session
/// takes the same time, however many there are. One thread.
class Wheel {
public:
    /// `slots`: a power of two, 64 or more; as many ticks are a turn. Order is kept among what is
    /// due within one.
    Wheel(graph::StableArray<Session>& sessions, unsigned slots, Tick now)
        : sessions_(sessions),
          slots_(slots),
          next_(now),
          first_(now),
          lists_(slots),
          used_(slots / 64) {}

    /// Puts a session in, to be looked at when the tick `due` is over, or before.
    void add(SessionIndex index, Tick due) noexcept;
    void remove(SessionIndex index) noexcept;

    /// The first session whose tick was before `now`, taken out; 0 where there is none.
    SessionIndex take_due(Tick now) noexcept;
    /// The tick that is due first, and a session of it, taken out: the one that was put there
    /// first. There must be one.
    Tick first_due() noexcept;
    SessionIndex take_first() noexcept;
    uint64_t size() const noexcept { return size_; }

private:
    /// What a list's first member has in front of it, and its last one behind: which slot it is.
    static constexpr uint32_t end_flag = 1U << 31;
    unsigned slot_of(Tick tick) const noexcept { return tick & (slots_ - 1); }
    void mark(unsigned slot, bool used) noexcept;
    /// Ticks from one on to the first slot that holds something; there is one within a turn.
    unsigned distance(Tick tick) const noexcept;

    graph::StableArray<Session>& sessions_;
    const unsigned slots_;
    /// The first tick that is not over, or not wholly looked at.
    Tick next_;
    /// No slot from `next_` to it holds anything: what was searched is not searched again.
    Tick first_;
    uint64_t size_ = 0;
    struct List {
        SessionIndex first = 0;
        SessionIndex last = 0;
    };
    std::vector<List> lists_;
    /// A bit for each list that is not empty.
    std::vector<uint64_t> used_;
};

}  // namespace vnet::flow
