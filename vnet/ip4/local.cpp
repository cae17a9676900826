// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/local.hpp"

#include <fmt/format.h>

#include "vnet/wire/udp.hpp"

namespace vnet::ip4 {

absl::Status LocalTable::register_protocol(const graph::Graph& graph, wire::IpProtocol protocol,
                                           graph::NodeId node) {
    Entry& entry = protocols_[size_t(protocol)];
    if (taken(entry) != graph::no_node) {
        return absl::AlreadyExistsError(fmt::format("IP protocol {} is taken by node '{}' already",
                                                    unsigned(protocol),
                                                    graph.name_of(taken(entry))));
    }
    entry.store(uint16_t(node + 1));
    return absl::OkStatus();
}

absl::Status LocalTable::register_udp_port(const graph::Graph& graph, uint16_t port,
                                           graph::NodeId node) {
    Entry& entry = udp_ports_[port];
    if (taken(entry) != graph::no_node) {
        return absl::AlreadyExistsError(fmt::format("UDP port {} is taken by node '{}' already",
                                                    port, graph.name_of(taken(entry))));
    }
    entry.store(uint16_t(node + 1));
    return absl::OkStatus();
}

absl::Status LocalTable::register_rest(const graph::Graph& graph, graph::NodeId node) {
    if (rest() != graph::no_node) {
        return absl::AlreadyExistsError(fmt::format(
            "what nobody else takes is taken by node '{}' already", graph.name_of(rest())));
    }
    rest_.store(uint16_t(node + 1));
    return absl::OkStatus();
}

fib::Action Local::action(const Dir24& table, wire::Ip4Address address) const noexcept {
    return forwarding_.adjacency(forwarding_.at(table.lookup(address.value()))).action;
}

graph::To<Local::Next, Local::Drop> Local::operator()(graph::Packet& packet,
                                                      graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    if (ip == nullptr) {
        return Drop::truncated;
    }
    const Dir24& table = tables_.of_interface(meta.rx_interface);
    if (!meta.has(graph::packet_flag::local_origin)) {
        const fib::Action source = action(table, ip->source);
        if (source == fib::Action::local || source == fib::Action::broadcast) {
            return Drop::spoofed_source;
        }
    }
    if (!ip->destination.is_multicast() && !ip->destination.is_limited_broadcast()) {
        if (action(table, ip->destination) == fib::Action::broadcast) {
            meta.flags |= graph::packet_flag::l2_group;
        } else if (meta.has(graph::packet_flag::l2_group)) {
            return Drop::link_broadcast;
        }
    }
    if (ip->is_fragment()) {
        return Next::reassemble;
    }
    return dispatch.start_arc(arc_, packet);
}

graph::To<Deliver::Next, Deliver::Drop> Deliver::nobody(graph::Packet& packet,
                                                        const wire::Ip4Header& ip, Drop reason,
                                                        wire::Icmp4Unreachable code,
                                                        graph::Dispatch& dispatch) const noexcept {
    if (packet.meta().has(graph::packet_flag::l2_group) || ip.destination.is_multicast() ||
        ip.destination.is_limited_broadcast()) {
        return Drop::no_listener;
    }
    if (const graph::NodeId rest = local_.rest(); rest != graph::no_node) {
        return graph::Hop::node(rest);
    }
    dispatch.count_drop(graph::Edge(reason), packet);
    icmp4::ask(slot_, packet, wire::Icmp4Type::unreachable, uint8_t(code));
    return Next::icmp_error;
}

graph::To<Deliver::Next, Deliver::Drop> Deliver::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    if (ip == nullptr) {
        return Drop::truncated;
    }
    const wire::IpProtocol protocol = ip->protocol();
    if (const graph::NodeId node = local_.protocol(protocol); node != graph::no_node) {
        return graph::Hop::node(node);
    }
    if (protocol == wire::IpProtocol::udp) {
        const auto* udp = wire::view<wire::UdpHeader>(packet.from_offset(meta.l4_offset));
        if (udp == nullptr || udp->length.value() < sizeof(wire::UdpHeader) ||
            udp->length.value() > packet.length() - meta.l4_offset) {
            return Drop::truncated;
        }
        if (const graph::NodeId node = local_.udp_port(udp->destination_port.value());
            node != graph::no_node) {
            return graph::Hop::node(node);
        }
        return nobody(packet, *ip, Drop::no_port, wire::Icmp4Unreachable::port, dispatch);
    }
    if (protocol == wire::IpProtocol::tcp) {
        // A host would answer with a reset; a port unreachable ends a connection attempt just as
        // well.
        return nobody(packet, *ip, Drop::no_port, wire::Icmp4Unreachable::port, dispatch);
    }
    return nobody(packet, *ip, Drop::no_protocol, wire::Icmp4Unreachable::protocol, dispatch);
}

}  // namespace vnet::ip4
