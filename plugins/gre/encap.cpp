// SPDX-License-Identifier: Apache-2.0
#include "plugins/gre/encap.hpp"

#include <utility>

#include "vnet/packet_sum.hpp"
#include "vnet/tunnel/frame.hpp"
#include "vnet/tunnel/inner_packet.hpp"
#include "vnet/wire/gre.hpp"

namespace gre {

namespace wire = vnet::wire;
using vnet::tunnel::Inner;
using vnet::tunnel::Outer;

namespace {

/// The four bytes that hold a checksum, and behind it nothing.
struct ChecksumField {
    wire::Be16 checksum;
    wire::Be16 reserved;
};
struct SequenceField {
    wire::Be32 number;
};

/// Completes the GRE header of an outer packet, which ends where `outer` does.
void number(graph::Packet& packet, const Outer& outer, uint32_t sequence) noexcept {
    auto* field = wire::view<SequenceField>(packet.from_offset(
        uint16_t(packet.meta().l3_offset + outer.length - sizeof(SequenceField))));
    field->number = wire::Be32(sequence);
}
void sum_up(graph::Packet& packet, uint16_t gre) noexcept {
    auto* field = wire::view<ChecksumField>(packet.from_offset(uint16_t(gre + 4)));
    field->checksum = vnet::add_packet({}, packet, gre).checksum();
}

}  // namespace

inline graph::To<graph::NoNext, EncapDrop> IpipEncap::operator()(graph::Packet& packet,
                                                                 Pass& pass) const noexcept {
    const unsigned version = vnet::tunnel::ip_version(packet);
    if (version == 0) [[unlikely]] {
        return EncapDrop::not_carried;
    }
    const graph::Metadata& meta = packet.meta();
    return pass.send(packet, tunnels_.outer(meta.tx_interface, version == 6),
                     Inner::of(packet.bytes()), meta.flow_hash);
}

inline graph::To<graph::NoNext, EncapDrop> GreEncap::operator()(graph::Packet& packet,
                                                                Pass& pass) const noexcept {
    const Index interface = packet.meta().tx_interface;
    const Outer* outer = &tunnels_.outer(interface);
    const uint8_t note = outer->note;
    Inner inner;
    if ((note & note::ethernet) != 0) {
        inner = Inner::of(vnet::tunnel::ip_in_frame(std::as_const(packet).bytes()));
    } else {
        const unsigned version = vnet::tunnel::ip_version(packet);
        if (version == 0) [[unlikely]] {
            return EncapDrop::not_carried;
        }
        outer = &tunnels_.outer(interface, version == 6);
        inner = Inner::of(packet.bytes());
    }
    const uint32_t flow = packet.meta().flow_hash;
    if (const auto refused = pass.wrap(packet, *outer, inner, flow)) [[unlikely]] {
        return *refused;
    }
    if ((note & note::sequence) != 0) [[unlikely]] {
        number(packet, *outer, next_number(interface, pass));
    }
    if ((note & note::checksum) != 0) [[unlikely]] {
        sum_up(packet, packet.meta().l4_offset);
    }
    return pass.hop();
}

}  // namespace gre

template void graph::drive<gre::IpipEncap>(const void*, graph::Dispatch&, graph::Frame&) noexcept;
template void graph::drive<gre::GreEncap>(const void*, graph::Dispatch&, graph::Frame&) noexcept;
