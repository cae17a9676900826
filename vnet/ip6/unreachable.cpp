// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/unreachable.hpp"

namespace vnet::ip6 {

graph::To<Unreachable::Next, Unreachable::Drop> Unreachable::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    Drop reason = Drop::no_route;
    wire::Icmp6Unreachable code = wire::Icmp6Unreachable::no_route;
    switch (forwarding_.adjacency(packet.meta().adjacency).action) {
        case fib::Action::blackhole:
            return Drop::blackhole;
        case fib::Action::prohibit:
            reason = Drop::prohibit;
            code = wire::Icmp6Unreachable::prohibited;
            break;
        case fib::Action::unreachable:
            reason = Drop::unreachable;
            code = wire::Icmp6Unreachable::address;
            break;
        case fib::Action::no_route:
        case fib::Action::forward:
        case fib::Action::resolve:
        case fib::Action::local:
        case fib::Action::broadcast:
        case fib::Action::lookup:
        case fib::Action::balance:
            break;
    }
    // The router's own packets have nobody to be told.
    if (packet.meta().has(graph::packet_flag::local_origin)) {
        return reason;
    }
    dispatch.count_drop(graph::Edge(reason), packet);
    icmp6::ask(slot_, packet, wire::Icmp6Type::unreachable, uint8_t(code));
    return Next::icmp_error;
}

graph::TraceFields Unreachable::format(const graph::TraceStep& step) const {
    const fib::Action action = forwarding_.adjacency(step.at.meta.adjacency).action;
    return {{"route-says", std::string(fib::name(action))}};
}

}  // namespace vnet::ip6
