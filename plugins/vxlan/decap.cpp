// SPDX-License-Identifier: Apache-2.0
#include "plugins/vxlan/decap.hpp"

#include <utility>

#include "vnet/tunnel/frame.hpp"
#include "vnet/tunnel/udp_sum.hpp"
#include "vnet/wire/udp.hpp"
#include "vnet/wire/vxlan.hpp"

namespace vxlan {

namespace wire = vnet::wire;

namespace {

/// What is behind the outer IP header.
struct Received {
    wire::UdpHeader udp;
    wire::VxlanHeader vxlan;
    wire::EthernetHeader frame;
};

/// As multipoint tunnels name their ends.
wire::Ip6Address mapped(wire::Ip4Address address) noexcept {
    return wire::Ip6Address::mapped(address);
}
wire::Ip6Address mapped(wire::Ip6Address address) noexcept {
    return address;
}

}  // namespace

template <class Family>
Index Decap<Family>::Pass::look_up(Index found, const typename Base::Key& key) noexcept {
    learns_ = false;
    is_expected_ = true;
    if (found != 0) {
        return found;
    }
    const SegmentTables& segments = node_.segments_;
    const auto [interface, remote] = segments.find(key);
    remote_ = remote;
    learns_ = interface != 0 && segments.learns[interface].load(std::memory_order_relaxed);
    is_expected_ = remote != 0 || learns_;
    return interface;
}

template <class Family>
void Decap<Family>::Pass::hear(const graph::Packet& packet) noexcept {
    const auto* frame = wire::view<wire::EthernetHeader>(packet.bytes());
    if (frame == nullptr || !frame->source.is_unicast()) [[unlikely]] {
        return;
    }
    const auto station = vnet::learning::station(this->found(), frame->source);
    auto* known = macs_.find(station, macs_.prefetch(station));
    if (known != nullptr && known->interface() == remote_) [[likely]] {
        if (known->heard.load(std::memory_order_relaxed) != now_ &&
            node_.segments_.learner.serves(dispatch_.worker())) {
            known->heard.store(now_, std::memory_order_relaxed);
        }
    } else if (known == nullptr || !known->fixed()) {
        node_.segments_.learner.tell(dispatch_.worker(), {station, mapped(this->key().remote)},
                                     dispatch_.now_tsc());
    }
}

template <class Family>
auto Decap<Family>::operator()(graph::Packet& packet, Pass& pass) const noexcept
    -> graph::To<graph::NoNext, Drop> {
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
    if (!received->vxlan.has_vni()) [[unlikely]] {
        return Drop::no_vni;
    }
    const Index interface = pass.find(
        meta, ip, number_of(received->udp.destination_port.value(), received->vxlan.vni()),
        [&pass](Index found, const auto& key) { return pass.look_up(found, key); });
    if (interface == 0) [[unlikely]] {
        return Drop::unknown_vni;
    }
    if (!pass.is_expected_) [[unlikely]] {
        return Drop::unexpected_peer;
    }
    if (vnet::tunnel::Arrival::is_nested(meta)) [[unlikely]] {
        return Drop::nesting;
    }
    const auto inner = uint16_t(meta.l4_offset + offsetof(Received, frame));
    if (ip.ecn() != wire::Ecn::not_capable) [[unlikely]] {
        if (!vnet::tunnel::tell_congestion(vnet::tunnel::ip_in_frame(packet.from_offset(inner)),
                                           ip.ecn())) {
            return Drop::congestion;
        }
    }
    if (!pass.arrival().take(packet, inner, interface)) [[unlikely]] {
        return Drop::down;
    }
    if (pass.learns_) {
        pass.hear(packet);
    }
    return pass.frames_.enter(packet, interface);
}

template class Decap<vnet::ip4::Family>;
template class Decap<vnet::ip6::Family>;

}  // namespace vxlan

template void graph::drive<vxlan::Decap<vnet::ip4::Family>>(const void*, graph::Dispatch&,
                                                            graph::Frame&) noexcept;
template void graph::drive<vxlan::Decap<vnet::ip6::Family>>(const void*, graph::Dispatch&,
                                                            graph::Frame&) noexcept;
