// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/hairpin.hpp"

#include "plugins/nat44/format.hpp"

namespace nat44 {

using vnet::flow::Direction;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;

graph::Hop Hairpin::operator()(graph::Packet& packet, Pass& pass) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const auto subject = subject_of(packet);
    const Config& config = pass.config();
    if (subject && meta.has(graph::packet_flag::local_origin)) {
        return own_error(packet, *subject, pass);
    }
    if (!subject || !meta.has(graph::packet_flag::flow) ||
        translators_.role(meta.rx_interface) != Role::inside) {
        return pass.next(packet);
    }
    const Vrf vrf = translators_.vrf_of(meta.rx_interface);
    const Key key = key_of(packet, *subject, vrf);
    Ref ref = pass.ref_of(packet);
    if (ref && is_error(*subject)) {
        const Session& session = pass.table()[ref.index()];
        if (pass.is_ours(session) && belongs_to(session, ref.direction(), *subject) &&
            (session.flags & session_flag::twice) != 0) {
            const Ip4Address source = leaving(session, ref.direction()).source.address;
            const Done done = translate_error_by(session, ref.direction(), *subject, source);
            return done == Done::translated ? onwards(packet, session, ref.direction(), pass)
                                            : drop(drop_for(done));
        }
        return pass.next(packet);
    }
    if (!ref || !belongs_to(pass.table()[ref.index()], ref.direction(), *subject)) {
        ref = pass.table().find(key);
    }
    if (ref && pass.is_ours(pass.table()[ref.index()]) && is_attempt(pass.table()[ref.index()])) {
        ref = Ref();
    }
    if (!ref) {
        const OutsideAddress* address = config.addresses().find(key.destination);
        const Vrf outside_vrf = config.outside_vrf_of(key);
        const Verdict verdict = pass.translator().hairpin(pass.ask(config, key), outside_vrf, ref);
        const bool own = config.is_own(outside_vrf, key.destination) || address == nullptr;
        if (verdict == Verdict::not_ours || (is_nobodys(verdict) && own)) {
            return pass.next(packet);
        }
        if (verdict != Verdict::made) {
            return tell_sender_(packet, verdict, pass.dispatch());
        }
        pass.seen(ref, *subject);
    }
    const Session& session = pass.table()[ref.index()];
    if (!pass.is_ours(session) || (session.flags & session_flag::twice) == 0) {
        return pass.next(packet);
    }
    // For an error about it.
    packet.meta().session = ref.raw();
    const Done done = translate_by<Side::both>(session, ref.direction(), *subject);
    return done == Done::translated ? onwards(packet, session, ref.direction(), pass)
                                    : drop(drop_for(done));
}

/// An error of the router itself about a packet that it had translated at both ends: to the outside
/// address that stood for the sender.
graph::Hop Hairpin::own_error(graph::Packet& packet, const Subject& subject,
                              Pass& pass) const noexcept {
    const Ref ref = pass.ref_of_own_error(packet, subject);
    if (!ref || (pass.table()[ref.index()].flags & session_flag::twice) == 0) {
        return pass.next(packet);
    }
    const Session& session = pass.table()[ref.index()];
    const Done done = translate_error_by(session, ref.direction(), subject, subject.ip.source);
    return done == Done::translated ? onwards(packet, session, ref.direction(), pass)
                                    : drop(drop_for(done));
}

graph::Hop Hairpin::onwards(graph::Packet& packet, const Session& session, Direction direction,
                            Pass& pass) const noexcept {
    const Vrf there = session.key(opposite(direction)).vrf;
    return to_vrf_(packet, there, pass.config());
}

graph::TraceFields Hairpin::format(const graph::TraceStep& step) const {
    return format_translation(step);
}

}  // namespace nat44
