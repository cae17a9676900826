// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/packet.hpp"

#include "vnet/flow/quote.hpp"

namespace nat44 {

template <Side side>
Done translate_by(const vnet::flow::Session& session, vnet::flow::Direction direction,
                  const Subject& subject) noexcept {
    // An error from the very host that an echo went to looks like an answer.
    if (!is_still_of(session, direction, subject) || is_error(subject)) {
        return Done::stale;
    }
    const Tuple to = leaving(session, direction);
    const bool done = (session.flags & session_flag::twice) != 0
                          ? translate<Side::both>(subject.ip, subject.l4, to)
                          : translate<side>(subject.ip, subject.l4, to);
    return done ? Done::translated : Done::truncated;
}
template Done translate_by<Side::source>(const vnet::flow::Session&, vnet::flow::Direction,
                                         const Subject&) noexcept;
template Done translate_by<Side::destination>(const vnet::flow::Session&, vnet::flow::Direction,
                                              const Subject&) noexcept;
template Done translate_by<Side::both>(const vnet::flow::Session&, vnet::flow::Direction,
                                       const Subject&) noexcept;

bool is_error(const Subject& subject) noexcept {
    if (subject.ip.protocol() != vnet::wire::IpProtocol::icmp || !subject.ip.has_l4_header()) {
        return false;
    }
    const auto* icmp = vnet::wire::view<vnet::wire::Icmp4Header>(subject.l4);
    return icmp != nullptr && vnet::wire::is_error(icmp->type());
}

bool belongs_to(const vnet::flow::Session& session, vnet::flow::Direction direction,
                const Subject& subject) noexcept {
    if (!is_error(subject)) {
        return is_still_of(session, direction, subject);
    }
    auto quoted = vnet::flow::quoted_key(subject.l4);
    if (!quoted || !session.alive()) {
        return false;
    }
    const vnet::flow::Key& in = session.key(direction);
    quoted->vrf = in.vrf;
    return quoted->reversed() == in;
}

bool was_translated_by(const vnet::flow::Session& session, vnet::flow::Direction direction,
                       const Subject& subject) noexcept {
    const Tuple out = leaving(session, direction);
    // An error may come from any router on the way.
    return session.alive() && subject.ip.destination == out.destination.address &&
           (is_error(subject) || subject.ip.source == out.source.address);
}

Done translate_error_by(const vnet::flow::Session& session, vnet::flow::Direction direction,
                        const Subject& subject, Ip4Address source) noexcept {
    if (read_quote(subject.ip, subject.l4).fault != QuoteFault::none) {
        return Done::bad_quote;
    }
    // What it quotes went the other way, and came here as that direction's key says.
    const Tuple sent = leaving(session, direction).reversed();
    return translate_error(subject.ip, subject.l4, source, sent) ? Done::translated
                                                                 : Done::bad_quote;
}

}  // namespace nat44
