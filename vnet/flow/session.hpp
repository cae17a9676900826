// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "vnet/flow/key.hpp"
#include "vnet/flow/timers.hpp"
#include "vnet/flow/versioned.hpp"

namespace vnet::flow {

/// Of one table, from 1 on; 0 is none.
using SessionIndex = uint32_t;
/// Who began the session speaks forward.
enum class Direction : uint8_t { forward, reverse };
constexpr Direction opposite(Direction direction) noexcept {
    return direction == Direction::forward ? Direction::reverse : Direction::forward;
}

constexpr std::string_view name(Direction direction) noexcept {
    return direction == Direction::forward ? "forward" : "reverse";
}

/// Whose sessions they are: a feature that makes them, and is told when they end.
using OwnerId = uint8_t;

/// Both directions of a flow in one cache line. A direction's key says how its packets come in;
/// the other's, turned round, how they leave: a translation is the difference. Where nothing is
/// translated one is the other turned round.
///
/// The table's worker is the only writer. It reads as it likes; others read by copy(), so that
/// every store is an atomic one.
struct alignas(64) Session {
    Key forward;
    Key reverse;
    /// When a packet of it was last seen.
    Tick last_seen;
    /// Odd while there is a session here. It is never the same for two of them, until it wraps.
    uint32_t version;
    /// In the wheel, or among the free ones.
    SessionIndex next;
    SessionIndex previous;
    /// Packets since it began; they wrap.
    uint32_t packets[2];
    /// The owner's own.
    uint32_t user;
    /// Bits of `state`.
    uint8_t state;
    Timer timer;
    OwnerId owner;
    /// The owner's own.
    uint8_t flags;

    const Key& key(Direction direction) const noexcept {
        return direction == Direction::forward ? forward : reverse;
    }
    bool alive() const noexcept { return version % 2 != 0; }

    /// Any thread: what is here at this moment; nothing where there is no session.
    std::optional<Session> copy() const noexcept { return copy_versioned(*this); }

    template <class T>
    static void store(T& field, std::type_identity_t<T> value) noexcept {
        store_shared(field, value);
    }
};
static_assert(sizeof(Session) == 64);

/// Bits of Session::state.
namespace state {
/// A segment that acknowledges was seen, by direction.
inline constexpr uint8_t ack[] = {1 << 0, 1 << 1};
inline constexpr uint8_t fin[] = {1 << 2, 1 << 3};
inline constexpr uint8_t reset = 1 << 4;
/// A packet came the other way.
inline constexpr uint8_t replied = 1 << 5;
inline constexpr uint8_t both_acks = ack[0] | ack[1];
inline constexpr uint8_t both_fins = fin[0] | fin[1];
}  // namespace state

}  // namespace vnet::flow
