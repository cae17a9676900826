// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/chain.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace vnet::fragment {

namespace {

const std::byte* bytes_in(const rte_mbuf* segment) noexcept {
    return static_cast<const std::byte*>(segment->buf_addr) + segment->data_off;
}
std::byte* bytes_in(rte_mbuf* segment) noexcept {
    return static_cast<std::byte*>(segment->buf_addr) + segment->data_off;
}

/// A buffer that is no packet any more, alone.
void free_buffer(rte_mbuf* buffer) noexcept {
    buffer->next = nullptr;
    buffer->nb_segs = 1;
    graph::free_packet(graph::Packet::from(buffer));
}

/// Buffers that bytes need, none of which has anything in front.
constexpr unsigned buffers_for(uint32_t bytes) noexcept {
    return std::max(1U, (bytes + graph::buffer_bytes - 1) / graph::buffer_bytes);
}

void copy_state(graph::Packet& to, const graph::Packet& from) noexcept {
    to.meta() = from.meta();
    std::memcpy(to.slots(), from.slots(), graph::slot_bytes);
}

/// Fills fresh buffers, one after the other, with a header and what a reader brings.
class Filler {
public:
    explicit Filler(std::span<graph::Packet* const> buffers) noexcept : buffers_(buffers) {}

    graph::Packet* fill(std::span<const std::byte> header, ChainReader& from,
                        uint32_t payload) noexcept {
        graph::Packet* const packet = next();
        rte_mbuf* const head = packet->mbuf();
        rte_mbuf* last = head;
        // A header is shorter than a buffer.
        std::copy(header.begin(), header.end(), bytes_in(head));
        head->data_len = uint16_t(header.size());
        for (uint32_t left = payload; left != 0;) {
            uint32_t room = graph::buffer_bytes - last->data_len;
            if (room == 0) {
                last->next = next()->mbuf();
                last = last->next;
                ++head->nb_segs;
                room = graph::buffer_bytes;
            }
            const uint32_t count = std::min(room, left);
            (void)from.read({bytes_in(last) + last->data_len, count});
            last->data_len = uint16_t(last->data_len + count);
            left -= count;
        }
        head->pkt_len = uint32_t(header.size()) + payload;
        return packet;
    }

private:
    graph::Packet* next() noexcept { return buffers_[used_++]; }
    std::span<graph::Packet* const> buffers_;
    size_t used_ = 0;
};

/// The longest packet there is, in the most pieces.
constexpr unsigned most_buffers = most_pieces + (1U << 16) / graph::buffer_bytes + 1;

}  // namespace

ChainReader::ChainReader(const graph::Packet& packet, uint32_t offset) noexcept
    : segment_(packet.mbuf()), offset_(offset) {
    while (segment_ != nullptr && offset_ >= segment_->data_len) {
        offset_ -= segment_->data_len;
        segment_ = segment_->next;
    }
}

std::span<const std::byte> ChainReader::next(size_t most) noexcept {
    while (segment_ != nullptr && offset_ == segment_->data_len) {
        segment_ = segment_->next;
        offset_ = 0;
    }
    if (segment_ == nullptr) {
        return {};
    }
    const size_t count = std::min<size_t>(most, segment_->data_len - offset_);
    const std::span<const std::byte> found(bytes_in(segment_) + offset_, count);
    offset_ += uint32_t(count);
    return found;
}

bool ChainReader::read(std::span<std::byte> to) noexcept {
    while (!to.empty()) {
        const auto found = next(to.size());
        if (found.empty()) {
            return false;
        }
        std::memcpy(to.data(), found.data(), found.size());
        to = to.subspan(found.size());
    }
    return true;
}

graph::Packet* strip(graph::Packet& packet, uint32_t count) noexcept {
    rte_mbuf* now = packet.mbuf();
    while (count >= now->data_len && now->next != nullptr) {
        rte_mbuf* const next = now->next;
        count -= now->data_len;
        next->nb_segs = uint16_t(now->nb_segs - 1);
        next->pkt_len = now->pkt_len - now->data_len;
        free_buffer(now);
        now = next;
    }
    graph::Packet* const left = graph::Packet::from(now);
    left->move_start(int(count));
    return left;
}

bool Joiner::add(graph::Packet& tail) noexcept {
    rte_mbuf* const first = tail.mbuf();
    const uint16_t length = first->data_len;
    if (first->nb_segs == 1 && length <= rte_pktmbuf_tailroom(last_) &&
        rte_mbuf_refcnt_read(last_) == 1) {
        std::memcpy(bytes_in(last_) + last_->data_len, bytes_in(first), length);
        last_->data_len = uint16_t(last_->data_len + length);
        head_.pkt_len += length;
        free_buffer(first);
        return true;
    }
    if (uint32_t(head_.nb_segs) + first->nb_segs > RTE_MBUF_MAX_NB_SEGS) {
        return false;
    }
    last_->next = first;
    last_ = rte_pktmbuf_lastseg(first);
    head_.nb_segs = uint16_t(head_.nb_segs + first->nb_segs);
    head_.pkt_len += first->pkt_len;
    // Within a chain a buffer says nothing of the others.
    first->nb_segs = 1;
    first->pkt_len = first->data_len;
    return true;
}

void pull_up(graph::Packet& packet, uint32_t count) noexcept {
    rte_mbuf* const head = packet.mbuf();
    while (head->data_len < count && head->next != nullptr) {
        rte_mbuf* const from = head->next;
        const auto moved = uint16_t(std::min(
            {uint32_t(packet.tailroom()), count - head->data_len, uint32_t(from->data_len)}));
        std::memcpy(bytes_in(head) + head->data_len, bytes_in(from), moved);
        head->data_len = uint16_t(head->data_len + moved);
        from->data_off = uint16_t(from->data_off + moved);
        from->data_len = uint16_t(from->data_len - moved);
        if (from->data_len != 0) {
            return;
        }
        head->next = from->next;
        --head->nb_segs;
        free_buffer(from);
    }
}

graph::Packet* copy(const graph::Packet& packet, graph::PacketPool& pool) noexcept {
    const unsigned needed = buffers_for(packet.length());
    std::array<graph::Packet*, most_buffers> buffers;
    if (needed > buffers.size() || !pool.allocate({buffers.data(), needed})) {
        return nullptr;
    }
    Filler filler({buffers.data(), needed});
    ChainReader from(packet, 0);
    graph::Packet* const made = filler.fill({}, from, packet.length());
    copy_state(*made, packet);
    // One packet, one trace: it follows the one that is there.
    made->meta().flags &= uint16_t(~graph::packet_flag::traced);
    return made;
}

bool equal_bytes(const graph::Packet& one, uint32_t one_offset, const graph::Packet& other,
                 uint32_t other_offset, uint32_t count) noexcept {
    ChainReader left(one, one_offset);
    ChainReader right(other, other_offset);
    while (count != 0) {
        const auto some = left.next(count);
        std::span<const std::byte> rest = some;
        while (!rest.empty()) {
            const auto same = right.next(rest.size());
            if (same.empty() || std::memcmp(rest.data(), same.data(), same.size()) != 0) {
                return false;
            }
            rest = rest.subspan(same.size());
        }
        if (some.empty()) {
            return false;
        }
        count -= uint32_t(some.size());
    }
    return true;
}

bool cut(graph::PacketPool& pool, graph::Packet& whole, const Cut& how,
         std::span<graph::Packet*> pieces) noexcept {
    const uint32_t payload = whole.length() - how.payload_offset;
    const auto length_of = [&](size_t index) {
        return std::min(how.piece, payload - uint32_t(index) * how.piece);
    };
    unsigned needed = 0;
    for (size_t i = 1; i < pieces.size(); ++i) {
        needed += buffers_for(uint32_t(how.later_header.size()) + length_of(i));
    }
    std::array<graph::Packet*, most_buffers> buffers;
    if (needed > buffers.size() || !pool.allocate({buffers.data(), needed})) {
        return false;
    }
    Filler filler({buffers.data(), needed});
    ChainReader from(whole, how.payload_offset + how.piece);
    pieces[0] = &whole;
    for (size_t i = 1; i < pieces.size(); ++i) {
        pieces[i] = filler.fill(how.later_header, from, length_of(i));
        copy_state(*pieces[i], whole);
        // One packet, one trace: it follows the first piece.
        pieces[i]->meta().flags &= uint16_t(~graph::packet_flag::traced);
    }
    whole.trim(how.payload_offset + std::min(how.piece, payload));
    return true;
}

}  // namespace vnet::fragment
