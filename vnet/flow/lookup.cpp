// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/lookup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vnet/flow/quote.hpp"
#include "vnet/handoff/hand_over.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/tcp.hpp"

namespace vnet::flow {

namespace {

/// Looked up together: while the lines of one are fetched, the others are worked at.
constexpr unsigned batch_size = 64;
constexpr size_t prefetch_ahead = 8;
/// Sessions out of time that one vector ends beside its own work: more than it can make.
constexpr unsigned aged_a_vector = 2 * graph::vector_size;

Ports load_ports(const std::byte* from) noexcept {
    Ports ports;
    std::memcpy(&ports.raw, from, sizeof ports.raw);
    return ports;
}

/// The flags of a segment whose header begins at `l4`; none where they are not there.
uint8_t tcp_flags(const graph::Packet& packet, uint32_t l4) noexcept {
    constexpr uint32_t at = offsetof(wire::TcpHeader, flag_bits);
    return packet.holds(l4 + at, 1) ? uint8_t(packet.data()[l4 + at]) : uint8_t(0);
}

constexpr uint8_t tcp = uint8_t(wire::IpProtocol::tcp);
constexpr uint8_t udp = uint8_t(wire::IpProtocol::udp);

/// Of no packet.
constexpr uint8_t no_arc = 0xff;

/// Where the flags of a TCP segment lie in a packet without IP options.
constexpr uint32_t plain_flags_at = sizeof(wire::Ip4Header) + offsetof(wire::TcpHeader, flag_bits);

}  // namespace

/// What is known of the interface of the packets at hand, and what a vector leaves to be done.
struct Lookup::Batch {
    Batch(const Lookup& node, graph::Dispatch& from) noexcept
        : dispatch(from),
          table(node.tables_.of(from.worker())),
          now(node.tables_.tick(from.now_tsc())),
          others(node.tables_.engine(), from, graph::Edge(Drop::handoff_full)) {}

    /// The packets of one interface that are on one arc go on the same way.
    void turn_to(const Lookup& node, const graph::Packet& packet) noexcept {
        const graph::Metadata& meta = packet.meta();
        if (meta.rx_interface != interface || meta.arc != arc) [[unlikely]] {
            interface = meta.rx_interface;
            arc = meta.arc;
            next = dispatch.next_feature(packet);
            vrf = interface < graph::max_interfaces
                      ? node.interfaces_.hot(interface).vrf.load(std::memory_order_relaxed)
                      : vnet::interface::default_vrf;
            ++turns;
        }
    }

    graph::Dispatch& dispatch;
    Table& table;
    const Tick now;
    uint32_t interface = graph::no_interface;
    uint8_t arc = no_arc;
    uint8_t vrf = 0;
    /// How often the packets changed, in this vector.
    uint32_t turns = 0;
    graph::Hop next = graph::Hop::consumed();
    handoff::HandOver others;
};

/// A packet on its way through the stages.
struct Lookup::Sought {
    Key::Words key;
    uint64_t hash;
    /// A Ref as a number, which no constructor clears.
    uint32_t guess;
    Kind kind;
    /// Of an ordinary packet without IP options: its TCP flags. UDP has something else there, which
    /// sessions of UDP do not look at.
    uint8_t flags;
};

/// Its key, which is `sought`'s from then on, in registers.
[[gnu::always_inline]] inline Key::Words Lookup::read(const graph::Packet& packet, uint8_t vrf,
                                                      Sought& sought) const noexcept {
    const uint32_t l3 = packet.meta().l3_offset;
    if (packet.holds(l3, plain_flags_at + 1)) [[likely]] {
        const std::byte* const at = packet.data() + l3;
        const auto& ip = *wire::view<wire::Ip4Header>(at, plain_flags_at + 1);
        const uint8_t protocol = ip.protocol_number;
        if (ip.is_plain_whole() && (protocol == tcp || protocol == udp)) [[likely]] {
            uint64_t addresses;
            std::memcpy(&addresses, at + offsetof(wire::Ip4Header, source), sizeof addresses);
            const Ports ports = load_ports(at + sizeof(wire::Ip4Header));
            sought.kind = Kind::ordinary;
            sought.flags = uint8_t(at[plain_flags_at]);
            return Key::words(addresses, ports, vrf, protocol);
        }
    }
    return read_slowly(packet, vrf, sought);
}

[[gnu::noinline]] Key::Words Lookup::read_slowly(const graph::Packet& packet, uint8_t vrf,
                                                 Sought& sought) const noexcept {
    Key key;
    sought.kind = read_with_care(packet, key);
    key.vrf = vrf;
    const bool is_tcp = sought.kind == Kind::ordinary && key.protocol == tcp;
    sought.flags = is_tcp ? tcp_flags(packet, packet.meta().l4_offset) : uint8_t(0);
    return std::bit_cast<Key::Words>(key);
}

Lookup::Kind Lookup::read_with_care(const graph::Packet& packet, Key& key) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const auto bytes = packet.from_offset(meta.l3_offset);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (ip == nullptr) {
        return Kind::none;
    }
    key.source = ip->source;
    key.destination = ip->destination;
    key.protocol = ip->protocol_number;
    key.zero = 0;
    if (ip->is_fragment()) {
        if (!meta.has(graph::packet_flag::ports_noted)) {
            return Kind::fragment;
        }
        const fragment::Ports& noted = ports_.of(packet);
        key.ports = Ports::of(noted.source, noted.destination);
        // An ICMP error in fragments is looked at in its first, where there is all that counts.
        const bool error =
            ip->protocol() == wire::IpProtocol::icmp && !noted.has(fragment::ports_flag::known);
        return error && ip->has_l4_header() ? read_icmp(packet, key)
               : error                      ? Kind::none
                                            : Kind::ordinary;
    }
    if (ip->protocol() == wire::IpProtocol::icmp) {
        return read_icmp(packet, key);
    }
    const auto l4 = wire::after(bytes, ip->header_length());
    const bool with_ports = has_ports(ip->protocol());
    key.ports = with_ports && l4.size() >= sizeof(Ports) ? load_ports(l4.data()) : Ports();
    return with_ports && l4.size() < sizeof(Ports) ? Kind::none : Kind::ordinary;
}

Lookup::Kind Lookup::read_icmp(const graph::Packet& packet, Key& key) const noexcept {
    const auto bytes = packet.from_offset(packet.meta().l3_offset);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    const auto message = wire::after(bytes, ip->header_length());
    const auto* icmp = wire::view<wire::Icmp4Header>(message);
    if (icmp == nullptr) {
        return Kind::none;
    }
    if (wire::is_error(icmp->type())) {
        const auto quoted = quoted_key(message);
        if (!quoted) {
            return Kind::none;
        }
        // It goes where answers to the quoted packet go.
        key = quoted->reversed();
        return Kind::error;
    }
    if (!is_query(icmp->type_number)) {
        return Kind::none;
    }
    const auto* query = wire::view<wire::Icmp4EchoHeader>(message);
    key.ports = Ports::of(query->identifier, query->identifier);
    return Kind::ordinary;
}

void Lookup::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                        graph::Dispatch& dispatch) const noexcept {
    Batch batch(*this, dispatch);
    batch.table.age(batch.now, aged_a_vector);
    for (size_t begin = 0; begin < packets.size(); begin += batch_size) {
        look_up(packets.subspan(begin, std::min<size_t>(batch_size, packets.size() - begin)), hops,
                begin, batch);
    }
}

void Lookup::look_up(std::span<graph::Packet* const> packets, graph::Hops hops, size_t first,
                     Batch& batch) const noexcept {
    Table& table = batch.table;
    const uint32_t turns = batch.turns + (batch.arc == no_arc);
    // Written before they are read; to clear them would cost.
    Sought all[batch_size];
    for (size_t i = 0; i < packets.size(); ++i) {
        if (i + prefetch_ahead < packets.size()) {
            graph::detail::prefetch_packet(packets[i + prefetch_ahead]);
        }
        const graph::Packet& packet = *packets[i];
        Sought& sought = all[i];
        batch.turn_to(*this, packet);
        const Key::Words key = read(packet, batch.vrf, sought);
        sought.key = key;
        sought.hash = table.hash(key);
        table.prefetch(sought.hash);
    }
    for (size_t i = 0; i < packets.size(); ++i) {
        const Ref guess = table.guess(all[i].hash);
        all[i].guess = guess.raw();
        table.prefetch(guess);
    }
    // Once more only where there was more than one interface.
    if (batch.turns == turns) [[likely]] {
        decide<false>(packets, std::span(all), hops, first, batch);
    } else {
        decide<true>(packets, std::span(all), hops, first, batch);
    }
}

template <bool turning>
[[gnu::always_inline]] inline void Lookup::decide(std::span<graph::Packet* const> packets,
                                                  std::span<const Sought> all, graph::Hops hops,
                                                  size_t first, Batch& batch) const noexcept {
    for (size_t i = 0; i < packets.size(); ++i) {
        graph::Packet& packet = *packets[i];
        const Sought& sought = all[i];
        if constexpr (turning) {
            batch.turn_to(*this, packet);
        }
        const Ref guess = Ref::from_raw(sought.guess);
        if (sought.kind == Kind::ordinary && guess && batch.table.is(guess, sought.key))
            [[likely]] {
            batch.table.seen(guess, batch.now, sought.flags);
            leave(packet, guess, sought.key);
            hops.set(first + i, batch.next);
        } else {
            hops.set(first + i, with_care(packet, sought, batch));
        }
    }
}

[[gnu::always_inline]] inline void Lookup::leave(graph::Packet& packet, Ref ref,
                                                 Key::Words key) noexcept {
    graph::Metadata& meta = packet.meta();
    meta.session = ref.raw();
    meta.ports = uint32_t(key.rest);
    meta.flags |= graph::packet_flag::flow;
}

graph::Hop Lookup::with_care(graph::Packet& packet, const Sought& sought,
                             Batch& batch) const noexcept {
    const Kind kind = sought.kind;
    if (kind == Kind::fragment) {
        // It comes back from there with its ports.
        return graph::Hop::edge(graph::Edge(Next::fragment));
    }
    if (kind == Kind::none) {
        packet.meta().flags &= uint16_t(~graph::packet_flag::flow);
        return batch.next;
    }
    const unsigned self = batch.dispatch.worker();
    const bool dry = tables_.is_dry(self);
    const Key key = Key::of(sought.key);
    const Ref ref = dry ? tables_.copy_for_dry_run(key) : batch.table.find(sought.hash, key);
    if (ref) {
        // An error says nothing of how its session goes on.
        const bool part = kind == Kind::ordinary && !dry;
        const bool later = part && packet.meta().has(graph::packet_flag::ports_noted) &&
                           ports_.of(packet).has(fragment::ports_flag::later_fragment);
        if (part) {
            batch.table.seen(ref, batch.now, later ? uint8_t(0) : sought.flags);
        }
        leave(packet, ref, sought.key);
        return batch.next;
    }
    if (Steering* steering = dry ? nullptr : tables_.steering()) {
        const unsigned worker = steering->worker_of(key, packet.meta().rx_interface, self);
        if (worker != self) {
            batch.others.add(packet, node_.load(std::memory_order_relaxed), worker);
            return graph::Hop::consumed();
        }
    }
    leave(packet, ref, sought.key);
    return batch.next;
}

graph::TraceFields Lookup::format(const graph::TraceStep& step) const {
    if (step.next == nullptr || !step.next->meta.has(graph::packet_flag::flow)) {
        return {};
    }
    const Ref ref = Ref::from_raw(step.next->meta.session);
    if (!ref) {
        return {{"session", "none"}};
    }
    return {{"session", fmt::format("{} {}", ref.index(), name(ref.direction()))}};
}

}  // namespace vnet::flow

template void graph::drive<vnet::flow::Lookup>(const void*, graph::Dispatch&,
                                               graph::Frame&) noexcept;
