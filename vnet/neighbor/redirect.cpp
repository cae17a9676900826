// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/redirect.hpp"

#include <algorithm>

#include "vnet/icmp6/source.hpp"
#include "vnet/neighbor/nd_message.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/nd.hpp"

namespace vnet::neighbor {

graph::To<Redirect::Next, Redirect::Drop> Redirect::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const auto* about = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    if (about == nullptr) {
        return Drop::truncated;
    }
    const fib::Adjacency& adjacency = forwarding_.adjacency(meta.adjacency);
    wire::NdRedirect redirect;
    redirect.destination = about->destination;
    redirect.target = adjacency.next_hop.is_unspecified() ? about->destination : adjacency.next_hop;
    if (redirect.target != about->destination && !redirect.target.is_link_local()) {
        return Drop::no_target;
    }
    const wire::Ip6Address sender = about->source;
    const wire::Ip6Address own =
        icmp6::source_for(interfaces_, meta.rx_interface, wire::Ip6Address::link_local(1));
    if (own.is_unspecified()) {
        return Drop::no_address;
    }
    if (!limit_.allowed(dispatch)) {
        return Drop::rate_limited;
    }
    NdMessage message(redirect);
    if (adjacency.action == fib::Action::forward &&
        adjacency.rewrite_length >= sizeof(wire::EthernetHeader)) {
        const auto* header = wire::view<wire::EthernetHeader>(
            std::span(adjacency.rewrite).last(adjacency.rewrite_length));
        message.options().link_address(wire::NdOptionType::target_link_address,
                                       header->destination);
    }
    // RFC 4861 4.5: as much of the packet as fits in the shortest MTU; half of it says enough.
    constexpr size_t quoted = 576;
    const std::span<const std::byte> quote = packet.from_offset(meta.l3_offset);
    message.options().redirected_header(quote.first(std::min(quote.size(), quoted)));
    const std::span<const std::byte> bytes = message.packet(own, sender);
    if (!packet.move_start(meta.l3_offset) || !packet.resize(uint32_t(bytes.size()))) {
        return Drop::no_headroom;
    }
    std::copy(bytes.begin(), bytes.end(), packet.data());
    meta.flow_hash = 0;
    meta.l2_offset = 0;
    meta.l3_offset = 0;
    meta.l4_offset = sizeof(wire::Ip6Header);
    meta.flags =
        uint16_t((meta.flags & graph::packet_flag::traced) | graph::packet_flag::local_origin);
    return Next::lookup;
}

}  // namespace vnet::neighbor
