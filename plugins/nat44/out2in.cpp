// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/out2in.hpp"

#include "plugins/nat44/format.hpp"

namespace nat44 {

using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;

/// With options, of another protocol, an error, or without a session.
graph::Hop Out2In::not_plain(graph::Packet& packet, Pass& pass) const noexcept {
    const Ref ref = pass.ref_of(packet);
    const auto subject = subject_of(packet);
    if (ref && subject) [[likely]] {
        const Session& session = pass.table()[ref.index()];
        if (pass.is_ours(session) && !goes_out(session, ref.direction()) &&
            translate_by<Side::destination>(session, ref.direction(), *subject) == Done::translated)
            [[likely]] {
            return onwards(packet, session, ref.direction(), pass);
        }
    }
    return with_care(packet, pass);
}

graph::Hop Out2In::with_care(graph::Packet& packet, Pass& pass) const noexcept {
    const auto subject = subject_of(packet);
    if (!subject) {
        return drop(Drop::truncated);
    }
    if (const Ref ref = pass.ref_of(packet)) {
        const Session& session = pass.table()[ref.index()];
        if (pass.is_ours(session) && belongs_to(session, ref.direction(), *subject)) {
            if (goes_out(session, ref.direction())) {
                return pass.next(packet);
            }
            if (is_error(*subject)) {
                const Done done =
                    translate_error_by(session, ref.direction(), *subject, subject->ip.source);
                return done == Done::translated ? onwards(packet, session, ref.direction(), pass)
                                                : drop(drop_for(done));
            }
        }
    }
    return begin(packet, *subject, pass);
}

graph::Hop Out2In::begin(graph::Packet& packet, const Subject& subject, Pass& pass) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const Config& config = pass.config();
    const Key key = key_of(packet, subject, translators_.vrf_of(meta.rx_interface));
    const bool known = meta.has(graph::packet_flag::flow) && !is_error(subject);
    const bool may_be_ours =
        config.pool_of(key.vrf, key.destination) != nullptr ||
        (known && config.to_outside(key.vrf, key.destination, key.ports.destination(),
                                    key.protocol) != nullptr);
    if (!may_be_ours) [[likely]] {
        return pass.next(packet);
    }
    Ref ref = known ? pass.table().find(key) : Ref();
    if (!ref) {
        const Verdict verdict =
            known ? pass.translator().inbound(pass.ask(config, key), ref) : Verdict::no_session;
        if (is_nobodys(verdict) && config.is_own(key.vrf, key.destination)) {
            return pass.next(packet);
        }
        if (verdict != Verdict::made) {
            return drop(drop_for(verdict));
        }
    }
    const Session& session = pass.table()[ref.index()];
    if (!pass.is_ours(session) || goes_out(session, ref.direction())) {
        return pass.next(packet);
    }
    pass.seen(ref, subject);
    const Done done = translate_by<Side::destination>(session, ref.direction(), subject);
    if (done != Done::translated) {
        return drop(drop_for(done));
    }
    packet.meta().session = ref.raw();
    return onwards(packet, session, ref.direction(), pass);
}

graph::TraceFields Out2In::format(const graph::TraceStep& step) const {
    return format_translation(step);
}

}  // namespace nat44
