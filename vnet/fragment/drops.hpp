// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/dispatch.hpp"
#include "graph/node.hpp"
#include "vnet/fragment/family.hpp"
#include "vnet/fragment/store.hpp"

namespace vnet::fragment {

/// Why reassembly, of either kind and either family, drops fragments.
enum class Drop : graph::Edge {
    truncated,
    bad_length,
    overrun,
    overlap,
    duplicate,
    contradiction,
    too_long,
    too_many,
    ecn,
    tiny,
    refused,
    displaced,
    no_room,
    timed_out,
    handoff_full,
};

inline constexpr graph::DropReason<Drop> drop_reasons[] = {
    {Drop::truncated, "truncated", "a fragment whose headers are not all there"},
    {Drop::bad_length, "bad-length",
     "a fragment without payload, or one in front of others whose length is no multiple of 8"},
    {Drop::overrun, "overrun", "a fragment that would end behind 65535 bytes"},
    {Drop::overlap, "overlap",
     "fragments that cover the same bytes, and all others of their datagram (RFC 5722)"},
    {Drop::duplicate, "duplicate", "a fragment that came before; the first of them is kept"},
    {Drop::contradiction, "contradiction",
     "fragments that disagree on where their datagram ends, and all others of it"},
    {Drop::too_long, "too-long", "the fragments of a datagram that is longer than 65535 bytes"},
    {Drop::too_many, "too-many-fragments",
     "the fragments of a datagram that is in more pieces than may be"},
    {Drop::ecn, "ecn-mismatch",
     "the fragments of a datagram of which some are marked as congested and others as not able to "
     "be (RFC 3168 5.3)"},
    {Drop::tiny, "tiny-first-fragment",
     "a first fragment without all of its transport header, and all others of its datagram "
     "(RFC 1858, RFC 7112)"},
    {Drop::refused, "of-refused-datagram",
     "a fragment of a datagram of which others were dropped for what they are"},
    {Drop::displaced, "displaced",
     "given up for newer datagrams: all places, or those of its source, were taken"},
    {Drop::no_room, "no-room", "no room for the fragments of its datagram"},
    {Drop::timed_out, "timed-out", "the rest of its datagram did not come in time"},
    {Drop::handoff_full, "handoff-full", "the lane to the worker of its datagram was full"},
};

constexpr Drop drop_for(Loss loss) noexcept {
    switch (loss) {
        case Loss::overlap:
            return Drop::overlap;
        case Loss::duplicate:
            return Drop::duplicate;
        case Loss::contradiction:
            return Drop::contradiction;
        case Loss::too_long:
            return Drop::too_long;
        case Loss::too_many:
            return Drop::too_many;
        case Loss::ecn:
            return Drop::ecn;
        case Loss::tiny:
            return Drop::tiny;
        case Loss::refused:
            return Drop::refused;
        case Loss::displaced:
            return Drop::displaced;
        case Loss::no_room:
            return Drop::no_room;
        case Loss::timed_out:
        case Loss::timed_out_first:
            break;
    }
    return Drop::timed_out;
}

/// For a packet that is neither whole nor a fragment that can be used.
constexpr Drop drop_for(Kind kind) noexcept {
    return kind == Kind::bad_length ? Drop::bad_length
           : kind == Kind::overrun  ? Drop::overrun
                                    : Drop::truncated;
}

/// Drops what a store gives up, by name.
class DropLosses : public Losses {
public:
    explicit DropLosses(graph::Dispatch& dispatch) noexcept : dispatch_(dispatch) {}
    void lost(graph::Packet& packet, Loss why) noexcept override {
        dispatch_.emit(packet, graph::Hop::drop(graph::Edge(drop_for(why))));
    }

protected:
    ~DropLosses() = default;
    graph::Dispatch& dispatch_;
};

/// Datagrams out of time that one tick gives up: a worker is not held up by more.
inline constexpr uint32_t expired_a_tick = 4096;

/// What control has a worker look for datagrams out of time with: a packet of no bytes.
inline bool is_tick(const graph::Packet& packet) noexcept {
    return packet.length() == 0;
}

}  // namespace vnet::fragment
