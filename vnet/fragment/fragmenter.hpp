// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "graph/counter.hpp"
#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fragment/chain.hpp"

namespace vnet::fragment {

/// Why a packet is not cut.
enum class CutDrop : graph::Edge { truncated, mtu_too_small, too_many, no_buffer, no_headroom };
inline constexpr graph::DropReason<CutDrop> cut_drop_reasons[] = {
    {CutDrop::truncated, "truncated", "its headers are not all there"},
    {CutDrop::mtu_too_small, "mtu-too-small", "the MTU has no room for 8 bytes behind its headers"},
    {CutDrop::too_many, "too-many-fragments", "it would be more than 256 fragments"},
    {CutDrop::no_buffer, "no-buffer", "no buffers were free for all of its fragments"},
    {CutDrop::no_headroom, "no-headroom", "no room in front of it for a fragment header"},
};

/// What one worker's fragmenter did.
struct alignas(64) CutCounters {
    /// Packets that were cut, and what became of them.
    graph::Counter packets;
    graph::Counter fragments;
};

/// Cuts IPv4 packets that are longer than their adjacency's MTU and may be cut (RFC 791 3.2,
/// RFC 1812 4.2.2.7): ip4-rewrite sends them here, untouched but for its checks, and gets the
/// fragments back, so that each gets its TTL and link-layer header and meets the features of its
/// output. A fragment is cut like any other packet. Options are copied into the later fragments
/// where they say so.
class Ip4Fragmenter {
public:
    enum class Next : graph::Edge { rewrite };
    static constexpr auto info = graph::node<Next, CutDrop>(
        "ip4-fragment", {{Next::rewrite, "ip4-rewrite"}}, cut_drop_reasons);

    /// `contexts`: as Engine::contexts() says.
    Ip4Fragmenter(const fib::ForwardingTable& forwarding, unsigned contexts)
        : forwarding_(forwarding), counters_(contexts) {}
    graph::To<Next, CutDrop> operator()(graph::Packet& packet,
                                        graph::Dispatch& dispatch) const noexcept;
    /// In how many, and how long they are.
    graph::TraceFields format(const graph::TraceStep& step) const;
    const CutCounters& counters(unsigned worker) const noexcept { return counters_[worker]; }

private:
    const fib::ForwardingTable& forwarding_;
    mutable std::vector<CutCounters> counters_;
};

/// Cuts IPv6 packets of the router itself that are longer than their adjacency's MTU (RFC 8200
/// 4.5). A router cuts nobody else's: who sends such a packet here answers for that.
class Ip6Fragmenter {
public:
    enum class Next : graph::Edge { rewrite };
    static constexpr auto info = graph::node<Next, CutDrop>(
        "ip6-fragment", {{Next::rewrite, "ip6-rewrite"}}, cut_drop_reasons);

    /// `seed`: any number that outsiders do not know.
    Ip6Fragmenter(const fib::ForwardingTable& forwarding, unsigned contexts, uint64_t seed)
        : forwarding_(forwarding), seed_(seed), counters_(contexts), made_(contexts) {}
    graph::To<Next, CutDrop> operator()(graph::Packet& packet,
                                        graph::Dispatch& dispatch) const noexcept;
    /// In how many, and how long they are.
    graph::TraceFields format(const graph::TraceStep& step) const;
    const CutCounters& counters(unsigned worker) const noexcept { return counters_[worker]; }

    /// The identification of the `number`th packet that is cut: no two of 2^32 are the same, and
    /// nobody who does not know the seed can tell the next one (RFC 7739 5.3).
    static uint32_t identification(uint32_t number, uint64_t seed) noexcept;

private:
    struct alignas(64) Made {
        uint32_t count = 0;
    };
    const fib::ForwardingTable& forwarding_;
    const uint64_t seed_;
    mutable std::vector<CutCounters> counters_;
    mutable std::vector<Made> made_;
};

}  // namespace vnet::fragment
