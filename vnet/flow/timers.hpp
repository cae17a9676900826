// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace vnet::flow {

/// Which timeout a session has, by protocol and state.
enum class Timer : uint8_t {
    /// A TCP connection of which both sides have not spoken yet (RFC 5382 REQ-5), or that was
    /// reset.
    tcp_transitory,
    /// Both sides have acknowledged something.
    tcp_established,
    /// Both sides have said their FIN.
    tcp_time_wait,
    /// UDP of which only one side has spoken.
    udp,
    udp_replied,
    icmp,
    /// Any other protocol of which only one side has spoken.
    other,
    other_replied,
};
inline constexpr size_t timers = 8;

constexpr std::string_view name(Timer timer) noexcept {
    constexpr std::array<std::string_view, timers> names = {
        "tcp-transitory", "tcp-established", "tcp-time-wait", "udp", "udp-replied",
        "icmp",           "other",           "other-replied"};
    return names[size_t(timer)];
}

/// Sessions that have proven nothing yet, or are over: the oldest of them makes room where there is
/// none left.
constexpr bool is_transitory(Timer timer) noexcept {
    return timer != Timer::tcp_established && timer != Timer::udp_replied &&
           timer != Timer::other_replied;
}

/// Of a session of TCP or UDP, and of no other protocol.
constexpr bool is_tcp_or_udp(Timer timer) noexcept {
    return timer <= Timer::udp_replied;
}

/// Time as sessions count it, from the start of the router on; it wraps.
using Tick = uint32_t;
inline constexpr uint32_t ticks_per_second = 8;

/// How long a session of each kind lives without a packet, in seconds. The defaults are those of
/// RFC 5382 REQ-5 and RFC 7857 2.1 (TCP), RFC 4787 REQ-5 (UDP) and RFC 5508 REQ-1 (ICMP).
struct Timeouts {
    std::array<uint32_t, timers> seconds = {240, 7440, 240, 300, 300, 60, 300, 600};

    uint32_t& operator[](Timer timer) noexcept { return seconds[size_t(timer)]; }
    uint32_t operator[](Timer timer) const noexcept { return seconds[size_t(timer)]; }
    friend bool operator==(const Timeouts&, const Timeouts&) noexcept = default;

    static constexpr uint32_t least = 1;
    /// A week.
    static constexpr uint32_t most = 604'800;
};

/// The same as workers read them; written by control.
class SharedTimeouts {
public:
    SharedTimeouts() noexcept { set(Timeouts()); }
    void set(const Timeouts& timeouts) noexcept {
        for (size_t i = 0; i < timers; ++i) {
            ticks_[i].store(timeouts.seconds[i] * ticks_per_second, std::memory_order_relaxed);
        }
    }
    Tick of(Timer timer) const noexcept {
        return ticks_[size_t(timer)].load(std::memory_order_relaxed);
    }

private:
    std::array<std::atomic<Tick>, timers> ticks_;
};

}  // namespace vnet::flow
