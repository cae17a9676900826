// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/nodes.hpp"

#include <array>
#include <cerrno>

#include "vnet/device/tun_file.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/udp.hpp"

namespace punt {

namespace {

using vnet::punt::Class;

Class class_of(const graph::Packet& packet, const vnet::wire::Ip4Header& ip) noexcept {
    std::optional<vnet::punt::Ports> ports;
    const vnet::wire::IpProtocol protocol = ip.protocol();
    if (protocol == vnet::wire::IpProtocol::tcp || protocol == vnet::wire::IpProtocol::udp) {
        // TCP's ports lie where UDP's do.
        const auto offset = uint16_t(packet.meta().l3_offset + ip.header_length());
        if (const auto* l4 = vnet::wire::view<vnet::wire::UdpHeader>(packet.from_offset(offset));
            l4 != nullptr && ip.has_l4_header()) {
            ports = {l4->source_port.value(), l4->destination_port.value()};
        }
    }
    return vnet::punt::class_of(protocol, ports);
}

ToKernel::Drop over_limit(Class one) noexcept {
    switch (one) {
        case Class::routing:
            return ToKernel::Drop::routing;
        case Class::management:
            return ToKernel::Drop::management;
        case Class::icmp:
            return ToKernel::Drop::icmp;
        case Class::tcp:
            return ToKernel::Drop::tcp;
        case Class::neighbor:
        case Class::other:
            break;
    }
    return ToKernel::Drop::other;
}

graph::Hop drop(ToKernel::Drop reason) noexcept {
    return graph::Hop::drop(graph::Edge(reason));
}

}  // namespace

graph::Hop ToKernel::write(graph::Packet& packet, const vnet::device::TapTarget& target,
                           graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const auto* ip = vnet::wire::view<vnet::wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    if (ip == nullptr) {
        return drop(Drop::truncated);
    }
    if (meta.has(graph::packet_flag::local_origin)) {
        return drop(Drop::own_packet);
    }
    const Class one = class_of(packet, *ip);
    if (!limits_.allows(one, dispatch.worker(), dispatch.now_tsc())) {
        return drop(over_limit(one));
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

void ToKernel::operator()(std::span<graph::Packet*> packets,
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

graph::TraceFields ToKernel::format(const graph::TraceStep& step) const {
    graph::TraceFields fields;
    if (const auto* ip =
            vnet::wire::view<vnet::wire::Ip4Header>(step.at.from_offset(step.at.meta.l3_offset))) {
        std::optional<vnet::punt::Ports> ports;
        const auto l4_offset = uint16_t(step.at.meta.l3_offset + ip->header_length());
        if (const auto* l4 =
                vnet::wire::view<vnet::wire::UdpHeader>(step.at.from_offset(l4_offset))) {
            ports = {l4->source_port.value(), l4->destination_port.value()};
        }
        fields.emplace_back(
            "class", std::string(vnet::punt::name(vnet::punt::class_of(ip->protocol(), ports))));
    }
    if (const auto* target = target_.load(std::memory_order_acquire)) {
        fields.emplace_back("kernel-interface", table_.name_of(target->interface));
    }
    return fields;
}

graph::To<FromKernel::Next, FromKernel::Drop> FromKernel::operator()(
    graph::Packet& packet) const noexcept {
    graph::Metadata& meta = packet.meta();
    const auto* ip = vnet::wire::view<vnet::wire::Ip4Header>(packet.bytes());
    if (ip == nullptr) {
        return Drop::not_ip4;
    }
    const auto fault = vnet::wire::check_structure(*ip, packet.length());
    if (fault == vnet::wire::Ip4Fault::version) {
        return Drop::not_ip4;
    }
    if (fault != vnet::wire::Ip4Fault::none) {
        return Drop::malformed;
    }
    const auto path = table_.lookup(ip->source.value());
    if (forwarding_.adjacency(forwarding_.at(path)).action != vnet::fib::Action::local) {
        return Drop::foreign_source;
    }
    meta.flags |= graph::packet_flag::local_origin;
    meta.l3_offset = 0;
    meta.l4_offset = uint16_t(ip->header_length());
    return Next::lookup;
}

}  // namespace punt
