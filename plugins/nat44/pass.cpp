// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/pass.hpp"

#include "vnet/flow/quote.hpp"

namespace nat44 {

using vnet::flow::Ref;
using vnet::flow::Session;

Ref Pass::ref_of_own_error(const graph::Packet& packet, const Subject& subject) const noexcept {
    const Ref about = Ref::from_raw(packet.meta().session);
    auto quoted = is_error(subject) ? vnet::flow::quoted_key(subject.l4) : std::nullopt;
    if (!about || about.index() > table_.highest() || !quoted) {
        return {};
    }
    const Ref ref(about.index(), opposite(about.direction()));
    const Session& session = table_[ref.index()];
    *quoted = quoted->reversed();
    // The error came in nowhere; its VRF is that of who sent the answers.
    quoted->vrf = session.key(ref.direction()).vrf;
    const bool is_it =
        is_ours(session) && session.alive() && session.key(ref.direction()) == *quoted;
    return is_it ? ref : Ref();
}

}  // namespace nat44
