// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/geneve/options.hpp"
#include "plugins/geneve/tunnel_options.hpp"
#include "vnet/tunnel/departure.hpp"
#include "vnet/tunnel/point_to_point.hpp"

namespace geneve {

using vnet::interface::Index;
using vnet::tunnel::EncapDrop;

/// Bits of Outer::note.
namespace note {
/// It carries Ethernet frames.
inline constexpr uint8_t ethernet = 1 << 0;
/// Each packet has its mark in an option.
inline constexpr uint8_t mark = 1 << 1;
/// Each packet has a UDP checksum.
inline constexpr uint8_t checksum = 1 << 2;
}  // namespace note

/// Puts Ethernet frames or packets behind UDP and a Geneve header: "geneve-encap" (RFC 8926).
class Encap {
public:
    static constexpr auto info = vnet::tunnel::encap_node("geneve-encap");

    Encap(const vnet::tunnel::Exits& exits, const vnet::tunnel::PointToPoint& tunnels,
          const TunnelOptions& options)
        : exits_(exits), tunnels_(tunnels), options_(options) {}

    class Pass : public vnet::tunnel::Departure {
    public:
        Pass(const Encap& node, graph::Dispatch& dispatch) noexcept
            : Departure(node.exits_, dispatch) {}
    };
    [[gnu::always_inline]] graph::To<graph::NoNext, EncapDrop> operator()(
        graph::Packet& packet, Pass& pass) const noexcept;

private:
    void write_mark(graph::Packet& packet, const vnet::tunnel::Outer& outer,
                    Index interface) const noexcept;

    const vnet::tunnel::Exits& exits_;
    const vnet::tunnel::PointToPoint& tunnels_;
    const TunnelOptions& options_;
};

}  // namespace geneve

extern template void graph::drive<geneve::Encap>(const void*, graph::Dispatch&,
                                                 graph::Frame&) noexcept;
