// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/in2out.hpp"

#include "plugins/nat44/format.hpp"
#include "vnet/flow/quote.hpp"

namespace nat44 {

using vnet::flow::Direction;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;

namespace {

/// Of a packet that has no ports of its own: it is to a destination that is exempt whatever the
/// ports, or an error about what came from an exempt one.
bool is_exempt(const Subject& subject, Vrf outside_vrf, const Config& config) noexcept {
    if (!is_error(subject)) {
        const Key key{
            subject.ip.source, subject.ip.destination, {}, 0, subject.ip.protocol_number, 0};
        return config.exempt(outside_vrf, key).has_value();
    }
    const auto quoted = vnet::flow::quoted_key(subject.l4);
    // To nobody but who sent what it quotes.
    return quoted && quoted->source == subject.ip.destination &&
           config.exempt(outside_vrf, quoted->reversed());
}

}  // namespace

/// With options, of another protocol, an error, or without a session.
graph::Hop In2Out::not_plain(graph::Packet& packet, Pass& pass) const noexcept {
    const Ref ref = pass.ref_of(packet);
    const auto subject = subject_of(packet);
    if (ref && subject) [[likely]] {
        const Session& session = pass.table()[ref.index()];
        if (pass.is_ours(session) && goes_out(session, ref.direction()) &&
            translate_by<Side::source>(session, ref.direction(), *subject) == Done::translated)
            [[likely]] {
            return pass.next(packet);
        }
    }
    return with_care(packet, pass);
}

graph::Hop In2Out::with_care(graph::Packet& packet, Pass& pass) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const auto subject = subject_of(packet);
    if (!subject) {
        return drop(Drop::truncated);
    }
    if (meta.has(graph::packet_flag::local_origin)) {
        return own_error(packet, *subject, pass);
    }
    const Ref ref = pass.ref_of(packet);
    if (ref) {
        const Session& session = pass.table()[ref.index()];
        const Direction direction = ref.direction();
        // What goes in, and what has both ends translated, was translated when it came in.
        const bool before =
            !goes_out(session, direction) || (session.flags & session_flag::twice) != 0;
        if (pass.is_ours(session) && before && was_translated_by(session, direction, *subject)) {
            return pass.next(packet);
        }
        if (pass.is_ours(session) && !before && is_error(*subject) &&
            belongs_to(session, direction, *subject)) {
            return error(packet, *subject, ref, pass);
        }
    }
    return translators_.role(meta.rx_interface) == Role::inside ? begin(packet, *subject, pass)
                                                                : pass.next(packet);
}

graph::Hop In2Out::begin(graph::Packet& packet, const Subject& subject, Pass& pass) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const Config& config = pass.config();
    const Vrf inside_vrf = translators_.vrf_of(meta.rx_interface);
    const Vrf outside_vrf = translators_.vrf_of(meta.tx_interface);
    const Key key = key_of(packet, subject, inside_vrf);
    if (!meta.has(graph::packet_flag::flow) || is_error(subject)) {
        // Cut short, an error about nothing that is known: it would tell the outside who is inside.
        const bool ours = config.translates(inside_vrf, subject.ip.source, outside_vrf) &&
                          !is_exempt(subject, outside_vrf, config);
        return ours ? drop(Drop::no_session) : pass.next(packet);
    }
    // One before it in the same vector may have made the session.
    Ref ref = pass.table().find(key);
    if (!ref) {
        if (const auto exempt = config.exempt(outside_vrf, key)) {
            pass.translator().count_exempt(*exempt);
            return pass.next(packet);
        }
        const Verdict verdict = pass.translator().outbound(pass.ask(config, key), outside_vrf, ref);
        if (verdict == Verdict::not_ours) {
            return pass.next(packet);
        }
        if (verdict != Verdict::made) {
            return tell_sender_(packet, verdict, pass.dispatch());
        }
    }
    const Session& session = pass.table()[ref.index()];
    if (!pass.is_ours(session) || !goes_out(session, ref.direction())) {
        return pass.next(packet);
    }
    pass.seen(ref, subject);
    const Done done = translate_by<Side::source>(session, ref.direction(), subject);
    if (done != Done::translated) {
        return drop(drop_for(done));
    }
    packet.meta().session = ref.raw();
    return pass.next(packet);
}

graph::Hop In2Out::error(graph::Packet& packet, const Subject& subject, Ref ref,
                         Pass& pass) const noexcept {
    const Session& session = pass.table()[ref.index()];
    // From whatever router inside: the outside knows the host's address alone (RFC 5508 REQ-5).
    const Ip4Address source = leaving(session, ref.direction()).source.address;
    const Done done = translate_error_by(session, ref.direction(), subject, source);
    return done == Done::translated ? pass.next(packet) : drop(drop_for(done));
}

/// An error of the router itself about a packet from outside that it had translated already.
graph::Hop In2Out::own_error(graph::Packet& packet, const Subject& subject,
                             Pass& pass) const noexcept {
    const Ref ref = pass.ref_of_own_error(packet, subject);
    if (!ref) {
        return pass.next(packet);
    }
    const Session& session = pass.table()[ref.index()];
    if (!goes_out(session, ref.direction())) {
        return pass.next(packet);
    }
    (void)translate_error_by(session, ref.direction(), subject, subject.ip.source);
    return pass.next(packet);
}

graph::TraceFields In2Out::format(const graph::TraceStep& step) const {
    graph::TraceFields fields = format_translation(step);
    const graph::Metadata& meta = step.at.meta;
    const auto* ip = vnet::wire::view<vnet::wire::Ip4Header>(step.at.from_offset(meta.l3_offset));
    const bool goes_on = step.next != nullptr && !step.next->dropped();
    if (!fields.empty() || !goes_on || ip == nullptr ||
        meta.has(graph::packet_flag::local_origin) ||
        translators_.role(meta.rx_interface) != Role::inside) {
        return fields;
    }
    const bool known = meta.has(graph::packet_flag::flow);
    const Key key{ip->source, ip->destination, {known ? meta.ports : 0}, 0, ip->protocol_number, 0};
    // By what is said now: a trace is shown soon.
    const Config& config = translators_.config();
    if (const auto exempt = config.exempt(translators_.vrf_of(meta.tx_interface), key)) {
        fields.emplace_back("exempt", config.exempt_at(*exempt).to_string());
    }
    return fields;
}

}  // namespace nat44
