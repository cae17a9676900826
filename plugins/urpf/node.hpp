// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "graph/driver.hpp"
#include "plugins/urpf/modes.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/ip4/family.hpp"
#include "vnet/ip6/family.hpp"

namespace urpf {

/// The names of a family's node and of the arc that it is on.
template <class Family>
struct Words;
template <>
struct Words<vnet::ip4::Family> {
    static constexpr std::string_view node = "ip4-source-check";
    static constexpr const char* arc = "ip4-unicast";
};
template <>
struct Words<vnet::ip6::Family> {
    static constexpr std::string_view node = "ip6-source-check";
    static constexpr const char* arc = "ip6-unicast";
};

/// Drops packets whose source no route leads back to, or none by the interface that they came by
/// (RFC 3704 2.2 strict and 2.4 loose; RFC 8704 3.1 says what to hold against them). It sees the
/// whole vector, so that the table's lines of all packets are on their way before the first is
/// needed.
template <class Family>
class SourceCheck {
public:
    enum class Drop : graph::Edge { strict, loose };
    static constexpr auto info = graph::node<Drop>(
        Words<Family>::node,
        {{Drop::strict, "urpf-strict",
          "no route leads back to the source by the interface that the packet came by"},
         {Drop::loose, "urpf-loose", "no route leads back to the source"}});

    using Tables = vnet::fib::Tables<typename Family::Table>;
    SourceCheck(const Modes& modes, const Tables& tables,
                const vnet::fib::ForwardingTable& forwarding)
        : modes_(modes), tables_(tables), forwarding_(forwarding) {}
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    /// What the routes say of the source.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    using Address = typename Family::Address;
    const vnet::fib::Adjacency& way_back(Index interface, Address source,
                                         bool default_route) const noexcept;
    bool leads_back(const vnet::fib::Adjacency& way, Mode mode, Index interface) const noexcept;

    const Modes& modes_;
    const Tables& tables_;
    const vnet::fib::ForwardingTable& forwarding_;
};

}  // namespace urpf

extern template class urpf::SourceCheck<vnet::ip4::Family>;
extern template class urpf::SourceCheck<vnet::ip6::Family>;
