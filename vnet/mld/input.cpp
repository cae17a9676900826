// SPDX-License-Identifier: Apache-2.0
#include "vnet/mld/input.hpp"

#include "vnet/wire/mld.hpp"

namespace vnet::mld {

graph::To<graph::NoNext, Input::Drop> Input::preview(const graph::Packet& packet) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const std::span<const std::byte> bytes = packet.from_offset(meta.l3_offset);
    // One that lies in several segments is longer than any that a link carries whole.
    if (bytes.size() + meta.l3_offset != packet.length()) {
        return Drop::truncated;
    }
    switch (wire::read_mld_query(bytes, size_t(meta.l4_offset - meta.l3_offset)).fault) {
        case wire::MldFault::none:
            break;
        case wire::MldFault::truncated:
            return Drop::truncated;
        case wire::MldFault::hop_limit:
            return Drop::hop_limit;
        case wire::MldFault::source:
            return Drop::source;
        case wire::MldFault::no_router_alert:
            return Drop::no_router_alert;
        case wire::MldFault::group:
            return Drop::group;
    }
    return graph::Hop::consumed();
}

graph::To<graph::NoNext, Input::Drop> Input::operator()(graph::Packet& packet,
                                                        graph::Dispatch& dispatch) const noexcept {
    const auto hop = preview(packet);
    if (graph::Hop(hop).is_drop()) {
        return hop;
    }
    if (!limits_.allows(punt::Class::neighbor, dispatch.worker(), dispatch.now_tsc())) {
        return Drop::rate_limited;
    }
    if (!to_control_.push(packet)) {
        return Drop::queue_full;
    }
    return graph::Hop::consumed();
}

}  // namespace vnet::mld
