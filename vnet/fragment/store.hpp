// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "graph/counter.hpp"
#include "graph/packet.hpp"
#include "graph/stable_array.hpp"
#include "vnet/fragment/ports.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::fragment {

/// What all fragments of one datagram have in common (RFC 791 2.3, RFC 8200 4.5). IPv4 addresses
/// are mapped ones; for IPv6 the protocol is 0, as it is no part of the key.
struct Key {
    wire::Ip6Address source;
    wire::Ip6Address destination;
    uint32_t identification = 0;
    /// What the addresses are unique in: the VRF, or the interface for link-local addresses.
    uint32_t scope = 0;
    uint8_t protocol = 0;

    friend bool operator==(const Key&, const Key&) noexcept = default;
    /// Of the two ends and the scope only, so that all fragments between two hosts have the same.
    uint64_t ends_hash(uint64_t seed) const noexcept;
    uint64_t hash(uint64_t seed) const noexcept;
    /// Of whom it comes from: an IPv4 address, or an IPv6 network of 64 bits, which is one site's.
    uint64_t source_hash(uint64_t seed) const noexcept;
};

/// A fragment as its header says. Checked: begin < end <= 65535, and end is a multiple of 8 unless
/// it is the last.
struct Fragment {
    Key key;
    /// The bytes of the datagram's payload that it brings.
    uint16_t begin = 0;
    uint16_t end = 0;
    /// More follow behind it.
    bool more = false;
    /// Where those bytes begin, from the packet's first byte.
    uint16_t payload_offset = 0;
    wire::Ecn ecn = wire::Ecn::not_capable;
};

/// How much a store may hold; of one worker. `now` and `timeout` are in the same unit, whatever it
/// is.
struct Limits {
    /// Datagrams under way, refused ones included; at most Store::most_datagrams.
    uint32_t datagrams = 1024;
    /// Packet buffers that wait in it.
    uint32_t buffers = 2048;
    /// Fragments of one datagram; at most Store::most_fragments.
    uint32_t fragments = 128;
    /// Of the datagrams and of the buffers, what one source may have, in percent.
    uint32_t share = 25;
    uint64_t timeout = 0;
};

/// Why a store gave packets up, or did not take one.
enum class Loss : uint8_t {
    /// It covers bytes that were there already (RFC 5722). The whole datagram goes.
    overlap,
    /// It has the very bytes of one that is there, and goes alone.
    duplicate,
    /// It disagrees with others on where the datagram ends. The whole datagram goes.
    contradiction,
    /// Put together it would be longer than 65535 bytes. The whole datagram goes.
    too_long,
    /// More fragments than a datagram may have. The whole datagram goes.
    too_many,
    /// Some were marked as congested, others not able to be (RFC 3168 5.3).
    ecn,
    /// The first one is too short for its transport header (RFC 1858 3.1).
    tiny,
    /// Of a datagram that was refused for one of these.
    refused,
    /// Given up for newer ones, as all places or its source's share were taken.
    displaced,
    /// There is no room for it, though others were given up.
    no_room,
    /// The rest did not come in time, the first fragment neither.
    timed_out,
    /// The first fragment of a datagram of which the rest did not come in time.
    timed_out_first,
};

/// Takes what a store gives up.
class Losses {
public:
    virtual void lost(graph::Packet& packet, Loss why) noexcept = 0;

protected:
    ~Losses() = default;
};

/// What a store did and has. Written by the worker, read by any thread.
struct StoreCounters {
    /// Now: datagrams under way, refused ones included, and buffers held.
    graph::Counter datagrams;
    graph::Counter buffers;
    /// Since the start: datagrams begun, whole, out of time, given up for newer ones, refused.
    graph::Counter begun;
    graph::Counter whole;
    graph::Counter timed_out;
    graph::Counter displaced;
    graph::Counter refused;
};

/// The datagrams of which some fragments have come, oldest first. It holds the packets of
/// fragments, or, for who only wants to know what has passed, just their ranges. Everything in it
/// is bounded by Limits; where a bound is met the oldest datagrams go, of the source where its
/// share is the bound. So a flood displaces itself, and a datagram whose fragments come together
/// gets through it.
///
/// Pure state: knows no graph, no clock. One worker's.
class Store {
public:
    static constexpr uint32_t most_datagrams = 1U << 16;
    static constexpr uint32_t most_fragments = 256;
    /// A source's share is never under so many buffers: one datagram of the longest.
    static constexpr uint32_t least_share_buffers = 64;

private:
    /// Places are counted from 1, so that zeroed memory means none.
    using Place = uint32_t;
    /// A list of datagrams by age: of all, or of the sources that fall together.
    struct Queue {
        Place oldest;
        Place newest;
    };
    /// A datagram's neighbours in a Queue.
    struct Links {
        Place older;
        Place newer;
    };

public:
    /// A datagram under way. Lives until the store is asked for anything about another one. Its
    /// fields are the store's own.
    struct Datagram {
        Key key;
        uint64_t born;
        Links age;
        Links source;
        Place next_in_table;
        Place first_piece;
        Place last_piece;
        uint32_t table_place;
        uint32_t source_place;
        uint32_t buffers;
        uint32_t received;
        /// Where the last fragment ends; 0: it has not come.
        uint32_t total;
        uint16_t pieces;
        /// A bit for each wire::Ecn that was seen.
        uint8_t marks;
        bool refused;
        /// The first fragment has come and the ports are known: packets pass.
        bool passing;
        Ports ports;
    };

    /// `seed`: any number; who does not know it cannot aim at one place of the table.
    explicit Store(uint64_t seed);
    /// Frees what it holds.
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// Holds from here on; what is too much goes as new datagrams come.
    void set_limits(const Limits& limits) noexcept { limits_ = limits; }

    enum class Answer : uint8_t {
        /// The packet is the store's; some fragments are missing.
        held,
        /// The packet is the store's, and all of the datagram is there: take it by assemble() or
        /// release().
        whole,
        /// The packet stays the caller's; its range is noted. For a datagram that is passed on.
        passed,
        /// Same, and it was the last one missing: the datagram is forgotten.
        passed_last,
        /// Told to Losses.
        lost,
    };
    struct Taken {
        Answer answer;
        /// Not with `lost` and `passed_last`.
        Datagram* datagram = nullptr;
        /// Of a fragment that is passed.
        Ports ports = {};
    };
    /// Adds a fragment. `now` never goes back.
    Taken add(graph::Packet& packet, const Fragment& fragment, uint64_t now,
              Losses& losses) noexcept;

    /// Of a `whole` datagram: one packet with the first fragment's headers, `payload_offset` bytes,
    /// and all of the payload behind them. Forgets the datagram.
    struct Assembled {
        graph::Packet* packet;
        uint16_t payload_offset;
        uint16_t payload;
        /// It gets the mark of congestion, as one of its fragments had it (RFC 3168 5.3).
        bool congested;
    };
    /// The first fragment of a `whole` datagram.
    const graph::Packet& first(const Datagram& datagram) const noexcept {
        return *pieces_[datagram.first_piece - 1].packet;
    }
    /// Null, with its packets lost, where the marks do not fit one another, or headers and payload
    /// are longer than `longest`, both from `header_offset` on.
    Assembled assemble(Datagram& datagram, uint32_t longest, uint32_t header_offset,
                       Losses& losses) noexcept;

    /// Notes what the first fragment says, and from then on passes fragments instead of holding
    /// them. Calls `each(packet)` for those that were held, in the order of their offsets. False
    /// where the datagram was whole and is forgotten.
    template <class Each>
    bool release(Datagram& datagram, const Ports& ports, Each each) noexcept;
    /// Gives a datagram up; those of its fragments that are still to come are lost in silence.
    void refuse(Datagram& datagram, Loss why, Losses& losses) noexcept;

    /// Gives up what is older than the timeout, at most `most` datagrams. True where more may be.
    bool expire(uint64_t now, Losses& losses, uint32_t most) noexcept;

    uint32_t datagrams() const noexcept { return datagrams_in_use_; }
    uint32_t buffers() const noexcept { return buffers_; }
    const StoreCounters& counters() const noexcept { return counters_; }
    uint64_t seed() const noexcept { return seed_; }

private:
    /// A range that has come, in the list of its datagram by offset.
    struct Piece {
        /// Null where it was passed on.
        graph::Packet* packet;
        Place next;
        uint16_t begin;
        uint16_t end;
        uint16_t payload_offset;
        uint16_t buffers;
    };
    struct Source {
        Queue queue;
        uint32_t datagrams;
        uint32_t buffers;
    };
    static constexpr uint32_t source_places = 1U << 12;
    static constexpr uint32_t table_places = 1U << 16;
    static constexpr uint32_t most_pieces = 1U << 18;

    Datagram* find(const Key& key, uint32_t table_place) noexcept;
    Datagram& open(const Key& key, uint32_t table_place, uint64_t now, Losses& losses) noexcept;
    void close(Datagram& datagram) noexcept;
    void displace(Datagram& datagram, Losses& losses) noexcept;
    bool make_room(const Datagram& datagram, uint32_t buffers, Losses& losses) noexcept;
    std::optional<Loss> disagreement(const Datagram& datagram,
                                     const Fragment& fragment) const noexcept;
    /// Finds the piece behind which a range goes (0: in front of all), or what is wrong with it.
    std::optional<Loss> find_gap(const Datagram& datagram, const graph::Packet& packet,
                                 const Fragment& fragment, Place& before) noexcept;
    void link(Datagram& datagram, Place before, Place piece) noexcept;
    /// Takes the packet out of a piece.
    graph::Packet* take_packet(Datagram& datagram, Piece& piece) noexcept;
    void lose_pieces(Datagram& datagram, Loss why, Losses& losses) noexcept;
    void append(Queue& queue, Links Datagram::*links, Place place) noexcept;
    void remove(Queue& queue, Links Datagram::*links, Place place) noexcept;
    Place take_piece() noexcept;
    uint32_t share_of(uint32_t limit) const noexcept {
        return uint32_t(uint64_t(limit) * limits_.share / 100);
    }
    Datagram& at(Place place) noexcept { return datagrams_[place - 1]; }
    Place place_of(const Datagram& datagram) const noexcept {
        return Place(&datagram - datagrams_.data()) + 1;
    }
    Piece& piece_at(Place place) noexcept { return pieces_[place - 1]; }

    const uint64_t seed_;
    Limits limits_;
    StoreCounters counters_;
    graph::StableArray<Datagram> datagrams_;
    graph::StableArray<Piece> pieces_;
    graph::StableArray<Place> table_;
    graph::StableArray<Source> sources_;
    Queue all_{};
    Place free_datagram_ = 0;
    Place free_piece_ = 0;
    uint32_t datagrams_made_ = 0;
    uint32_t pieces_made_ = 0;
    uint32_t datagrams_in_use_ = 0;
    uint32_t buffers_ = 0;
};

template <class Each>
bool Store::release(Datagram& datagram, const Ports& ports, Each each) noexcept {
    datagram.passing = true;
    datagram.ports = ports;
    for (Place place = datagram.first_piece; place != 0; place = piece_at(place).next) {
        if (graph::Packet* packet = take_packet(datagram, piece_at(place))) {
            each(*packet);
        }
    }
    if (datagram.total == 0 || datagram.received != datagram.total) {
        return true;
    }
    counters_.whole.add(1);
    close(datagram);
    return false;
}

}  // namespace vnet::fragment
