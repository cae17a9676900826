// SPDX-License-Identifier: Apache-2.0
#include "plugins/gre/decap.hpp"

#include "vnet/packet_sum.hpp"
#include "vnet/tunnel/frame.hpp"
#include "vnet/wire/gre.hpp"
#include "vnet/wire/transparent_bridging.hpp"

namespace gre {

namespace wire = vnet::wire;
using vnet::tunnel::Inside;

template <class Family>
auto IpipDecap<Family>::operator()(graph::Packet& packet, Pass& pass) const noexcept
    -> graph::To<Next, Drop> {
    const graph::Metadata& meta = packet.meta();
    const auto& ip = *wire::view<typename Pass::Header>(packet.from_offset(meta.l3_offset));
    const Index interface = pass.find(meta, ip, 0);
    if (interface == 0) [[unlikely]] {
        return Drop::no_tunnel;
    }
    if (pass.arrival().is_nested(meta)) [[unlikely]] {
        return Drop::nesting;
    }
    const auto inner = packet.from_offset(meta.l4_offset);
    // Both families say so themselves; the input of IPv4 counts what is neither.
    const bool is_ip6 = !inner.empty() && uint8_t(inner[0]) >> 4 == 6;
    if (!vnet::tunnel::tell_congestion(inner, ip.ecn())) [[unlikely]] {
        return Drop::congestion;
    }
    if (!pass.arrival().take(packet, meta.l4_offset, interface, Inside::packet)) [[unlikely]] {
        return Drop::down;
    }
    return is_ip6 ? Next::ip6 : Next::ip4;
}

template <class Family>
auto GreDecap<Family>::operator()(graph::Packet& packet, Pass& pass) const noexcept
    -> graph::To<Next, Drop> {
    const graph::Metadata& meta = packet.meta();
    const auto& ip = *wire::view<typename Pass::Header>(packet.from_offset(meta.l3_offset));
    const wire::GreVerdict verdict = wire::read_gre(packet.from_offset(meta.l4_offset));
    switch (verdict.fault) {
        case wire::GreFault::none:
            break;
        case wire::GreFault::truncated:
            return Drop::truncated;
        case wire::GreFault::version:
            return Drop::version;
        case wire::GreFault::source_routing:
            return Drop::source_routing;
    }
    const wire::GreFields& gre = verdict.fields;
    if (gre.has_checksum && !vnet::add_packet({}, packet, meta.l4_offset).is_valid()) [[unlikely]] {
        return Drop::checksum;
    }
    const Index interface = pass.find(meta, ip, number_of(gre.key));
    if (interface == 0) [[unlikely]] {
        return Drop::no_tunnel;
    }
    const uint8_t note = tunnels_.outer(interface).note;
    const bool is_frame = gre.protocol == uint16_t(wire::transparent_bridging);
    const bool is_ip4 = gre.protocol == uint16_t(wire::EtherType::ip4);
    const bool is_ip6 = gre.protocol == uint16_t(wire::EtherType::ip6);
    if ((note & note::ethernet) != 0 ? !is_frame : !is_ip4 && !is_ip6) [[unlikely]] {
        return Drop::not_carried;
    }
    const uint32_t inner = meta.l4_offset + uint32_t(gre.length);
    if (is_frame && !packet.holds(inner, sizeof(wire::EthernetHeader))) [[unlikely]] {
        return Drop::truncated;
    }
    if ((note & note::sequence) != 0) [[unlikely]] {
        HeardNumbers& heard = heard_[interface];
        if (!gre.sequence ||
            !(pass.is_dry_ ? heard.would_take(*gre.sequence) : heard.take(*gre.sequence))) {
            return Drop::out_of_order;
        }
    }
    if (pass.arrival().is_nested(meta)) [[unlikely]] {
        return Drop::nesting;
    }
    if (ip.ecn() != wire::Ecn::not_capable) [[unlikely]] {
        const auto bytes = packet.from_offset(uint16_t(inner));
        if (!vnet::tunnel::tell_congestion(is_frame ? vnet::tunnel::ip_in_frame(bytes) : bytes,
                                           ip.ecn())) {
            return Drop::congestion;
        }
    }
    if (!pass.arrival().take(packet, inner, interface, is_frame ? Inside::frame : Inside::packet))
        [[unlikely]] {
        return Drop::down;
    }
    return is_frame ? graph::To<Next, Drop>(pass.frames_.enter(packet, interface))
                    : graph::To<Next, Drop>(is_ip6 ? Next::ip6 : Next::ip4);
}

template class IpipDecap<vnet::ip4::Family>;
template class IpipDecap<vnet::ip6::Family>;
template class GreDecap<vnet::ip4::Family>;
template class GreDecap<vnet::ip6::Family>;

}  // namespace gre
