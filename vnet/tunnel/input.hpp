// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/tunnel/decaps.hpp"
#include "vnet/tunnel/names.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::tunnel {

/// Where the route of a tunnel's address leads: "tunnel4-input" and "tunnel6-input". Sends whole
/// packets of tunnels straight to the node that takes them out, and all else to the router itself;
/// all, where a feature of its arc is on.
template <class Family>
class Input {
public:
    enum class Next : graph::Edge { local };
    static constexpr auto info =
        graph::node<Next>(Names<Family>::input, {{Next::local, Names<Family>::local}});
    /// What becomes of a packet depends on no other.
    static constexpr bool any_order = true;

    /// `arc` is that of what is for the router.
    Input(const Decaps& decaps, graph::ArcId arc) : decaps_(decaps), arc_(arc) {}

    class Pass {
    public:
        Pass(const Input& node, graph::Dispatch& dispatch) noexcept
            : arc_(dispatch.entrance(node.arc_)) {}

    private:
        friend class Input;
        graph::ArcEntrance arc_;
    };
    graph::To<Next> operator()(graph::Packet& packet, Pass& pass) const noexcept {
        const graph::Metadata& meta = packet.meta();
        const auto* ip =
            wire::view<typename Names<Family>::Header>(packet.from_offset(meta.l3_offset));
        // A tunnel is between two: who sends to all on a link is not the other end.
        if (ip == nullptr || !Names<Family>::is_plain(*ip) ||
            meta.has(graph::packet_flag::l2_group) || pass.arc_.meets_feature(meta.rx_interface))
            [[unlikely]] {
            return Next::local;
        }
        const wire::IpProtocol protocol = Names<Family>::protocol(*ip);
        graph::NodeId node = decaps_.protocol(protocol);
        if (protocol == wire::IpProtocol::udp) {
            const auto offset = uint16_t(meta.l3_offset + sizeof *ip);
            const auto* udp = wire::view<wire::UdpHeader>(packet.from_offset(offset));
            if (udp != nullptr && udp->length.value() >= sizeof(wire::UdpHeader) &&
                udp->length.value() <= packet.length() - offset) [[likely]] {
                node = decaps_.udp_port(udp->destination_port.value());
            }
        }
        return node == graph::no_node ? graph::To<Next>(Next::local)
                                      : graph::To<Next>(graph::Hop::node(node));
    }

private:
    const Decaps& decaps_;
    graph::ArcId arc_;
};

}  // namespace vnet::tunnel
