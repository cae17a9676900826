// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/store.hpp"

#include <algorithm>

#include "vnet/fragment/chain.hpp"

namespace vnet::fragment {

namespace {

/// Mixes 64 bits well enough that any of them may be used (the finaliser of SplitMix64).
constexpr uint64_t mix(uint64_t value) noexcept {
    value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9;
    value = (value ^ value >> 27) * 0x94d0'49bb'1331'11eb;
    return value ^ value >> 31;
}

/// Datagrams out of time that one new fragment clears away: the rest is for expire().
constexpr uint32_t expired_at_once = 4;
/// Bytes of payload that lie in the first buffer of an assembled packet, as far as there are so
/// many: a transport header with options.
constexpr uint32_t gathered = 128;

constexpr uint8_t mark(wire::Ecn ecn) noexcept {
    return uint8_t(1U << unsigned(ecn));
}

}  // namespace

uint64_t Key::ends_hash(uint64_t seed) const noexcept {
    uint64_t hash = mix(seed ^ scope);
    for (const uint64_t word :
         {source.high(), source.low(), destination.high(), destination.low()}) {
        hash = mix(hash + word);
    }
    return hash;
}

uint64_t Key::hash(uint64_t seed) const noexcept {
    return mix(ends_hash(seed) + (uint64_t(identification) << 8 | protocol));
}

uint64_t Key::source_hash(uint64_t seed) const noexcept {
    return mix(mix(seed ^ scope) + (source.is_ip4_mapped() ? source.low() : source.high()));
}

Store::Store(uint64_t seed)
    : seed_(seed),
      datagrams_(most_datagrams),
      pieces_(most_pieces),
      table_(table_places),
      sources_(source_places) {}

Store::~Store() {
    for (Place place = all_.oldest; place != 0; place = at(place).age.newer) {
        for (Place piece = at(place).first_piece; piece != 0; piece = piece_at(piece).next) {
            if (piece_at(piece).packet != nullptr) {
                graph::free_packet(piece_at(piece).packet);
            }
        }
    }
}

// ---- lists ----

void Store::append(Queue& queue, Links Datagram::*links, Place place) noexcept {
    Links& own = at(place).*links;
    own = {queue.newest, 0};
    (queue.newest == 0 ? queue.oldest : (at(queue.newest).*links).newer) = place;
    queue.newest = place;
}

void Store::remove(Queue& queue, Links Datagram::*links, Place place) noexcept {
    const Links own = at(place).*links;
    (own.older == 0 ? queue.oldest : (at(own.older).*links).newer) = own.newer;
    (own.newer == 0 ? queue.newest : (at(own.newer).*links).older) = own.older;
}

Store::Place Store::take_piece() noexcept {
    if (free_piece_ != 0) {
        const Place place = free_piece_;
        free_piece_ = piece_at(place).next;
        return place;
    }
    return pieces_made_ == most_pieces ? 0 : ++pieces_made_;
}

// ---- datagrams ----

Store::Datagram* Store::find(const Key& key, uint32_t table_place) noexcept {
    for (Place place = table_[table_place]; place != 0; place = at(place).next_in_table) {
        if (at(place).key == key) {
            return &at(place);
        }
    }
    return nullptr;
}

Store::Datagram& Store::open(const Key& key, uint32_t table_place, uint64_t now,
                             Losses& losses) noexcept {
    const auto source_place = uint32_t(key.source_hash(seed_) % source_places);
    Source& source = sources_[source_place];
    if (source.datagrams >= std::max(share_of(limits_.datagrams), 1U)) {
        displace(at(source.queue.oldest), losses);
    }
    const uint32_t most = std::clamp(limits_.datagrams, 1U, most_datagrams);
    // One for the new one, and one more where the limit was lowered.
    for (int i = 0; i < 2 && datagrams_in_use_ >= most; ++i) {
        displace(at(all_.oldest), losses);
    }
    Place place = free_datagram_;
    if (place != 0) {
        free_datagram_ = at(place).next_in_table;
    } else {
        place = ++datagrams_made_;
    }
    Datagram& datagram = at(place);
    datagram = Datagram();
    datagram.key = key;
    datagram.born = now;
    datagram.table_place = table_place;
    datagram.source_place = source_place;
    datagram.next_in_table = table_[table_place];
    table_[table_place] = place;
    append(all_, &Datagram::age, place);
    append(source.queue, &Datagram::source, place);
    ++source.datagrams;
    counters_.begun.add(1);
    counters_.datagrams.set(++datagrams_in_use_);
    return datagram;
}

void Store::close(Datagram& datagram) noexcept {
    const Place place = place_of(datagram);
    Place* at_place = &table_[datagram.table_place];
    while (*at_place != place) {
        at_place = &at(*at_place).next_in_table;
    }
    *at_place = datagram.next_in_table;
    Source& source = sources_[datagram.source_place];
    remove(all_, &Datagram::age, place);
    remove(source.queue, &Datagram::source, place);
    --source.datagrams;
    if (datagram.first_piece != 0) {
        piece_at(datagram.last_piece).next = free_piece_;
        free_piece_ = datagram.first_piece;
    }
    datagram.next_in_table = free_datagram_;
    free_datagram_ = place;
    counters_.datagrams.set(--datagrams_in_use_);
}

graph::Packet* Store::take_packet(Datagram& datagram, Piece& piece) noexcept {
    graph::Packet* const packet = piece.packet;
    if (packet == nullptr) {
        return nullptr;
    }
    piece.packet = nullptr;
    datagram.buffers -= piece.buffers;
    sources_[datagram.source_place].buffers -= piece.buffers;
    buffers_ -= piece.buffers;
    counters_.buffers.set(buffers_);
    return packet;
}

void Store::lose_pieces(Datagram& datagram, Loss why, Losses& losses) noexcept {
    for (Place place = datagram.first_piece; place != 0; place = piece_at(place).next) {
        Piece& piece = piece_at(place);
        const bool first = piece.begin == 0;
        if (graph::Packet* packet = take_packet(datagram, piece)) {
            losses.lost(*packet, why == Loss::timed_out && first ? Loss::timed_out_first : why);
        }
    }
    if (datagram.first_piece != 0) {
        piece_at(datagram.last_piece).next = free_piece_;
        free_piece_ = datagram.first_piece;
        datagram.first_piece = datagram.last_piece = 0;
    }
}

void Store::displace(Datagram& datagram, Losses& losses) noexcept {
    counters_.displaced.add(1);
    lose_pieces(datagram, Loss::displaced, losses);
    close(datagram);
}

void Store::refuse(Datagram& datagram, Loss why, Losses& losses) noexcept {
    counters_.refused.add(1);
    lose_pieces(datagram, why, losses);
    datagram.refused = true;
}

bool Store::expire(uint64_t now, Losses& losses, uint32_t most) noexcept {
    for (; most != 0 && all_.oldest != 0; --most) {
        Datagram& oldest = at(all_.oldest);
        if (now - oldest.born < limits_.timeout) {
            return false;
        }
        if (!oldest.refused) {
            counters_.timed_out.add(1);
        }
        lose_pieces(oldest, Loss::timed_out, losses);
        close(oldest);
    }
    return all_.oldest != 0;
}

bool Store::make_room(const Datagram& datagram, uint32_t buffers, Losses& losses) noexcept {
    const Source& source = sources_[datagram.source_place];
    const uint32_t share = std::max(share_of(limits_.buffers), least_share_buffers);
    const auto give_up = [&](const Queue& queue, Links Datagram::*links) {
        Datagram* oldest = &at(queue.oldest);
        if (oldest == &datagram) {
            const Place next = (oldest->*links).newer;
            if (next == 0) {
                return false;
            }
            oldest = &at(next);
        }
        displace(*oldest, losses);
        return true;
    };
    while (source.buffers + buffers > share) {
        if (!give_up(source.queue, &Datagram::source)) {
            return false;
        }
    }
    while (buffers_ + buffers > limits_.buffers) {
        if (!give_up(all_, &Datagram::age)) {
            return false;
        }
    }
    return true;
}

// ---- fragments ----

std::optional<Loss> Store::disagreement(const Datagram& datagram,
                                        const Fragment& fragment) const noexcept {
    if (datagram.total != 0 &&
        (fragment.more ? fragment.end > datagram.total : fragment.end != datagram.total)) {
        return Loss::contradiction;
    }
    if (!fragment.more && datagram.last_piece != 0 &&
        pieces_[datagram.last_piece - 1].end > fragment.end) {
        return Loss::contradiction;
    }
    return std::nullopt;
}

std::optional<Loss> Store::find_gap(const Datagram& datagram, const graph::Packet& packet,
                                    const Fragment& fragment, Place& before) noexcept {
    // Nearly all come in their order.
    if (datagram.last_piece == 0 || piece_at(datagram.last_piece).end <= fragment.begin) {
        before = datagram.last_piece;
        return std::nullopt;
    }
    before = 0;
    Place place = datagram.first_piece;
    while (piece_at(place).end <= fragment.begin) {
        before = place;
        place = piece_at(place).next;
    }
    const Piece& behind = piece_at(place);
    if (behind.begin >= fragment.end) {
        return std::nullopt;
    }
    const bool same_range = behind.begin == fragment.begin && behind.end == fragment.end;
    // Of what was passed on nobody knows the bytes any more; only one of the two goes on either
    // way.
    const bool same = same_range && (behind.packet == nullptr ||
                                     equal_bytes(*behind.packet, behind.payload_offset, packet,
                                                 fragment.payload_offset,
                                                 uint32_t(fragment.end - fragment.begin)));
    return same ? Loss::duplicate : Loss::overlap;
}

void Store::link(Datagram& datagram, Place before, Place piece) noexcept {
    Place& from = before == 0 ? datagram.first_piece : piece_at(before).next;
    piece_at(piece).next = from;
    from = piece;
    if (before == datagram.last_piece) {
        datagram.last_piece = piece;
    }
    ++datagram.pieces;
}

Store::Taken Store::add(graph::Packet& packet, const Fragment& fragment, uint64_t now,
                        Losses& losses) noexcept {
    (void)expire(now, losses, expired_at_once);
    const auto table_place = uint32_t(fragment.key.hash(seed_) % table_places);
    Datagram* found = find(fragment.key, table_place);
    if (found == nullptr) {
        found = &open(fragment.key, table_place, now, losses);
    }
    Datagram& datagram = *found;
    const auto lose = [&](Loss why) {
        losses.lost(packet, why);
        return Taken{Answer::lost};
    };
    const auto lose_all = [&](Loss why) {
        refuse(datagram, why, losses);
        return lose(why);
    };
    if (datagram.refused) {
        return lose(Loss::refused);
    }
    if (const auto wrong = disagreement(datagram, fragment)) {
        return lose_all(*wrong);
    }
    Place before = 0;
    if (const auto wrong = find_gap(datagram, packet, fragment, before)) {
        return *wrong == Loss::duplicate ? lose(*wrong) : lose_all(*wrong);
    }
    if (datagram.pieces >= std::min(limits_.fragments, most_fragments)) {
        return lose_all(Loss::too_many);
    }
    const unsigned buffers = datagram.passing ? 0 : buffers_of(packet);
    if (!datagram.passing && !make_room(datagram, buffers, losses)) {
        return lose_all(Loss::no_room);
    }
    const Place place = take_piece();
    if (place == 0) {
        return lose_all(Loss::no_room);
    }
    piece_at(place) = {datagram.passing ? nullptr : &packet,
                       0,
                       fragment.begin,
                       fragment.end,
                       fragment.payload_offset,
                       uint16_t(buffers)};
    link(datagram, before, place);
    datagram.received += uint32_t(fragment.end - fragment.begin);
    datagram.marks |= mark(fragment.ecn);
    if (!fragment.more) {
        datagram.total = fragment.end;
    }
    const bool whole = datagram.received == datagram.total;
    if (datagram.passing) {
        const Ports ports = datagram.ports;
        if (!whole) {
            return {Answer::passed, &datagram, ports};
        }
        counters_.whole.add(1);
        close(datagram);
        return {Answer::passed_last, nullptr, ports};
    }
    datagram.buffers += buffers;
    sources_[datagram.source_place].buffers += buffers;
    buffers_ += buffers;
    counters_.buffers.set(buffers_);
    return {whole ? Answer::whole : Answer::held, &datagram};
}

Store::Assembled Store::assemble(Datagram& datagram, uint32_t longest, uint32_t header_offset,
                                 Losses& losses) noexcept {
    const Piece& first = piece_at(datagram.first_piece);
    const auto give_up = [&](Loss why) {
        counters_.refused.add(1);
        lose_pieces(datagram, why, losses);
        close(datagram);
        return Assembled{};
    };
    const bool congested = (datagram.marks & mark(wire::Ecn::congested)) != 0;
    if (congested && (datagram.marks & mark(wire::Ecn::not_capable)) != 0) {
        return give_up(Loss::ecn);
    }
    if (first.payload_offset - header_offset + datagram.total > longest) {
        return give_up(Loss::too_long);
    }
    Assembled result{first.packet, first.payload_offset, uint16_t(datagram.total), congested};
    Joiner joiner(*take_packet(datagram, piece_at(datagram.first_piece)));
    for (Place place = first.next; place != 0; place = piece_at(place).next) {
        Piece& piece = piece_at(place);
        // So few buffers fit in any packet: a piece has one at least, and brings a byte.
        (void)joiner.add(*strip(*take_packet(datagram, piece), piece.payload_offset));
    }
    pull_up(*result.packet, uint32_t(result.payload_offset) + gathered);
    counters_.whole.add(1);
    close(datagram);
    return result;
}

}  // namespace vnet::fragment
