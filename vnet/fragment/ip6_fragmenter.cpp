// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "vnet/fragment/format.hpp"
#include "vnet/fragment/fragmenter.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::fragment {

namespace {

/// Link-layer header, IPv6 header, and the extension headers that each fragment repeats; Ip6Chain
/// bounds their length.
constexpr size_t longest_headers =
    64 + sizeof(wire::Ip6Header) + wire::Ip6Chain::most_bytes + sizeof(wire::Ip6FragmentHeader);

/// What routers on the way look at, and each fragment therefore has: up to the hop-by-hop and the
/// routing header (RFC 8200 4.5). `named_by` is the octet that says what follows.
struct PerFragment {
    size_t length = sizeof(wire::Ip6Header);
    size_t named_by = offsetof(wire::Ip6Header, next_header_number);
};

PerFragment per_fragment(std::span<const std::byte> bytes, const wire::Ip6Chain& chain) noexcept {
    PerFragment found;
    for (const size_t at : {size_t(chain.hop_by_hop_offset), size_t(chain.routing_offset)}) {
        if (at != 0) {
            const auto* header = wire::view<wire::Ip6ExtensionHeader>(bytes.subspan(at));
            found.named_by = at;
            found.length = at + header->length();
        }
    }
    return found;
}

}  // namespace

uint32_t Ip6Fragmenter::identification(uint32_t number, uint64_t seed) noexcept {
    // A Feistel network permutes the numbers, whatever its round function is.
    uint32_t left = number >> 16;
    uint32_t right = number & 0xffff;
    for (uint64_t round = 1; round <= 4; ++round) {
        uint64_t mixed = (seed ^ round << 56) + right;
        mixed = (mixed ^ mixed >> 30) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d0'49bb'1331'11eb;
        const uint32_t next = left ^ uint32_t(mixed >> 40 & 0xffff);
        left = right;
        right = next;
    }
    return left << 16 | right;
}

graph::To<Ip6Fragmenter::Next, CutDrop> Ip6Fragmenter::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    const uint16_t l3 = packet.meta().l3_offset;
    const auto bytes = packet.from_offset(l3);
    const wire::Ip6Chain chain = wire::walk_ip6(bytes, packet.length() - l3);
    // What is a fragment already is not cut again: its header is the only one it may have.
    if (chain.fault != wire::Ip6ChainFault::none || chain.has_fragment_header()) {
        return CutDrop::truncated;
    }
    constexpr uint32_t added = sizeof(wire::Ip6FragmentHeader);
    const PerFragment repeated = per_fragment(bytes, chain);
    const uint32_t header = uint32_t(repeated.length) + added;
    const uint32_t mtu = forwarding_.adjacency(packet.meta().adjacency).mtu;
    if (mtu < header + 8) {
        return CutDrop::mtu_too_small;
    }
    const uint32_t each = (mtu - header) & ~7U;
    const uint32_t payload = packet.length() - l3 - uint32_t(repeated.length);
    const unsigned count = pieces_of(payload, each);
    if (count <= 1) {
        // It fits as it is.
        return Next::rewrite;
    }
    if (count > most_pieces) {
        return CutDrop::too_many;
    }
    if (l3 + header > longest_headers || packet.headroom() < added) {
        return CutDrop::no_headroom;
    }
    std::array<std::byte, longest_headers> later;
    std::memcpy(later.data(), packet.data(), l3 + repeated.length);
    wire::Ip6FragmentHeader made;
    made.next_header_number = uint8_t(later[l3 + repeated.named_by]);
    const unsigned worker = dispatch.worker();
    made.identification =
        wire::Be32(identification(made_[worker].count++ * uint32_t(made_.size()) + worker, seed_));
    later[l3 + repeated.named_by] = std::byte(wire::IpProtocol::fragment);
    std::memcpy(later.data() + l3 + repeated.length, &made, sizeof(made));
    std::array<graph::Packet*, most_pieces> pieces;
    const uint32_t payload_offset = uint32_t(l3 + repeated.length);
    if (!cut(dispatch.pool(), packet, {payload_offset, each, {later.data(), l3 + header}},
             {pieces.data(), count})) {
        return CutDrop::no_buffer;
    }
    // The first one gets the same header in front of its payload; offsets stay what they were.
    const graph::Metadata before = packet.meta();
    (void)packet.move_start(-int(added));
    std::memcpy(packet.data(), later.data(), l3 + header);
    packet.meta() = before;
    for (unsigned i = 0; i < count; ++i) {
        graph::Packet& piece = *pieces[i];
        const auto its = piece.from_offset(l3);
        wire::view<wire::Ip6Header>(its)->payload_length =
            wire::Be16(uint16_t(piece.length() - l3 - sizeof(wire::Ip6Header)));
        wire::view<wire::Ip6FragmentHeader>(its.subspan(repeated.length))
            ->set(i * each, i + 1 < count);
        piece.meta().l4_offset = uint16_t(l3 + header);
        dispatch.emit(piece, graph::Hop::edge(graph::Edge(Next::rewrite)));
    }
    CutCounters& counters = counters_[worker];
    counters.packets.add(1);
    counters.fragments.add(count);
    return graph::Hop::consumed();
}

graph::TraceFields Ip6Fragmenter::format(const graph::TraceStep& step) const {
    return format_cut(step, forwarding_);
}

}  // namespace vnet::fragment
