// SPDX-License-Identifier: Apache-2.0
#include "vnet/igmp/input.hpp"

#include "vnet/wire/igmp.hpp"

namespace vnet::igmp {

graph::To<graph::NoNext, Input::Drop> Input::preview(const graph::Packet& packet) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const std::span<const std::byte> bytes = packet.from_offset(meta.l3_offset);
    // One that lies in several segments is longer than any that a link carries whole.
    if (bytes.size() + meta.l3_offset != packet.length()) {
        return Drop::truncated;
    }
    switch (wire::read_igmp_query(bytes).fault) {
        case wire::IgmpFault::none:
            break;
        case wire::IgmpFault::truncated:
            return Drop::truncated;
        case wire::IgmpFault::bad_checksum:
            return Drop::checksum;
        case wire::IgmpFault::no_query:
            return Drop::no_query;
        case wire::IgmpFault::ttl:
            return Drop::ttl;
        case wire::IgmpFault::group:
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

}  // namespace vnet::igmp
