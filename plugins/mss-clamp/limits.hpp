// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/counter.hpp"
#include "graph/stable_array.hpp"
#include "plugins/mss-clamp/mss_option.hpp"
#include "vnet/interface/table.hpp"

namespace mss_clamp {

using vnet::interface::Index;

/// Which SYNs of an interface.
enum class Side {
    /// Those that come in by it: what is sent to hosts behind it.
    rx,
    /// Those that leave by it: what hosts behind it send.
    tx,
};

/// Bytes that a packet has beside the segment: IP header and TCP header without options.
enum class Headers : uint16_t { ip4 = 40, ip6 = 60 };

/// What is set for an interface.
struct Setting {
    /// The largest segment of IPv4, in bytes; of IPv6 it is so much less as its header is longer.
    /// None: as the interface's MTU allows.
    std::optional<uint16_t> mss;
    bool rx = true;
    bool tx = true;
    bool operator==(const Setting&) const = default;
};

/// What an MSS may be. Less than the least is left by very small MTUs only, and some hosts take it
/// for an attack; the most is the longest packet of IPv4 without its headers.
inline constexpr uint16_t least_mss = 88;
inline constexpr uint16_t most_mss = 65495;

/// To what the SYNs of each interface are clamped, and how many were. Set by control, asked by
/// workers.
class Limits {
public:
    /// For as many workers. The table outlives it.
    Limits(unsigned workers, const vnet::interface::Table& table);
    Limits(const Limits&) = delete;
    Limits& operator=(const Limits&) = delete;

    // ---- control thread ----
    void set(Index interface, const Setting& setting) noexcept;
    void clear(Index interface) noexcept;
    /// What a segment may have now.
    uint16_t most(Index interface, const Setting& setting, Headers headers) const noexcept {
        return most_of(interface, word_of(setting), headers);
    }
    struct Counts {
        uint64_t clamped = 0;
        uint64_t malformed = 0;
    };
    /// Since the router started, whoever had the index.
    Counts counts(Index interface) const noexcept;

    // ---- workers ----

    /// Clamps a segment of a packet by an interface, and counts it.
    Outcome apply(Side side, Index interface, Headers headers, std::span<std::byte> segment,
                  unsigned worker) const noexcept;

private:
    struct Counters {
        graph::Counter clamped;
        graph::Counter malformed;
    };
    /// 0: off; automatic; else the largest segment of IPv4.
    using Word = std::atomic<uint32_t>;
    static constexpr uint32_t automatic = ~uint32_t(0);
    static uint32_t word_of(const Setting& setting) noexcept {
        return setting.mss ? *setting.mss : automatic;
    }
    uint16_t most_of(Index interface, uint32_t word, Headers headers) const noexcept;

    const vnet::interface::Table& table_;
    graph::StableArray<Word> rx_;
    graph::StableArray<Word> tx_;
    /// By worker, then interface.
    std::vector<std::unique_ptr<graph::StableArray<Counters>>> counters_;
};

}  // namespace mss_clamp
