// SPDX-License-Identifier: Apache-2.0
#include "guard.hpp"

#include "vnet/wire/ip4_header.hpp"

namespace ttl_guard {

graph::To<graph::NoNext, Guard::Drop> Guard::operator()(graph::Packet& packet,
                                                        graph::Dispatch& dispatch) const noexcept {
    const graph::Metadata& meta = packet.meta();
    // The view is null where the bytes are too few. ip4-input lets no such packet through, but a
    // node believes nothing that it can see for itself.
    const auto* header =
        vnet::wire::view<vnet::wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    const uint8_t ttl = header == nullptr ? uint8_t(0) : header->ttl;
    const uint8_t floor = floors_.lowest(meta.rx_interface);
    note_.of(packet) = {ttl, floor};
    if (ttl < floor) {
        floors_.count_dropped(dispatch.worker(), meta.rx_interface);
        return Drop::too_far;
    }
    floors_.count_passed(dispatch.worker(), meta.rx_interface);
    return dispatch.next_feature(packet);
}

graph::TraceFields Guard::format(const graph::TraceStep& step) const {
    if (step.next == nullptr) {
        return {};
    }
    // The slot as it was behind this node.
    const Note note = note_.of(step.next->slots);
    return {{"ttl", std::to_string(note.ttl)}, {"floor", std::to_string(note.floor)}};
}

}  // namespace ttl_guard
