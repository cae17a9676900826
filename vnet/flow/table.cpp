// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/table.hpp"

#include "vnet/flow/tcp.hpp"

namespace vnet::flow {

namespace {

/// A turn of a wheel is longer than sessions that prove nothing are kept, so that their order is
/// that of their age; of the others it only bounds how late a shorter timeout is met.
constexpr unsigned slots_for(Timer timer) noexcept {
    return is_transitory(timer) ? 4096 : 512;
}
/// Sessions that are looked at for one that may be displaced.
constexpr unsigned most_displaced_looks = 8;

/// For counters of what there is.
constexpr uint64_t minus_one = ~uint64_t{0};

}  // namespace

Table::Table(const Parts& parts)
    : timeouts_(parts.timeouts),
      owners_(parts.owners),
      worker_(parts.worker),
      hasher_(parts.seed),
      sessions_(parts.sessions),
      index_(uint64_t{parts.sessions} * 2),
      aged_(parts.now) {
    for (size_t i = 0; i < timers; ++i) {
        wheels_.emplace_back(sessions_.array(), slots_for(Timer(i)), parts.now);
    }
}

SessionIndex Table::create(const Making& making, Tick now) noexcept {
    const bool closed = closed_.load(std::memory_order_relaxed);
    SessionIndex index = closed ? 0 : sessions_.take();
    if (index == 0 && !closed && displace(now)) {
        index = sessions_.take();
    }
    if (index == 0) {
        counters_.refused.add(1);
        return 0;
    }
    Session& session = sessions_[index];
    const uint64_t forward_hash = hash(making.forward);
    const bool inserted = index_.insert(forward_hash, Ref(index, Direction::forward).raw());
    if (!inserted || !index_.insert(hash(making.reverse), Ref(index, Direction::reverse).raw())) {
        if (inserted) {
            index_.erase(forward_hash, Ref(index, Direction::forward).raw());
        }
        sessions_.give(index);
        counters_.refused.add(1);
        return 0;
    }
    Session made{};
    made.forward = making.forward;
    made.reverse = making.reverse;
    made.last_seen = now;
    made.timer = making.timer;
    made.owner = making.owner;
    made.flags = making.flags;
    made.user = making.user;
    begin_versioned(session, made);
    wheel_of(making.timer).add(index, due(session));
    counters_.sessions.add(1);
    counters_.created.add(1);
    counters_.by_timer[size_t(making.timer)].add(1);
    return index;
}

void Table::end(SessionIndex index, Ending ending) noexcept {
    wheel_of(sessions_[index].timer).remove(index);
    finish(index, ending);
}

void Table::finish(SessionIndex index, Ending ending) noexcept {
    Session& session = sessions_[index];
    index_.erase(hash(session.forward), Ref(index, Direction::forward).raw());
    index_.erase(hash(session.reverse), Ref(index, Direction::reverse).raw());
    end_versioned(session);
    counters_.sessions.add(minus_one);
    counters_.by_timer[size_t(session.timer)].add(minus_one);
    counters_.ended[size_t(ending)].add(1);
    if (Owner* owner = owners_.of(session.owner)) {
        owner->ended(session, ending, worker_);
    }
    sessions_.give(index);
}

std::optional<Timer> Table::oldest_transitory(Tick now) noexcept {
    std::optional<Timer> oldest;
    int32_t most = 0;
    for (size_t i = 0; i < timers; ++i) {
        Wheel& wheel = wheels_[i];
        if (!is_transitory(Timer(i)) || wheel.size() == 0) {
            continue;
        }
        // Its place says when it was last seen, as far as was known when it was put there.
        const auto age = int32_t(now - (wheel.first_due() - timeouts_.of(Timer(i))));
        if (!oldest || age > most) {
            oldest = Timer(i);
            most = age;
        }
    }
    return oldest;
}

bool Table::displace(Tick now) noexcept {
    for (unsigned looks = 1;; ++looks) {
        const auto timer = oldest_transitory(now);
        if (!timer) {
            return false;
        }
        Wheel& wheel = wheel_of(*timer);
        const Tick place = wheel.first_due();
        const SessionIndex index = wheel.take_first();
        // One that was seen since it was put there is younger than its place says.
        const Tick now_due = due(sessions_[index]);
        if (looks == most_displaced_looks || int32_t(now_due - place) <= 0) {
            finish(index, Ending::displaced);
            return true;
        }
        wheel.add(index, now_due);
    }
}

void Table::set_timer(SessionIndex index, Timer timer) noexcept {
    Session& session = sessions_[index];
    if (session.timer == timer) {
        return;
    }
    wheel_of(session.timer).remove(index);
    counters_.by_timer[size_t(session.timer)].add(minus_one);
    Session::store(session.timer, timer);
    counters_.by_timer[size_t(timer)].add(1);
    wheel_of(timer).add(index, due(session));
}

void Table::advance(Ref ref, uint8_t tcp_flags, Tick seen_before) noexcept {
    Session& session = sessions_[ref.index()];
    if (session.forward.protocol == uint8_t(wire::IpProtocol::tcp)) {
        constexpr uint8_t rst = 0x04;
        if ((tcp_flags & rst) != 0 && session.timer == Timer::tcp_transitory) {
            // Who refuses keeps nothing open (RFC 7857 7.1).
            Session::store(session.last_seen, seen_before);
        }
        const TcpState next =
            next_tcp_state({session.state, session.timer}, ref.direction(), tcp_flags);
        Session::store(session.state, next.bits);
        set_timer(ref.index(), next.timer);
    } else if (ref.direction() == Direction::reverse && (session.state & state::replied) == 0) {
        Session::store(session.state, uint8_t(session.state | state::replied));
        if (session.timer == Timer::udp) {
            set_timer(ref.index(), Timer::udp_replied);
        } else if (session.timer == Timer::other) {
            set_timer(ref.index(), Timer::other_replied);
        }
    }
}

bool Table::age(Wheel& wheel, Tick now, unsigned& most) noexcept {
    while (most != 0) {
        const SessionIndex index = wheel.take_due(now);
        if (index == 0) {
            return false;
        }
        --most;
        const Tick over = due(sessions_[index]);
        if (int32_t(over - now) <= 0) {
            finish(index, Ending::timed_out);
        } else {
            wheel.add(index, over);
        }
    }
    return true;
}

bool Table::age(Tick now, unsigned most) noexcept {
    // Nothing becomes due within a tick.
    if (now == aged_) [[likely]] {
        return false;
    }
    for (Wheel& wheel : wheels_) {
        if (age(wheel, now, most)) {
            return true;
        }
    }
    aged_ = now;
    return false;
}

void Table::count_on_from(const TableCounters& before) noexcept {
    counters_.created.add(before.created.read());
    counters_.refused.add(before.refused.read());
    for (size_t i = 0; i < endings; ++i) {
        counters_.ended[i].add(before.ended[i].read());
    }
}

graph::MemoryUse Table::memory() const noexcept {
    graph::MemoryUse use = sessions_.memory();
    use += index_.memory();
    return use;
}

}  // namespace vnet::flow
