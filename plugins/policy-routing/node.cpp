// SPDX-License-Identifier: Apache-2.0
#include "plugins/policy-routing/node.hpp"

#include <algorithm>

namespace policy_routing {

template <class Family>
const Rule<Family>* Policy<Family>::find(const RuleList<Family>& list,
                                         const typename Family::Header& ip,
                                         const Ports& ports) const noexcept {
    const typename Family::Address source = ip.source;
    const typename Family::Address destination = ip.destination;
    const uint8_t dscp = ip.dscp();
    const auto found =
        std::find_if(list.rules.begin(), list.rules.end(), [&](const Rule<Family>& rule) {
            return rule.match.matches(source, destination, dscp, ports);
        });
    return found == list.rules.end() ? nullptr : &*found;
}

/// Whether a packet is for the router itself, whatever rules say: it would not hear its neighbours
/// otherwise.
template <class Family>
bool Policy<Family>::is_own(const typename Family::Header& ip, Index interface) const noexcept {
    const vnet::fib::PathIndex path =
        Family::look_up(tables_.of_interface(interface), Family::scoped(ip.destination, interface));
    const vnet::fib::Action action = forwarding_.adjacency(forwarding_.at(path)).action;
    return action == vnet::fib::Action::local || action == vnet::fib::Action::broadcast;
}

template <class Family>
graph::Hop Policy<Family>::operator()(graph::Packet& packet,
                                      graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const RuleList<Family>* const list = list_of(meta.rx_interface);
    const auto* ip = vnet::wire::view<typename Family::Header>(packet.from_offset(meta.l3_offset));
    if (list == nullptr || ip == nullptr) {
        return dispatch.next_feature(packet);
    }
    const Rule<Family>* const rule =
        find(*list, *ip, list->asks_for_upper ? ports_.of(packet) : Ports());
    if (rule == nullptr || is_own(*ip, meta.rx_interface)) {
        return dispatch.next_feature(packet);
    }
    RuleCounters& counts = (*rule->counts)[dispatch.worker()];
    counts.packets.add(1);
    counts.bytes.add(packet.length() - meta.l3_offset);
    meta.adjacency = forwarding_.at(rule->path);
    const vnet::fib::Adjacency& adjacency = forwarding_.adjacency(meta.adjacency);
    meta.tx_interface = adjacency.interface;
    return graph::Hop::node(adjacency.next);
}

template <class Family>
graph::TraceFields Policy<Family>::format(const graph::TraceStep& step) const {
    const RuleList<Family>* const list = list_of(step.at.meta.rx_interface);
    const auto* ip =
        vnet::wire::view<typename Family::Header>(step.at.from_offset(step.at.meta.l3_offset));
    if (list == nullptr || ip == nullptr || is_own(*ip, step.at.meta.rx_interface)) {
        return {};
    }
    const Rule<Family>* const rule =
        find(*list, *ip, list->asks_for_upper ? ports_.of(step.at.slots) : Ports());
    if (rule == nullptr) {
        return {{"rule", "none"}};
    }
    const auto action = step.next == nullptr
                            ? vnet::fib::Action::no_route
                            : forwarding_.adjacency(step.next->meta.adjacency).action;
    return {{"rule", std::to_string(rule->number)},
            {"adjacency", std::string(vnet::fib::name(action))}};
}

template class Policy<Ip4>;
template class Policy<Ip6>;

}  // namespace policy_routing
