// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <optional>
#include <vector>

#include "graph/counter.hpp"
#include "vnet/flow/index.hpp"
#include "vnet/flow/session.hpp"
#include "vnet/flow/wheel.hpp"

namespace vnet::flow {

/// A session of a table, and in which direction a packet of it goes. As a number it fits
/// Index::most_value; 0 is none.
class Ref {
public:
    constexpr Ref() noexcept = default;
    constexpr Ref(SessionIndex index, Direction direction) noexcept
        : raw_(index << 1 | uint32_t(direction)) {}
    static constexpr Ref from_raw(uint32_t raw) noexcept {
        Ref ref;
        ref.raw_ = raw;
        return ref;
    }
    constexpr uint32_t raw() const noexcept { return raw_; }
    constexpr SessionIndex index() const noexcept { return raw_ >> 1; }
    constexpr Direction direction() const noexcept { return Direction(raw_ & 1); }
    constexpr explicit operator bool() const noexcept { return raw_ != 0; }
    friend constexpr bool operator==(Ref, Ref) noexcept = default;

private:
    uint32_t raw_ = 0;
};

/// Why a session ended.
enum class Ending : uint8_t {
    /// Its timeout passed.
    timed_out,
    /// It was the oldest of those that prove nothing, and another one needed its place.
    displaced,
    /// Control asked for it: an operator, or a change of what it was made by.
    removed,
};
inline constexpr size_t endings = 3;
constexpr std::string_view name(Ending ending) noexcept {
    constexpr std::array<std::string_view, endings> names = {"timed-out", "displaced", "removed"};
    return names[size_t(ending)];
}

/// A feature that makes sessions and keeps something for each. Called by the table's worker.
class Owner {
public:
    virtual void ended(const Session& session, Ending ending, unsigned worker) noexcept = 0;

protected:
    ~Owner() = default;
};

/// Owners by number; set by control before the first session of one and taken out behind the last.
class Owners {
public:
    static constexpr size_t most = 8;
    Owner* of(OwnerId id) const noexcept { return owners_[id].load(std::memory_order_acquire); }
    void set(OwnerId id, Owner* owner) noexcept {
        owners_[id].store(owner, std::memory_order_release);
    }

private:
    std::array<std::atomic<Owner*>, most> owners_{};
};

/// What a table counts. Written by its worker, read by any thread.
struct TableCounters {
    graph::Counter sessions;
    graph::Counter created;
    /// Sessions that found no place.
    graph::Counter refused;
    std::array<graph::Counter, timers> by_timer;
    std::array<graph::Counter, endings> ended;
};

/// One worker's sessions: found by the key of either direction, ended by their timeouts, bounded.
/// It is used by that worker alone, but for reading: at(), counters().
class Table {
public:
    /// Sessions that one table can have.
    static constexpr uint32_t most_sessions = (1U << 24) - 1;

    struct Parts {
        const SharedTimeouts& timeouts;
        const Owners& owners;
        unsigned worker = 0;
        /// At most so many sessions; address space is taken for them, memory as they come.
        uint32_t sessions = 0;
        uint64_t seed = 0;
        Tick now = 0;
    };
    explicit Table(const Parts& parts);
    /// Has it count on from what another one counted, while no worker has it yet.
    void count_on_from(const TableCounters& before) noexcept;
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    // ---- the worker ----

    uint64_t hash(const Key& key) const noexcept { return hasher_(key); }
    /// Stages of a lookup of many: the bucket, then the session that it may be.
    void prefetch(uint64_t hash) const noexcept { index_.prefetch(hash); }
    Ref guess(uint64_t hash) const noexcept {
        const uint32_t value = index_.guess(hash);
        return value == Index::none ? Ref() : Ref::from_raw(value);
    }
    void prefetch(Ref ref) const noexcept { __builtin_prefetch(&sessions_[ref.index()], 1); }
    bool is(Ref ref, Key::Words key) const noexcept {
        return sessions_[ref.index()].key(ref.direction()).is(key);
    }
    uint64_t hash(Key::Words key) const noexcept { return hasher_(key.addresses, key.rest); }
    bool is(Ref ref, const Key& key) const noexcept {
        return sessions_[ref.index()].key(ref.direction()) == key;
    }
    Ref find(uint64_t hash, const Key& key) const noexcept {
        const uint32_t value = index_.find(
            hash, [&](uint32_t candidate) { return is(Ref::from_raw(candidate), key); });
        return value == Index::none ? Ref() : Ref::from_raw(value);
    }
    Ref find(const Key& key) const noexcept { return find(hash(key), key); }

    /// What a new session is.
    struct Making {
        Key forward;
        Key reverse;
        Timer timer = Timer::other;
        OwnerId owner = 0;
        uint8_t flags = 0;
        uint32_t user = 0;
    };
    /// Makes a session. Neither key may be in the table yet. Where it is full, the oldest
    /// transitory session makes room; 0 where there is none, or no place for a key.
    SessionIndex create(const Making& making, Tick now) noexcept;
    void end(SessionIndex index, Ending ending) noexcept;
    const Session& operator[](SessionIndex index) const noexcept { return sessions_[index]; }
    Session& operator[](SessionIndex index) noexcept { return sessions_[index]; }

    /// A packet of a session goes by. `tcp_flags` are those of its header; none of another
    /// protocol.
    void seen(Ref ref, Tick now, uint8_t tcp_flags) noexcept {
        Session& session = sessions_[ref.index()];
        const Tick before = session.last_seen;
        if (before != now) {
            Session::store(session.last_seen, now);
        }
        uint32_t& packets = session.packets[size_t(ref.direction())];
        Session::store(packets, packets + 1);
        if ((telling(session.timer, ref.direction()) & (tcp_flags | any_packet)) != 0)
            [[unlikely]] {
            advance(ref, tcp_flags, before);
        }
    }
    /// Ends what is out of time by `now`, at most `most` sessions looked at. True where there is
    /// more to do.
    bool age(Tick now, unsigned most) noexcept;

    // ---- any thread ----

    /// Refuses new sessions, or takes them again.
    void set_closed(bool closed) noexcept { closed_.store(closed, std::memory_order_relaxed); }
    /// Sessions lie at 1 to highest(); Session::copy() reads one.
    const Session& at(SessionIndex index) const noexcept { return sessions_[index]; }
    SessionIndex highest() const noexcept { return sessions_.highest(); }
    uint32_t capacity() const noexcept { return sessions_.capacity(); }
    const TableCounters& counters() const noexcept { return counters_; }
    graph::MemoryUse memory() const noexcept;

private:
    /// Stands for a packet whatever its flags, in the place of one that tells nothing of a
    /// connection (CWR).
    static constexpr uint8_t any_packet = 0x80;
    /// The flags of which one may make a session another one, by its timer and the direction of the
    /// packet.
    static uint8_t telling(Timer timer, Direction direction) noexcept {
        constexpr uint8_t fin_syn_rst = 0x01 | 0x02 | 0x04;
        static constexpr std::array<std::array<uint8_t, 2>, timers> all = {{
            {any_packet, any_packet},    // tcp_transitory
            {fin_syn_rst, fin_syn_rst},  // tcp_established
            {any_packet, any_packet},    // tcp_time_wait
            {0, any_packet},             // udp: an answer
            {0, 0},                      // udp_replied
            {0, any_packet},             // icmp
            {0, any_packet},             // other
            {0, 0},                      // other_replied
        }};
        return all[size_t(timer)][size_t(direction)];
    }
    void advance(Ref ref, uint8_t tcp_flags, Tick seen_before) noexcept;
    void set_timer(SessionIndex index, Timer timer) noexcept;
    Wheel& wheel_of(Timer timer) noexcept { return wheels_[size_t(timer)]; }
    Tick due(const Session& session) const noexcept {
        return session.last_seen + timeouts_.of(session.timer);
    }
    bool age(Wheel& wheel, Tick now, unsigned& most) noexcept;
    bool displace(Tick now) noexcept;
    /// Whose first session was put there longest ago; none where no session may make room.
    std::optional<Timer> oldest_transitory(Tick now) noexcept;
    /// Ends one that is in no wheel.
    void finish(SessionIndex index, Ending ending) noexcept;

    const SharedTimeouts& timeouts_;
    const Owners& owners_;
    const unsigned worker_;
    const Hasher hasher_;
    Slab<Session> sessions_;
    Index index_;
    /// One for each timer, so that the order in each is that of age.
    std::vector<Wheel> wheels_;
    /// All of them were aged by then.
    Tick aged_;
    /// No new sessions: what there is is to be the last.
    std::atomic<bool> closed_{false};
    TableCounters counters_;
};

}  // namespace vnet::flow
