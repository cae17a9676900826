// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "graph/token_bucket.hpp"

/// How fast packets come, and which of them come too fast.
namespace vnet::meter {

/// What a meter makes of a packet (RFC 2697, 2698, 4115), and what one before it made of it.
enum class Colour : uint8_t { green, yellow, red };
inline constexpr size_t colours = 3;

/// Which document's arithmetic.
enum class Kind : uint8_t {
    /// srTCM, RFC 2697: one rate. What the first bucket has no room for fills the second.
    single_rate,
    /// trTCM, RFC 2698: green is below both rates, yellow below the peak rate.
    two_rate,
    /// RFC 4115: green is below the committed rate, yellow below a rate of excess beside it.
    differentiated,
};
/// "single-rate", "two-rate", "differentiated".
std::string_view name(Kind kind) noexcept;

/// What is counted.
enum class Unit : uint8_t {
    /// Of IP packets, their headers included, link-layer headers not (RFC 2697 2).
    bytes,
    packets,
};
/// "bytes", "packets".
std::string_view name(Unit unit) noexcept;

/// What is asked for. Rates a second and bursts are in units.
struct Terms {
    Kind kind = Kind::single_rate;
    Unit unit = Unit::bytes;
    /// A colour that the packet has already is never made better.
    bool colour_aware = false;
    /// CIR and CBS.
    uint64_t committed_rate = 0;
    uint64_t committed_burst = 0;
    /// PIR of two_rate, EIR of differentiated; single_rate has none.
    uint64_t second_rate = 0;
    /// EBS of single_rate and differentiated, PBS of two_rate.
    uint64_t second_burst = 0;

    friend bool operator==(const Terms&, const Terms&) noexcept = default;
};
/// Rates from 8 kbit/s to 400 Gbit/s, or from one packet a second.
inline constexpr uint64_t least_bytes_per_second = 1'000;
inline constexpr uint64_t most_bytes_per_second = 50'000'000'000;
inline constexpr uint64_t least_packets_per_second = 1;
inline constexpr uint64_t most_packets_per_second = 1'000'000'000;
inline constexpr uint64_t most_burst = uint64_t(1) << 40;
/// OUT_OF_RANGE or INVALID_ARGUMENT with a sentence where no meter can go by them.
absl::Status check(const Terms& terms);

/// The two buckets of a meter. Begin full, as zero bytes do. All workers share them: the rate is
/// the router's.
struct State {
    /// Of the committed rate.
    graph::TokenBucket committed;
    /// two_rate: of the peak rate. differentiated: of the excess. single_rate: of both buckets of
    /// RFC 2697 together, since what fills the second is what the first has no room for; so both
    /// words are buckets of one rate each.
    graph::TokenBucket second;
};

/// What became of a vector.
struct Outcome {
    struct Sum {
        uint32_t packets = 0;
        uint64_t bytes = 0;
    };
    std::array<Sum, colours> of;
    /// All packets are green: `colour` of run() was not written.
    bool all_green = false;
};

/// A meter's arithmetic. Immutable; any worker.
///
/// The packets of a vector are taken to come at one moment, one behind the other. What they may
/// need is taken out of the buckets at once, and what they did not need is given back: a word is
/// written twice a vector and not twice a packet. A worker alone gets exactly what the RFC says for
/// each packet. While several ask at once, one may not find for some clocks what another gives back
/// in the end; no token is ever given twice.
class Meter {
public:
    /// check() has found the terms right. `clocks_per_second` of the clock that run() is told.
    Meter(const Terms& terms, uint64_t clocks_per_second) noexcept;

    /// Colours packets of so many bytes that came at `now`, in their order. `colour` has as many
    /// places; a colour-aware meter finds there what the packets were before. Up to
    /// graph::vector_size of them.
    Outcome run(State& state, uint64_t now, std::span<const uint32_t> bytes,
                std::span<Colour> colour) const noexcept;
    /// The same without taking anything.
    Outcome preview(const State& state, uint64_t now, std::span<const uint32_t> bytes,
                    std::span<Colour> colour) const noexcept {
        State copy = state;
        return run(copy, now, bytes, colour);
    }
    /// Both buckets are full: a fresh State would do the same.
    bool is_idle(const State& state, uint64_t now) const noexcept;

    const Terms& terms() const noexcept { return terms_; }

private:
    struct Share {
        uint64_t committed = 0;
        uint64_t second = 0;
    };
    graph::TokenBucket::Level committed_level(uint64_t now) const noexcept {
        return {committed_rate_.made(now), terms_.committed_burst};
    }
    graph::TokenBucket::Level second_level(uint64_t now) const noexcept {
        return {second_rate_.made(now), second_burst_};
    }
    bool take_all(State& state, uint64_t now, uint64_t tokens) const noexcept;
    Share take(State& state, uint64_t now, uint64_t tokens) const noexcept;
    void give_back(State& state, const Share& taken, const Share& used) const noexcept;
    Colour decide(uint64_t tokens, Colour before, const Share& left) const noexcept;

    Terms terms_;
    graph::TokenRate committed_rate_;
    graph::TokenRate second_rate_;
    uint64_t second_burst_;
};

}  // namespace vnet::meter
