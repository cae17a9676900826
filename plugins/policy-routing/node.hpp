// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "graph/driver.hpp"
#include "graph/stable_array.hpp"
#include "plugins/policy-routing/rule.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/ip4/family.hpp"
#include "vnet/ip6/family.hpp"

namespace policy_routing {

using vnet::interface::Index;

/// What differs between the address families: names, and what headers say.
struct Ip4 : vnet::ip4::Family {
    using Header = vnet::wire::Ip4Header;
    static constexpr const char* node = "ip4-policy-routing";
    static constexpr const char* arc = "ip4-unicast";
    static constexpr const char* ports_node = "ip4-virtual-reassembly";
    static constexpr const char* ends[] = {"ip4-rewrite", "ip4-unreachable", "ip4-resolve",
                                           "ip4-lookup-vrf", "ip4-local"};
};
struct Ip6 : vnet::ip6::Family {
    using Header = vnet::wire::Ip6Header;
    static constexpr const char* node = "ip6-policy-routing";
    static constexpr const char* arc = "ip6-unicast";
    static constexpr const char* ports_node = "ip6-virtual-reassembly";
    static constexpr const char* ends[] = {"ip6-rewrite", "ip6-unreachable", "ip6-resolve",
                                           "ip6-lookup-vrf", "ip6-local"};
};

/// A feature of the arc of unicast packets: sends a packet where the first rule of its interface
/// that matches says. What is for the router itself, and what no rule matches, goes on.
template <class Family>
class Policy {
public:
    static constexpr auto info = graph::node(Family::node);

    Policy(const vnet::fib::Tables<typename Family::Table>& tables,
           const vnet::fib::ForwardingTable& forwarding, vnet::fragment::PortsSlot ports)
        : tables_(tables), forwarding_(forwarding), ports_(ports), lists_(graph::max_interfaces) {}

    /// Control: the rules of an interface from now on; null for none. Workers may use the list
    /// before until the next grace period has passed.
    void set(Index interface, const RuleList<Family>* list) noexcept {
        lists_[interface].store(list, std::memory_order_release);
    }

    /// An interface has rules of this family.
    bool is_on(Index interface) const noexcept { return list_of(interface) != nullptr; }

    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    /// The rule that matches now.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const RuleList<Family>* list_of(Index interface) const noexcept {
        return interface < graph::max_interfaces ? lists_[interface].load(std::memory_order_acquire)
                                                 : nullptr;
    }
    const Rule<Family>* find(const RuleList<Family>& list, const typename Family::Header& ip,
                             const Ports& ports) const noexcept;
    bool is_own(const typename Family::Header& ip, Index interface) const noexcept;

    const vnet::fib::Tables<typename Family::Table>& tables_;
    const vnet::fib::ForwardingTable& forwarding_;
    const vnet::fragment::PortsSlot ports_;
    graph::StableArray<std::atomic<const RuleList<Family>*>> lists_;
};

using Ip4Policy = Policy<Ip4>;
using Ip6Policy = Policy<Ip6>;
extern template class Policy<Ip4>;
extern template class Policy<Ip6>;

}  // namespace policy_routing
