// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include "plugins/nat44/packet.hpp"
#include "plugins/nat44/pass.hpp"

namespace nat44 {

/// The usual packet: TCP or UDP, whole, without IP options, of a session of which one end is
/// translated, with the addresses and ports that the session was found by. Translates that end and
/// says whose packet it is; nothing, and the packet as it was, where it is another one.
template <Side side>
[[gnu::always_inline]] inline vnet::flow::Ref translate_plain(graph::Packet& packet,
                                                              const Pass& pass) noexcept {
    static_assert(side != Side::both);
    using vnet::flow::Key;
    using vnet::wire::Be16;
    using vnet::wire::Ip4Header;
    constexpr size_t tcp_checksum = offsetof(vnet::wire::TcpHeader, checksum);
    constexpr size_t udp_checksum = offsetof(vnet::wire::UdpHeader, checksum);
    // As far as TCP's checksum; UDP hardly ever ends in front of it.
    constexpr uint32_t needed = sizeof(Ip4Header) + tcp_checksum + sizeof(Be16);

    const vnet::flow::Ref ref = pass.ref_of(packet);
    const uint32_t l3 = packet.meta().l3_offset;
    if (!ref || !packet.holds(l3, needed)) [[unlikely]] {
        return {};
    }
    std::byte* const at = packet.data() + l3;
    std::byte* const l4 = at + sizeof(Ip4Header);
    auto& ip = *vnet::wire::view<Ip4Header>(at, needed);
    const vnet::flow::Session& session = pass.table()[ref.index()];
    // Compared as words: one branch for the addresses, ports and protocol.
    const Key& in = session.key(ref.direction());
    const uint64_t addresses = vnet::wire::detail::load<uint64_t>(at + offsetof(Ip4Header, source));
    const vnet::flow::Ports ports{vnet::wire::detail::load<uint32_t>(l4)};
    constexpr uint64_t any_vrf = Key::words(0, {}, 0xff, 0).rest;
    const uint64_t rest = Key::words(0, ports, 0, ip.protocol_number).rest;
    const bool udp = ip.protocol() == vnet::wire::IpProtocol::udp;
    const bool other = ((in.addresses() ^ addresses) | ((in.rest() ^ rest) & ~any_vrf)) != 0;
    if (other || !ip.is_plain_whole() || !vnet::flow::is_tcp_or_udp(session.timer) ||
        !pass.translates<side>(session, ref.direction())) [[unlikely]] {
        return {};
    }
    // The other direction's key turned round: the second half of its ports is the source's.
    const Key& out = session.key(opposite(ref.direction()));
    vnet::wire::ChecksumChange change;
    const Ip4Address address = side == Side::source ? out.destination : out.source;
    Ip4Address& old_address = side == Side::source ? ip.source : ip.destination;
    change.add(old_address, address);
    old_address = address;
    ip.checksum = change.apply(ip.checksum);

    constexpr unsigned other_half = side == Side::source ? 16 : 0;
    const auto port = Be16::from_network(uint16_t(out.ports.raw >> other_half));
    std::byte* const port_at = l4 + (side == Side::source ? 0 : sizeof(Be16));
    change.add(vnet::wire::detail::load<Be16>(port_at), port);
    std::memcpy(port_at, &port, sizeof port);
    // Reckoned, not branched for: the two protocols mix in any order.
    auto* checksum_at = l4 + tcp_checksum - size_t{udp} * (tcp_checksum - udp_checksum);
    const auto before = vnet::wire::detail::load<Be16>(checksum_at);
    const Be16 after = change.apply(before);
    const uint16_t some = after == Be16() && udp ? 0xffff : after.network();
    const uint16_t stored = before == Be16() && udp ? 0 : some;
    std::memcpy(checksum_at, &stored, sizeof stored);
    return ref;
}

}  // namespace nat44
