// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/nodes.hpp"

#include <array>
#include <cerrno>

#include "vnet/device/tun_file.hpp"
#include "vnet/ip6/scope.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/udp.hpp"

namespace punt {

using vnet::punt::Class;
using vnet::wire::Ip4Header;
using vnet::wire::Ip6Header;
using vnet::wire::IpProtocol;

namespace {

/// `offset` is where the protocol's header lies; none where the packet does not have it.
Class class_with_ports(std::span<const std::byte> packet, IpProtocol protocol,
                       std::optional<size_t> offset) noexcept {
    std::optional<vnet::punt::Ports> ports;
    if (offset && *offset <= packet.size() &&
        (protocol == IpProtocol::tcp || protocol == IpProtocol::udp)) {
        // TCP's ports lie where UDP's do.
        if (const auto* l4 = vnet::wire::view<vnet::wire::UdpHeader>(packet.subspan(*offset))) {
            ports = {l4->source_port.value(), l4->destination_port.value()};
        }
    }
    return vnet::punt::class_of(protocol, ports);
}

ToKernelDrop over_limit(Class one) noexcept {
    switch (one) {
        case Class::routing:
            return ToKernelDrop::routing;
        case Class::management:
            return ToKernelDrop::management;
        case Class::icmp:
            return ToKernelDrop::icmp;
        case Class::tcp:
            return ToKernelDrop::tcp;
        case Class::neighbor:
        case Class::other:
            break;
    }
    return ToKernelDrop::other;
}

graph::Hop drop(ToKernelDrop reason) noexcept {
    return graph::Hop::drop(graph::Edge(reason));
}

}  // namespace

std::optional<Class> Ip4::class_of(std::span<const std::byte> packet) noexcept {
    const auto* ip = vnet::wire::view<Ip4Header>(packet);
    if (ip == nullptr) {
        return std::nullopt;
    }
    return class_with_ports(
        packet, ip->protocol(),
        ip->has_l4_header() ? std::optional<size_t>(ip->header_length()) : std::nullopt);
}

std::optional<Class> Ip6::class_of(std::span<const std::byte> packet) noexcept {
    const auto* ip = vnet::wire::view<Ip6Header>(packet);
    if (ip == nullptr) {
        return std::nullopt;
    }
    const auto chain = vnet::wire::walk_ip6(packet, sizeof(Ip6Header) + ip->payload_length.value());
    return class_with_ports(
        packet, chain.upper,
        chain.has_l4_header ? std::optional<size_t>(chain.upper_offset) : std::nullopt);
}

template <class Family>
graph::Hop ToKernel<Family>::write(graph::Packet& packet, const vnet::device::TapTarget& target,
                                   graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const auto one = Family::class_of(packet.from_offset(meta.l3_offset));
    if (!one) {
        return drop(Drop::truncated);
    }
    if (meta.has(graph::packet_flag::local_origin)) {
        return drop(Drop::own_packet);
    }
    const auto vrf_of = [this](vnet::interface::Index index) {
        return index < graph::max_interfaces ? table_.hot(index).vrf.load(std::memory_order_relaxed)
                                             : vnet::interface::default_vrf;
    };
    if (vrf_of(meta.rx_interface) != vrf_of(target.interface)) {
        return drop(Drop::other_vrf);
    }
    if (!limits_.allows(*one, dispatch.worker(), dispatch.now_tsc())) {
        return drop(over_limit(*one));
    }
    // The kernel's end takes layer 3.
    (void)packet.move_start(meta.l3_offset);
    const uint32_t length = packet.length();
    vnet::interface::Counters& counters = table_.counters(dispatch.worker(), target.interface);
    if (const int error = vnet::device::write_packet(target.fd, packet); error != 0) {
        const bool full = error == EAGAIN || error == ENOBUFS || error == ENOMEM;
        counters.tx_full.add(full);
        return drop(full ? Drop::full : Drop::refused);
    }
    counters.tx_packets.add(1);
    counters.tx_bytes.add(length);
    return graph::Hop::consumed();
}

template <class Family>
void ToKernel<Family>::operator()(std::span<graph::Packet*> packets,
                                  graph::Dispatch& dispatch) const noexcept {
    const vnet::device::TapTarget* target = target_.load(std::memory_order_acquire);
    // Packets that were written move to the front, to be freed as one.
    size_t written = 0;
    for (graph::Packet* packet : packets) {
        const graph::Hop hop =
            target != nullptr ? write(*packet, *target, dispatch) : drop(Drop::no_kernel);
        if (hop.is_consumed()) {
            packets[written++] = packet;
        } else {
            dispatch.emit(*packet, hop);
        }
    }
    graph::free_packets(packets.first(written));
}

template <class Family>
graph::TraceFields ToKernel<Family>::format(const graph::TraceStep& step) const {
    graph::TraceFields fields;
    if (const auto one = Family::class_of(step.at.from_offset(step.at.meta.l3_offset))) {
        fields.emplace_back("class", std::string(vnet::punt::name(*one)));
    }
    if (const auto* target = target_.load(std::memory_order_acquire)) {
        fields.emplace_back("kernel-interface", table_.name_of(target->interface));
    }
    return fields;
}

template class ToKernel<Ip4>;
template class ToKernel<Ip6>;

graph::To<FromKernel::Next, FromKernel::Drop> FromKernel::operator()(
    graph::Packet& packet) const noexcept {
    graph::Metadata& meta = packet.meta();
    meta.flags |= graph::packet_flag::local_origin;
    meta.l3_offset = 0;
    const std::span<const std::byte> bytes = packet.bytes();
    switch (bytes.empty() ? 0 : uint8_t(bytes.front()) >> 4) {
        case 4:
            return ip4(packet);
        case 6:
            return ip6(packet);
        default:
            return Drop::not_ip;
    }
}

graph::To<FromKernel::Next, FromKernel::Drop> FromKernel::ip4(
    graph::Packet& packet) const noexcept {
    const auto* ip = vnet::wire::view<Ip4Header>(packet.bytes());
    if (ip == nullptr ||
        vnet::wire::check_structure(*ip, packet.length()) != vnet::wire::Ip4Fault::none) {
        return Drop::malformed;
    }
    if (!is_own(ip4_tables_.of_interface(packet.meta().rx_interface).lookup(ip->source.value()))) {
        return Drop::foreign_source;
    }
    packet.meta().l4_offset = uint16_t(ip->header_length());
    return Next::ip4_lookup;
}

graph::To<FromKernel::Next, FromKernel::Drop> FromKernel::ip6(
    graph::Packet& packet) const noexcept {
    const auto* ip = vnet::wire::view<Ip6Header>(packet.bytes());
    if (ip == nullptr ||
        vnet::wire::check_structure(*ip, packet.length()) != vnet::wire::Ip6Fault::none) {
        return Drop::malformed;
    }
    if (!vnet::ip6::is_beyond_link(ip->source, ip->destination)) {
        return Drop::link_local;
    }
    if (!is_own(ip6_tables_.of_interface(packet.meta().rx_interface).lookup(ip->source))) {
        return Drop::foreign_source;
    }
    packet.meta().l4_offset = uint16_t(sizeof(Ip6Header));
    return Next::ip6_lookup;
}

}  // namespace punt
