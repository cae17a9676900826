// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>

#include "graph/driver.hpp"
#include "vnet/device/tap_nodes.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/punt/classes.hpp"

namespace punt {

using vnet::interface::Index;

/// Writes IPv4 packets that are for the router, and that nobody else takes, to the kernel, as many
/// a second as their class may have.
class ToKernel {
public:
    enum class Drop : graph::Edge {
        no_kernel,
        own_packet,
        truncated,
        routing,
        management,
        icmp,
        tcp,
        other,
        full,
        refused
    };
    static constexpr auto info = graph::node<Drop>(
        "ip4-punt",
        {{Drop::no_kernel, "no-kernel", "there is no interface to the kernel any longer"},
         {Drop::own_packet, "own-packet", "the router's own, which came back to it"},
         {Drop::truncated, "truncated", "fewer bytes than its headers"},
         {Drop::routing, "limit-routing", "more of class routing than may come in a second"},
         {Drop::management, "limit-management",
          "more of class management than may come in a second"},
         {Drop::icmp, "limit-icmp", "more of class icmp than may come in a second"},
         {Drop::tcp, "limit-tcp", "more of class tcp than may come in a second"},
         {Drop::other, "limit-other", "more of class other than may come in a second"},
         {Drop::full, "tx-full", "the kernel's queue did not take the packet"},
         {Drop::refused, "refused", "the kernel refused the packet, or its end is down"}});

    static constexpr std::string_view effects =
        "written to the host's kernel, unless its class has had what it may in this second";

    ToKernel(vnet::interface::Table& table, vnet::punt::Limits& limits)
        : table_(table), limits_(limits) {}

    /// Control thread: from now on workers write to it; nullptr: no longer, once a grace period is
    /// over.
    void set(const vnet::device::TapTarget* target) noexcept {
        target_.store(target, std::memory_order_release);
    }

    void operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept;
    /// The class, and the interface to the kernel.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    graph::Hop write(graph::Packet& packet, const vnet::device::TapTarget& target,
                     graph::Dispatch& dispatch) const noexcept;

    vnet::interface::Table& table_;
    vnet::punt::Limits& limits_;
    std::atomic<const vnet::device::TapTarget*> target_{nullptr};
};

/// What the kernel sends as the router: IPv4 from one of its addresses. Goes to the route lookup as
/// the router's own packet, so that its TTL stays as it is.
class FromKernel {
public:
    enum class Next : graph::Edge { lookup };
    enum class Drop : graph::Edge { not_ip4, malformed, foreign_source };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip4-from-kernel", {{Next::lookup, "ip4-lookup"}},
        {{Drop::not_ip4, "not-ip4", "not an IPv4 packet"},
         {Drop::malformed, "malformed", "lengths in its header that cannot be true"},
         {Drop::foreign_source, "foreign-source", "not from an address of the router"}});

    FromKernel(const vnet::ip4::Dir24& table, const vnet::fib::ForwardingTable& forwarding)
        : table_(table), forwarding_(forwarding) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet) const noexcept;

private:
    const vnet::ip4::Dir24& table_;
    const vnet::fib::ForwardingTable& forwarding_;
};

/// Where packets end that a route sends by the interface to the kernel: it takes what is for the
/// router, and that does not come this way.
struct Transmit {
    enum class Drop : graph::Edge { not_for_kernel };
    static constexpr auto info = graph::node<Drop>(
        "kernel-tx", {{Drop::not_for_kernel, "not-for-kernel",
                       "sent by the interface to the kernel, which has no link to others"}});
    graph::To<graph::NoNext, Drop> operator()(graph::Packet&) const noexcept {
        return Drop::not_for_kernel;
    }
};

}  // namespace punt
