// SPDX-License-Identifier: Apache-2.0
#include "graph/packet.hpp"

#include <algorithm>

#include "graph/tsan.hpp"

namespace graph {

void Packet::trim_segments(uint32_t length) noexcept {
    rte_mbuf* segment = &mbuf_;
    uint32_t left = length;
    uint16_t kept = 1;
    while (left > segment->data_len && segment->next != nullptr) {
        left -= segment->data_len;
        segment = segment->next;
        ++kept;
    }
    segment->data_len = uint16_t(std::min<uint32_t>(left, segment->data_len));
    if (rte_mbuf* rest = segment->next) {
        segment->next = nullptr;
        detail::buffer_given(rest);
        rte_pktmbuf_free_bulk(&rest, 1);
    }
    mbuf_.nb_segs = kept;
    mbuf_.pkt_len = length;
}

}  // namespace graph
