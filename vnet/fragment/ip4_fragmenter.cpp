// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "vnet/fragment/format.hpp"
#include "vnet/fragment/fragmenter.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip4_options.hpp"

namespace vnet::fragment {

namespace {

/// The header of the later fragments, with what stands in front of it.
struct LaterHeader {
    /// More in front of layer 3 is not kept: nobody looks at it any more.
    static constexpr size_t longest_link_header = 64;
    std::array<std::byte, longest_link_header + wire::Ip4Header::longest_header> bytes;
    size_t length = 0;
};

LaterHeader later_header(const graph::Packet& packet, const wire::Ip4Header& ip) noexcept {
    LaterHeader later;
    const uint16_t l3 = packet.meta().l3_offset;
    const auto header = packet.from_offset(l3);
    std::memcpy(later.bytes.data(), packet.data(), l3);
    std::memcpy(later.bytes.data() + l3, header.data(), sizeof(wire::Ip4Header));
    size_t end = l3 + sizeof(wire::Ip4Header);
    if (!ip.is_plain()) {
        wire::Ip4OptionsCursor options(header.first(ip.header_length()));
        while (const auto option = options.next()) {
            if (option->is_copied()) {
                std::memcpy(later.bytes.data() + end, option->bytes.data(), option->bytes.size());
                end += option->bytes.size();
            }
        }
        // The end of the list is as many zeros as make it whole words.
        for (; (end - l3) % 4 != 0; ++end) {
            later.bytes[end] = std::byte{0};
        }
    }
    auto* made = wire::view<wire::Ip4Header>(later.bytes.data() + l3, end - l3);
    made->version_ihl = uint8_t(0x40 | (end - l3) / 4);
    later.length = end;
    return later;
}

}  // namespace

graph::To<Ip4Fragmenter::Next, CutDrop> Ip4Fragmenter::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    const uint16_t l3 = packet.meta().l3_offset;
    const auto bytes = packet.from_offset(l3);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (ip == nullptr || ip->header_length() < sizeof(wire::Ip4Header) ||
        bytes.size() < ip->header_length() || l3 > LaterHeader::longest_link_header) {
        return CutDrop::truncated;
    }
    const auto header = uint32_t(ip->header_length());
    const uint32_t mtu = forwarding_.adjacency(packet.meta().adjacency).mtu;
    if (mtu < header + 8) {
        return CutDrop::mtu_too_small;
    }
    const uint32_t each = (mtu - header) & ~7U;
    const uint32_t payload = packet.length() - l3 - header;
    const unsigned count = pieces_of(payload, each);
    if (count <= 1) {
        // It fits as it is.
        return Next::rewrite;
    }
    if (count > most_pieces) {
        return CutDrop::too_many;
    }
    const uint32_t begin = ip->fragment_offset();
    const bool more = ip->more_fragments();
    const LaterHeader later = later_header(packet, *ip);
    std::array<graph::Packet*, most_pieces> pieces;
    if (!cut(dispatch.pool(), packet, {l3 + header, each, {later.bytes.data(), later.length}},
             {pieces.data(), count})) {
        return CutDrop::no_buffer;
    }
    for (unsigned i = 0; i < count; ++i) {
        graph::Packet& piece = *pieces[i];
        const auto its = piece.from_offset(l3);
        auto* made = wire::view<wire::Ip4Header>(its);
        made->total_length = wire::Be16(uint16_t(piece.length() - l3));
        made->set_fragment(begin + i * each, more || i + 1 < count);
        made->checksum = wire::Be16(0);
        made->checksum = wire::internet_checksum(its.first(made->header_length()));
        piece.meta().l4_offset = uint16_t(l3 + made->header_length());
        dispatch.emit(piece, graph::Hop::edge(graph::Edge(Next::rewrite)));
    }
    CutCounters& counters = counters_[dispatch.worker()];
    counters.packets.add(1);
    counters.fragments.add(count);
    return graph::Hop::consumed();
}

graph::TraceFields Ip4Fragmenter::format(const graph::TraceStep& step) const {
    return format_cut(step, forwarding_);
}

}  // namespace vnet::fragment
