// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/nd_input.hpp"

#include "vnet/wire/nd.hpp"

namespace vnet::neighbor {

namespace {
NdInput::Drop reason(wire::NdFault fault) noexcept {
    switch (fault) {
        case wire::NdFault::hop_limit:
            return NdInput::Drop::hop_limit;
        case wire::NdFault::code:
            return NdInput::Drop::code;
        case wire::NdFault::source:
            return NdInput::Drop::source;
        case wire::NdFault::destination:
            return NdInput::Drop::destination;
        case wire::NdFault::target:
            return NdInput::Drop::target;
        case wire::NdFault::option:
            return NdInput::Drop::option;
        case wire::NdFault::unspecified_link_address:
            return NdInput::Drop::unspecified_link_address;
        case wire::NdFault::none:
        case wire::NdFault::type:
        case wire::NdFault::truncated:
            break;
    }
    return NdInput::Drop::truncated;
}
}  // namespace

graph::To<graph::NoNext, NdInput::Drop> NdInput::preview(
    const graph::Packet& packet) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    const std::span<const std::byte> message = packet.from_offset(meta.l4_offset);
    // One that lies in several segments is longer than any that a link carries whole.
    if (ip == nullptr || message.size() + meta.l4_offset != packet.length()) {
        return Drop::truncated;
    }
    if (const auto fault = wire::check_nd(*ip, message); fault != wire::NdFault::none) {
        return reason(fault);
    }
    const wire::Icmp6Type type = wire::view<wire::Icmp6Header>(message)->type();
    if (type == wire::Icmp6Type::router_advertisement || type == wire::Icmp6Type::redirect) {
        return Drop::not_for_router;
    }
    return graph::Hop::consumed();
}

graph::To<graph::NoNext, NdInput::Drop> NdInput::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    const auto hop = preview(packet);
    if (graph::Hop(hop).is_drop()) {
        return hop;
    }
    const auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(packet.meta().l3_offset));
    if (!limits_.allows_neighbor(known_.has(packet, ip->source), dispatch.worker(),
                                 dispatch.now_tsc())) {
        return Drop::rate_limited;
    }
    if (!to_control_.push(packet)) {
        return Drop::queue_full;
    }
    return graph::Hop::consumed();
}

}  // namespace vnet::neighbor
