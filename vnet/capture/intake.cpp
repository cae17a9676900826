// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/intake.hpp"

#include <algorithm>
#include <cstring>

#include "graph/limits.hpp"

namespace vnet::capture {

namespace {

/// The interface that a packet is counted for.
interface::Index interface_at(graph::TapPoint point, const graph::Metadata& meta) noexcept {
    if (point == graph::TapPoint::tx) {
        return meta.tx_interface;
    }
    // What the router itself made and dropped again has at most a way out.
    return point == graph::TapPoint::drop && meta.rx_interface >= graph::max_interfaces
               ? meta.tx_interface
               : meta.rx_interface;
}

size_t place_of(interface::Index interface) noexcept {
    return std::min<size_t>(interface, graph::max_interfaces);
}

void copy_bytes(const graph::Packet& packet, std::byte* to, size_t size) noexcept {
    for (const rte_mbuf* segment = packet.mbuf(); segment != nullptr && size != 0;
         segment = segment->next) {
        const size_t part = std::min<size_t>(segment->data_len, size);
        std::memcpy(to, rte_pktmbuf_mtod(segment, const std::byte*), part);
        to += part;
        size -= part;
    }
}

}  // namespace

Intake::Intake(Selection selection, unsigned workers) : selection_(std::move(selection)) {
    if (!selection_.interfaces.empty()) {
        wanted_ = std::vector<std::atomic<uint64_t>>(graph::max_interfaces / bits_a_word);
    }
    for (const interface::Index interface : selection_.interfaces) {
        auto& word = wanted_[interface / bits_a_word];
        const uint64_t bit = uint64_t(1) << interface % bits_a_word;
        if ((word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0) {
            ++named_;
        }
    }
    for (unsigned i = 0; i < workers; ++i) {
        lanes_.push_back(std::make_unique<Lane>(ring_bytes));
    }
    lanes_.push_back(std::make_unique<Lane>(control_ring_bytes));
}

bool Intake::wants(interface::Index interface) const noexcept {
    return wanted_.empty() || (interface < graph::max_interfaces &&
                               (wanted_[interface / bits_a_word].load(std::memory_order_relaxed) >>
                                    interface % bits_a_word &
                                1) != 0);
}

bool Intake::forget(interface::Index interface) noexcept {
    if (wanted_.empty() || !wants(interface)) {
        return true;
    }
    wanted_[interface / bits_a_word].fetch_and(~(uint64_t(1) << interface % bits_a_word),
                                               std::memory_order_relaxed);
    return --named_ != 0;
}

void Intake::look(graph::TapPoint point, std::span<graph::Packet* const> packets, unsigned lane,
                  uint64_t now_tsc) noexcept {
    if (!selection_.points[size_t(point)]) {
        return;
    }
    // Packets of a vector mostly belong to one interface: what depends on it is looked up once a
    // run.
    size_t begin = 0;
    while (begin < packets.size()) {
        const interface::Index interface = interface_at(point, packets[begin]->meta());
        size_t end = begin + 1;
        while (end < packets.size() && interface_at(point, packets[end]->meta()) == interface) {
            ++end;
        }
        if (wants(interface)) {
            take(point, packets.subspan(begin, end - begin), interface, *lanes_[lane], now_tsc);
        }
        begin = end;
    }
    lanes_[lane]->ring.publish();
}

void Intake::take(graph::TapPoint point, std::span<graph::Packet* const> run,
                  interface::Index interface, Lane& lane, uint64_t now_tsc) noexcept {
    uint64_t filtered = 0;
    uint64_t lost = 0;
    for (const graph::Packet* packet : run) {
        if (selection_.filter && !selection_.filter->matches(*packet)) {
            ++filtered;
        } else if (!copy(point, *packet, interface, lane, now_tsc)) {
            ++lost;
        }
    }
    for (TakenCounts* counts : {&lane.all, &lane.interfaces[place_of(interface)]}) {
        counts->seen.add(run.size());
        counts->filtered.add(filtered);
        counts->lost.add(lost);
    }
}

bool Intake::copy(graph::TapPoint point, const graph::Packet& packet, interface::Index interface,
                  Lane& lane, uint64_t now_tsc) noexcept {
    const size_t size = std::min(packet.length(), selection_.snap_length);
    std::byte* const room = lane.ring.reserve(sizeof(TakenPacket) + size);
    if (room == nullptr) {
        return false;
    }
    const graph::Metadata& meta = packet.meta();
    const TakenPacket taken{now_tsc,   packet.length(), interface,
                            meta.drop, point,           link_layer_of(meta)};
    std::memcpy(room, &taken, sizeof(taken));
    copy_bytes(packet, room + sizeof(taken), size);
    return true;
}

Intake::Totals Intake::totals() const noexcept {
    Totals totals;
    for (const auto& lane : lanes_) {
        totals.seen += lane->all.seen.read();
        totals.filtered += lane->all.filtered.read();
        totals.lost += lane->all.lost.read();
    }
    return totals;
}

Intake::Totals Intake::totals(interface::Index interface) const noexcept {
    Totals totals;
    for (const auto& lane : lanes_) {
        const TakenCounts& counts = lane->interfaces[place_of(interface)];
        totals.seen += counts.seen.read();
        totals.filtered += counts.filtered.read();
        totals.lost += counts.lost.read();
    }
    return totals;
}

}  // namespace vnet::capture
