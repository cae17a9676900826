// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/flow/session.hpp"

namespace vnet::flow {

/// What a session knows of a TCP connection: bits of `state`, and the timer that follows.
struct TcpState {
    uint8_t bits = 0;
    Timer timer = Timer::tcp_transitory;
    friend bool operator==(const TcpState&, const TcpState&) noexcept = default;
};

/// The state behind one more segment (RFC 5382, RFC 7857 2). A connection is established when both
/// sides have acknowledged something, which holds for a simultaneous open and for one that began
/// before the session as well. A reset ends it, unless more is said of it within the transitory
/// timeout: it may have been forged (RFC 7857 2.2). Behind both FINs, or a reset, a SYN begins a
/// new one.
constexpr TcpState next_tcp_state(TcpState now, Direction direction, uint8_t tcp_flags) noexcept {
    constexpr uint8_t fin = 0x01;
    constexpr uint8_t syn = 0x02;
    constexpr uint8_t rst = 0x04;
    constexpr uint8_t ack = 0x10;
    const bool ended =
        (now.bits & state::reset) != 0 || (now.bits & state::both_fins) == state::both_fins;
    if ((tcp_flags & rst) != 0) {
        now.bits |= state::reset;
    } else if (ended && (tcp_flags & (syn | ack)) == syn) {
        now.bits = 0;
    } else {
        now.bits &= uint8_t(~state::reset);
        now.bits |= (tcp_flags & ack) != 0 ? state::ack[size_t(direction)] : uint8_t(0);
        now.bits |= (tcp_flags & fin) != 0 ? state::fin[size_t(direction)] : uint8_t(0);
    }
    if (direction == Direction::reverse) {
        now.bits |= state::replied;
    }
    const bool established = (now.bits & state::both_acks) == state::both_acks;
    now.timer = (now.bits & state::reset) != 0 || !established      ? Timer::tcp_transitory
                : (now.bits & state::both_fins) == state::both_fins ? Timer::tcp_time_wait
                                                                    : Timer::tcp_established;
    return now;
}

/// The timer that a session of a protocol begins with.
constexpr Timer first_timer(uint8_t protocol) noexcept {
    switch (wire::IpProtocol(protocol)) {
        case wire::IpProtocol::tcp:
            return Timer::tcp_transitory;
        case wire::IpProtocol::udp:
            return Timer::udp;
        case wire::IpProtocol::icmp:
            return Timer::icmp;
        default:
            return Timer::other;
    }
}

}  // namespace vnet::flow
