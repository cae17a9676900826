// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/decap.hpp"

#include <fmt/format.h>

#include <utility>

#include "vnet/tunnel/frame.hpp"
#include "vnet/tunnel/udp_sum.hpp"
#include "vnet/wire/geneve.hpp"
#include "vnet/wire/transparent_bridging.hpp"

namespace geneve {

namespace wire = vnet::wire;
using vnet::tunnel::Inside;

namespace {

/// What is behind the outer IP header.
struct Received {
    wire::UdpHeader udp;
    wire::GeneveHeader geneve;
};

}  // namespace

template <class Family>
auto Decap<Family>::operator()(graph::Packet& packet, Pass& pass) const noexcept
    -> graph::To<Next, Drop> {
    const graph::Metadata& meta = packet.meta();
    const auto& ip = *wire::view<typename Pass::Header>(packet.from_offset(meta.l3_offset));
    const auto* received = wire::view<Received>(std::as_const(packet).from_offset(meta.l4_offset));
    if (received == nullptr || received->udp.length.value() < sizeof(Received)) [[unlikely]] {
        return Drop::truncated;
    }
    const uint16_t length = received->udp.length.value();
    packet.trim(uint32_t{meta.l4_offset} + length);
    if (received->udp.has_checksum() && !vnet::tunnel::is_udp_intact(packet, ip, length))
        [[unlikely]] {
        return Drop::checksum;
    }
    const wire::GeneveHeader& header = received->geneve;
    if (header.version() != 0) [[unlikely]] {
        return Drop::version;
    }
    if (length < sizeof(wire::UdpHeader) + header.length() ||
        !packet.holds(meta.l4_offset, uint32_t(sizeof(wire::UdpHeader) + header.length())))
        [[unlikely]] {
        return Drop::truncated;
    }
    if (header.is_control()) [[unlikely]] {
        return Drop::control;
    }
    const Index interface = pass.find(meta, ip, header.vni());
    if (interface == 0) [[unlikely]] {
        return Drop::no_tunnel;
    }
    if (vnet::tunnel::Arrival::is_nested(meta)) [[unlikely]] {
        return Drop::nesting;
    }
    Options::Seen seen;
    if (header.options_length() != 0) [[unlikely]] {
        const Options* known = options_.of(interface);
        const auto at = uint16_t(meta.l4_offset + sizeof(Received));
        seen = (known == nullptr ? none_ : *known)
                   .see(std::as_const(packet).from_offset(at).first(header.options_length()));
        if (seen.fault != Options::Fault::none) {
            return seen.fault == Options::Fault::malformed ? Drop::bad_options
                                                           : Drop::unknown_critical;
        }
    }
    const uint32_t inner = meta.l4_offset + uint32_t(sizeof(wire::UdpHeader) + header.length());
    const uint16_t protocol = header.protocol.value();
    const bool is_frame = protocol == uint16_t(wire::transparent_bridging);
    const bool is_ip6 = protocol == uint16_t(wire::EtherType::ip6);
    const bool is_ip = is_ip6 || protocol == uint16_t(wire::EtherType::ip4);
    const bool takes_frames = (tunnels_.outer(interface).note & note::ethernet) != 0;
    if (takes_frames ? !is_frame : !is_ip) [[unlikely]] {
        return Drop::not_carried;
    }
    if (is_frame && !packet.holds(inner, sizeof(wire::EthernetHeader))) [[unlikely]] {
        return Drop::truncated;
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
    if (seen.mark) [[unlikely]] {
        packet.meta().treatment = *seen.mark << graph::treatment::mark_shift;
    }
    return is_frame ? graph::To<Next, Drop>(pass.frames_.enter(packet, interface))
                    : graph::To<Next, Drop>(is_ip6 ? Next::ip6 : Next::ip4);
}

template <class Family>
graph::TraceFields Decap<Family>::format(const graph::TraceStep& step) const {
    const auto bytes = step.at.from_offset(step.at.meta.l4_offset);
    const auto* received = wire::view<Received>(bytes);
    if (received == nullptr) {
        return {};
    }
    graph::TraceFields fields{{"vni", std::to_string(received->geneve.vni())}};
    const auto options = wire::after(bytes, sizeof(Received));
    wire::GeneveOptionsCursor cursor(
        options.first(std::min(options.size(), received->geneve.options_length())));
    while (const auto option = cursor.next()) {
        fields.emplace_back("option", fmt::format("{:04x}:{:02x} of {} bytes", option->option_class,
                                                  option->type, option->data.size()));
    }
    if (step.next != nullptr && step.next->node != graph::drop_node) {
        fields.emplace_back("interface", table_.name_of(step.next->meta.rx_interface));
    }
    return fields;
}

template class Decap<vnet::ip4::Family>;
template class Decap<vnet::ip6::Family>;

}  // namespace geneve
