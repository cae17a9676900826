// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <optional>

#include "graph/packet.hpp"
#include "plugins/nat44/icmp_error.hpp"
#include "plugins/nat44/translation.hpp"
#include "plugins/nat44/translator.hpp"
#include "vnet/wire/tcp.hpp"

namespace nat44 {

/// A packet under translation, as the nodes of both directions have it in hand.
struct Subject {
    vnet::wire::Ip4Header& ip;
    /// What follows the IP header and its options, as far as the packet's first segment goes.
    std::span<std::byte> l4;
    /// As the lookup noted them, where it did.
    vnet::flow::Ports noted;

    /// Both addresses as one word, as flow::Key has them.
    uint64_t addresses() const noexcept {
        uint64_t both;
        constexpr size_t at = offsetof(vnet::wire::Ip4Header, source);
        std::memcpy(&both, reinterpret_cast<const std::byte*>(&ip) + at, sizeof both);
        return both;
    }
};
static_assert(offsetof(vnet::wire::Ip4Header, destination) ==
              offsetof(vnet::wire::Ip4Header, source) + sizeof(Ip4Address));

/// How far a translation came.
enum class Done : uint8_t {
    translated,
    /// The packet is not of the session any more that it was looked up for.
    stale,
    truncated,
    /// An ICMP error whose quote may not be believed.
    bad_quote,
};

/// A packet's direction through a session is out, to the outside.
inline bool goes_out(const vnet::flow::Session& session, vnet::flow::Direction direction) noexcept {
    const bool from_outside = (session.flags & session_flag::from_outside) != 0;
    return (direction == vnet::flow::Direction::forward) != from_outside;
}

/// What the packets of a direction become: the other direction's key turned round.
inline Tuple leaving(const vnet::flow::Session& session, vnet::flow::Direction direction) noexcept {
    const vnet::flow::Key& out = session.key(opposite(direction));
    // Its ports as one word: a copy that is taken to pieces again would be waited for.
    const auto ports = std::bit_cast<std::array<vnet::wire::Be16, 2>>(out.ports.raw);
    return {{out.destination, ports[1]}, {out.source, ports[0]}};
}

/// The packet, which is no ICMP error, is one of a session's direction as it comes in: since it was
/// looked up, one before it in the vector may have ended its session, and begun another one in that
/// place.
[[gnu::always_inline]] inline bool is_still_of(const vnet::flow::Session& session,
                                               vnet::flow::Direction direction,
                                               const Subject& subject) noexcept {
    const vnet::flow::Key& in = session.key(direction);
    return subject.addresses() == in.addresses() && subject.noted == in.ports &&
           subject.ip.protocol_number == in.protocol && session.alive();
}
/// The same of any packet, and of an ICMP error by what it quotes.
bool belongs_to(const vnet::flow::Session& session, vnet::flow::Direction direction,
                const Subject& subject) noexcept;
/// A node before this one has translated the packet by the session: where its destination changes.
bool was_translated_by(const vnet::flow::Session& session, vnet::flow::Direction direction,
                       const Subject& subject) noexcept;

/// The packet is an ICMP error.
bool is_error(const Subject& subject) noexcept;

/// Translates a packet of a session: one side, or both where the session says so. An ICMP error is
/// not translated here, but is Done::stale. For whole TCP and UDP packets of which one end changes
/// there is a shorter way (translate_plain()).
template <Side side>
Done translate_by(const vnet::flow::Session& session, vnet::flow::Direction direction,
                  const Subject& subject) noexcept;

/// Translates an ICMP error that belongs to a direction of a session: its quote becomes what the
/// sender of the quoted packet sent. `source` is where it comes from then.
Done translate_error_by(const vnet::flow::Session& session, vnet::flow::Direction direction,
                        const Subject& subject, Ip4Address source) noexcept;

/// The IP header and what follows it; nothing where the header is not there, whole.
inline std::optional<Subject> subject_of(graph::Packet& packet) noexcept {
    const auto bytes = packet.from_offset(packet.meta().l3_offset);
    auto* ip = vnet::wire::view<vnet::wire::Ip4Header>(bytes);
    if (ip == nullptr) [[unlikely]] {
        return std::nullopt;
    }
    return Subject{*ip, vnet::wire::after(bytes, ip->header_length()), {packet.meta().ports}};
}

/// The flags of a TCP segment, as far as it has them.
inline uint8_t tcp_flags(const Subject& subject) noexcept {
    constexpr size_t at = offsetof(vnet::wire::TcpHeader, flag_bits);
    return subject.ip.protocol() == vnet::wire::IpProtocol::tcp && subject.ip.has_l4_header() &&
                   subject.l4.size() > at
               ? uint8_t(subject.l4[at])
               : uint8_t(0);
}

/// Its key, by what the lookup left in the metadata.
inline vnet::flow::Key key_of(const graph::Packet& packet, const Subject& subject,
                              Vrf vrf) noexcept {
    return {subject.ip.source,          subject.ip.destination,
            {packet.meta().ports},      vrf,
            subject.ip.protocol_number, 0};
}

}  // namespace nat44
