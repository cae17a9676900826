// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/wheel.hpp"

#include <bit>

namespace vnet::flow {

void Wheel::mark(unsigned slot, bool used) noexcept {
    const uint64_t bit = uint64_t{1} << slot % 64;
    if (used) {
        used_[slot / 64] |= bit;
    } else {
        used_[slot / 64] &= ~bit;
    }
}

void Wheel::add(SessionIndex index, Tick due) noexcept {
    // What is over already is looked at next, what is further away than a turn at its end.
    const auto ahead = int32_t(due - next_);
    const Tick tick = next_ + Tick(ahead < 0                  ? 0U
                                   : ahead >= int32_t(slots_) ? slots_ - 1
                                                              : unsigned(ahead));
    if (int32_t(tick - first_) < 0) {
        first_ = tick;
    }
    const uint32_t end = end_flag | slot_of(tick);
    List& list = lists_[slot_of(tick)];
    Session& session = sessions_[index];
    Session::store(session.next, end);
    if (list.last == 0) {
        list.first = index;
        Session::store(session.previous, end);
        mark(slot_of(tick), true);
    } else {
        Session::store(sessions_[list.last].next, index);
        Session::store(session.previous, list.last);
    }
    list.last = index;
    ++size_;
}

void Wheel::remove(SessionIndex index) noexcept {
    const uint32_t next = sessions_[index].next;
    const uint32_t previous = sessions_[index].previous;
    const bool first = (previous & end_flag) != 0;
    const bool last = (next & end_flag) != 0;
    if (first) {
        lists_[previous & ~end_flag].first = last ? 0 : next;
    } else {
        Session::store(sessions_[previous].next, next);
    }
    if (last) {
        lists_[next & ~end_flag].last = first ? 0 : previous;
    } else {
        Session::store(sessions_[next].previous, previous);
    }
    if (first && last) {
        mark(previous & ~end_flag, false);
    }
    --size_;
}

unsigned Wheel::distance(Tick tick) const noexcept {
    const unsigned from = slot_of(tick);
    // The word that the slot is in is looked at twice: first from the slot on, last up to it.
    uint64_t word = used_[from / 64] & ~uint64_t{0} << from % 64;
    for (unsigned i = 0; word == 0; ++i) {
        const unsigned at = (from / 64 + i + 1) % used_.size();
        word = used_[at];
        if (word != 0) {
            const unsigned slot = at * 64 + unsigned(std::countr_zero(word));
            return (slot - from) & (slots_ - 1);
        }
    }
    return (from / 64 * 64 + unsigned(std::countr_zero(word))) - from;
}

Tick Wheel::first_due() noexcept {
    first_ += distance(first_);
    return first_;
}

SessionIndex Wheel::take_first() noexcept {
    const SessionIndex index = lists_[slot_of(first_due())].first;
    remove(index);
    return index;
}

SessionIndex Wheel::take_due(Tick now) noexcept {
    if (size_ != 0 && int32_t(first_due() - now) < 0) {
        next_ = first_due();
        return take_first();
    }
    // All that is over was looked at.
    if (int32_t(now - next_) > 0) {
        next_ = now;
        first_ = int32_t(first_ - next_) < 0 ? next_ : first_;
    }
    return 0;
}

}  // namespace vnet::flow
