// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/encap.hpp"

#include <utility>

#include "vnet/tunnel/heading.hpp"
#include "vnet/tunnel/inner_packet.hpp"
#include "vnet/tunnel/udp_sum.hpp"
#include "vnet/wire/geneve.hpp"

namespace geneve {

namespace wire = vnet::wire;
using vnet::tunnel::Heading;
using vnet::tunnel::Outer;

inline graph::To<graph::NoNext, EncapDrop> Encap::operator()(graph::Packet& packet,
                                                             Pass& pass) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const Index interface = meta.tx_interface;
    const Outer* outer = &tunnels_.outer(interface);
    const uint8_t note = outer->note;
    Heading heading;
    if ((note & note::ethernet) != 0) [[likely]] {
        if (packet.segment_length() < sizeof(wire::EthernetHeader)) [[unlikely]] {
            return EncapDrop::not_carried;
        }
        heading = vnet::tunnel::read_heading(std::as_const(packet).bytes(), meta.flow_hash);
    } else {
        const unsigned version = vnet::tunnel::ip_version(packet);
        if (version == 0) [[unlikely]] {
            return EncapDrop::not_carried;
        }
        outer = &tunnels_.outer(interface, version == 6);
        heading = vnet::tunnel::read_ip_heading(std::as_const(packet).bytes(), meta.flow_hash);
    }
    if (const auto refused = pass.wrap(packet, *outer, heading.inner, heading.flow)) [[unlikely]] {
        return *refused;
    }
    if ((note & note::mark) != 0) [[unlikely]] {
        write_mark(packet, *outer, interface);
    }
    if ((note & note::checksum) != 0) [[unlikely]] {
        vnet::tunnel::sum_up_udp(packet, *outer);
    }
    return pass.hop();
}

void Encap::write_mark(graph::Packet& packet, const Outer& outer, Index interface) const noexcept {
    struct Mark {
        wire::Be32 value;
    };
    const Options* options = options_.of(interface);
    if (options == nullptr || !options->mark_offset()) {
        return;
    }
    const size_t at =
        packet.meta().l3_offset + outer.length - options->bytes().size() + *options->mark_offset();
    if (auto* mark = wire::view<Mark>(packet.from_offset(uint16_t(at)))) {
        mark->value = wire::Be32(packet.meta().treatment >> graph::treatment::mark_shift);
    }
}

}  // namespace geneve

template void graph::drive<geneve::Encap>(const void*, graph::Dispatch&, graph::Frame&) noexcept;
