// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "graph/driver.hpp"
#include "vnet/tunnel/departure.hpp"
#include "vnet/tunnel/heading.hpp"
#include "vnet/tunnel/point_to_point.hpp"
#include "vnet/tunnel/udp_sum.hpp"

namespace vxlan {

using vnet::interface::Index;
using vnet::tunnel::EncapDrop;
using vnet::tunnel::Outer;

/// Bits of Outer::note.
namespace note {
/// Outer packets carry a UDP checksum.
inline constexpr uint8_t checksum = 1 << 0;
}  // namespace note

/// By what tunnels between the same ends are told apart.
constexpr uint64_t number_of(uint16_t port, uint32_t vni) noexcept {
    return uint64_t{port} << 32 | vni;
}

/// The same UDP port and VNI, in front of a frame.
std::vector<std::byte> header(uint16_t port, uint32_t vni);

/// Puts frames into the tunnels between two: "vxlan-encap" (RFC 7348 4).
class Encap {
public:
    static constexpr auto info = vnet::tunnel::encap_node("vxlan-encap");

    Encap(const vnet::tunnel::Exits& exits, const vnet::tunnel::PointToPoint& tunnels)
        : exits_(exits), tunnels_(tunnels) {}

    class Pass : public vnet::tunnel::Departure {
    public:
        Pass(const Encap& node, graph::Dispatch& dispatch) noexcept
            : Departure(node.exits_, dispatch) {}
    };
    [[gnu::always_inline]] graph::To<graph::NoNext, EncapDrop> operator()(
        graph::Packet& packet, Pass& pass) const noexcept;

private:
    const vnet::tunnel::Exits& exits_;
    const vnet::tunnel::PointToPoint& tunnels_;
};

inline graph::To<graph::NoNext, EncapDrop> Encap::operator()(graph::Packet& packet,
                                                             Pass& pass) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const Outer& outer = tunnels_.outer(meta.tx_interface);
    if (packet.segment_length() < sizeof(vnet::wire::EthernetHeader)) [[unlikely]] {
        return EncapDrop::not_carried;
    }
    const auto heading = vnet::tunnel::read_heading(std::as_const(packet).bytes(), meta.flow_hash);
    const bool has_checksum = (outer.note & note::checksum) != 0;
    if (const auto refused = pass.wrap(packet, outer, heading.inner, heading.flow)) [[unlikely]] {
        return *refused;
    }
    if (has_checksum) [[unlikely]] {
        vnet::tunnel::sum_up_udp(packet, outer);
    }
    return pass.hop();
}

}  // namespace vxlan

extern template void graph::drive<vxlan::Encap>(const void*, graph::Dispatch&,
                                                graph::Frame&) noexcept;
