// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>

#include "graph/driver.hpp"
#include "vnet/device/tap_nodes.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/ip6/range_table.hpp"
#include "vnet/punt/classes.hpp"

namespace punt {

using vnet::interface::Index;

/// What differs between the address families: the node's name, and what a packet holds.
struct Ip4 {
    static constexpr const char* punt = "ip4-punt";
    /// The class of a packet that begins with its IP header; none where the header is not there.
    static std::optional<vnet::punt::Class> class_of(std::span<const std::byte> packet) noexcept;
};
struct Ip6 {
    static constexpr const char* punt = "ip6-punt";
    static std::optional<vnet::punt::Class> class_of(std::span<const std::byte> packet) noexcept;
};

/// Why packets do not get to the kernel.
enum class ToKernelDrop : graph::Edge {
    no_kernel,
    other_vrf,
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
inline constexpr graph::DropReason<ToKernelDrop> to_kernel_drops[] = {
    {ToKernelDrop::no_kernel, "no-kernel", "there is no interface to the kernel any longer"},
    {ToKernelDrop::other_vrf, "other-vrf",
     "came in by an interface of another VRF than that of the kernel's interface"},
    {ToKernelDrop::own_packet, "own-packet", "the router's own, which came back to it"},
    {ToKernelDrop::truncated, "truncated", "fewer bytes than its headers"},
    {ToKernelDrop::routing, "limit-routing", "more of class routing than may come in a second"},
    {ToKernelDrop::management, "limit-management",
     "more of class management than may come in a second"},
    {ToKernelDrop::icmp, "limit-icmp", "more of class icmp than may come in a second"},
    {ToKernelDrop::tcp, "limit-tcp", "more of class tcp than may come in a second"},
    {ToKernelDrop::other, "limit-other", "more of class other than may come in a second"},
    {ToKernelDrop::full, "tx-full", "the kernel's queue did not take the packet"},
    {ToKernelDrop::refused, "refused", "the kernel refused the packet, or its end is down"}};

/// Writes packets of a family that are for the router, and that nobody else takes, to the kernel,
/// as many a second as their class may have.
template <class Family>
class ToKernel {
public:
    using Drop = ToKernelDrop;
    static constexpr auto info = graph::node<Drop>(Family::punt, to_kernel_drops);

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

using Ip4ToKernel = ToKernel<Ip4>;
using Ip6ToKernel = ToKernel<Ip6>;
extern template class ToKernel<Ip4>;
extern template class ToKernel<Ip6>;

/// What the kernel sends as the router: IP packets from one of its addresses. They go to the route
/// lookup as the router's own, so that their TTL and hop limit stay as they are.
class FromKernel {
public:
    enum class Next : graph::Edge { ip4_lookup, ip6_lookup };
    enum class Drop : graph::Edge { not_ip, malformed, link_local, foreign_source };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip-from-kernel", {{Next::ip4_lookup, "ip4-lookup"}, {Next::ip6_lookup, "ip6-lookup"}},
        {{Drop::not_ip, "not-ip", "neither an IPv4 nor an IPv6 packet"},
         {Drop::malformed, "malformed", "lengths in its header that cannot be true"},
         {Drop::link_local, "link-local",
          "IPv6 to a group or from a link-local address: the kernel's talk with neighbours, of "
          "which there are none here"},
         {Drop::foreign_source, "foreign-source", "not from an address of the router"}});

    FromKernel(const vnet::fib::Tables<vnet::ip4::Dir24>& ip4_tables,
               const vnet::fib::Tables<vnet::ip6::RangeTable>& ip6_tables,
               const vnet::fib::ForwardingTable& forwarding)
        : ip4_tables_(ip4_tables), ip6_tables_(ip6_tables), forwarding_(forwarding) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet) const noexcept;

private:
    graph::To<Next, Drop> ip4(graph::Packet& packet) const noexcept;
    graph::To<Next, Drop> ip6(graph::Packet& packet) const noexcept;
    bool is_own(vnet::fib::PathIndex source) const noexcept {
        return forwarding_.adjacency(forwarding_.at(source)).action == vnet::fib::Action::local;
    }

    const vnet::fib::Tables<vnet::ip4::Dir24>& ip4_tables_;
    const vnet::fib::Tables<vnet::ip6::RangeTable>& ip6_tables_;
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
