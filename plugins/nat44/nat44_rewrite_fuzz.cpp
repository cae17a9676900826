// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "plugins/nat44/icmp_error.hpp"
#include "plugins/nat44/translation.hpp"

/// A byte of choices, two tuples and an address, then an IPv4 packet, whose checksums are made
/// right where the choices say so. Nothing beyond the packet is touched and no length changes; what
/// is refused is as it was; right checksums stay right; translated back it is as it was.
namespace {

using namespace nat44;
using vnet::wire::Be16;
using vnet::wire::InternetSum;
using vnet::wire::Ip4Header;
using vnet::wire::IpProtocol;
using vnet::wire::view;
using Bytes = std::vector<std::byte>;

struct Arguments {
    std::uint8_t choices;
    Tuple tuple;
    Tuple other;
    vnet::wire::Ip4Address source;
};

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// Header with its options, and what follows. Of its own bytes each, so that a byte behind an end
/// is found out.
struct Packet {
    Bytes header;
    Bytes l4;

    Ip4Header& ip() { return *view<Ip4Header>(header); }
    friend bool operator==(const Packet&, const Packet&) = default;
};

Be16* l4_checksum(Packet& packet) {
    if (!packet.ip().has_l4_header()) {
        return nullptr;
    }
    const std::span<std::byte> l4 = packet.l4;
    switch (packet.ip().protocol()) {
        case IpProtocol::tcp:
            return view<Be16>(vnet::wire::after(l4, 16));
        case IpProtocol::udp:
            return view<Be16>(vnet::wire::after(l4, 6));
        case IpProtocol::icmp:
            return view<Be16>(vnet::wire::after(l4, 2));
        default:
            return nullptr;
    }
}

InternetSum l4_sum(Packet& packet) {
    const Ip4Header& ip = packet.ip();
    InternetSum sum;
    if (has_ports(ip.protocol())) {
        sum = vnet::wire::ip4_pseudo_header(ip.source, ip.destination, ip.protocol(),
                                            std::uint16_t(packet.l4.size()));
    }
    return sum.add(packet.l4);
}

/// Of all: the stored one is the one that would be computed.
bool right(Packet& packet) {
    const auto same = [](Be16& stored, const auto& sum) {
        const Be16 before = stored;
        stored = Be16();
        const Be16 computed = sum();
        stored = before;
        return before == computed;
    };
    if (!same(packet.ip().checksum, [&] { return InternetSum().add(packet.header).checksum(); })) {
        return false;
    }
    Be16* const checksum = l4_checksum(packet);
    const bool udp = packet.ip().protocol() == IpProtocol::udp;
    return checksum == nullptr || (udp && *checksum == Be16()) || same(*checksum, [&] {
               const Be16 computed = l4_sum(packet).checksum();
               return udp && computed == Be16() ? Be16(0xffff) : computed;
           });
}

void make_right(Packet& packet) {
    packet.ip().checksum = Be16();
    packet.ip().checksum = InternetSum().add(packet.header).checksum();
    if (Be16* const checksum = l4_checksum(packet); checksum != nullptr) {
        *checksum = Be16();
        *checksum = l4_sum(packet).checksum();
        if (packet.ip().protocol() == IpProtocol::udp && *checksum == Be16()) {
            *checksum = Be16(0xffff);
        }
    }
}

template <Side side>
void fuzz_packet(const Packet& before, bool was_right, const Tuple& to) {
    Packet packet = before;
    const auto from = read_tuple(packet.ip(), packet.l4);
    if (!translate<side>(packet.ip(), packet.l4, to)) {
        require(packet == before);
        return;
    }
    require(from.has_value());
    if (was_right) {
        require(right(packet));
    }
    const auto now = read_tuple(packet.ip(), packet.l4);
    require(now.has_value());
    require(side == Side::destination ? now->source == from->source
                                      : now->source.address == to.source.address);
    require(side == Side::source ? now->destination == from->destination
                                 : now->destination.address == to.destination.address);
    require(translate<side>(packet.ip(), packet.l4, *from));
    if (was_right) {
        require(packet == before);
    }
}

void fuzz_error(const Packet& before, bool was_right, const Arguments& arguments) {
    Packet packet = before;
    const auto source = packet.ip().source;
    const Quote quote = read_quote(packet.ip(), packet.l4);
    if (quote.fault == QuoteFault::none) {
        require(was_right || InternetSum().add(packet.l4).is_valid());
        require(quote.tuple.source.address == packet.ip().destination);
        require(quote.has_ports ||
                (quote.tuple.source.port == Be16() && quote.tuple.destination.port == Be16()));
    }
    if (!translate_error(packet.ip(), packet.l4, arguments.source, arguments.tuple)) {
        require(packet == before && quote.fault != QuoteFault::none);
        return;
    }
    require(packet.ip().source == arguments.source &&
            packet.ip().destination == arguments.tuple.source.address);
    if (quote.fault != QuoteFault::none) {
        return;
    }
    require(!was_right || right(packet));
    // All of what was quoted is right still, and says what it shall.
    const Quote now = read_quote(packet.ip(), packet.l4);
    require(now.fault == QuoteFault::none && now.has_ports == quote.has_ports);
    require(now.tuple.source.address == arguments.tuple.source.address &&
            now.tuple.destination.address == arguments.tuple.destination.address);
    if (has_ports(quote.protocol) && quote.has_ports) {
        require(now.tuple == arguments.tuple);
    }
    // Back. A quoted checksum may be wrong, and of two that mean the same become the other.
    require(translate_error(packet.ip(), packet.l4, source, quote.tuple));
    require(packet.header == before.header || !was_right);
    require(packet.l4.size() == before.l4.size());
    require(read_quote(packet.ip(), packet.l4).tuple == quote.tuple);
    require(!was_right || right(packet));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static_assert(vnet::wire::WireHeader<Arguments> && sizeof(Arguments) == 29);
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto* arguments = view<Arguments>(bytes);
    const auto packet_bytes = vnet::wire::after(bytes, sizeof(Arguments));
    const auto* ip = view<Ip4Header>(packet_bytes);
    if (ip == nullptr || size > 2000 || ip->header_length() < sizeof(Ip4Header) ||
        ip->header_length() > packet_bytes.size()) {
        return 0;
    }
    const auto header = packet_bytes.first(ip->header_length());
    const auto l4 = packet_bytes.subspan(header.size());
    Packet packet{Bytes(header.begin(), header.end()), Bytes(l4.begin(), l4.end())};
    // The header of what an error quotes, too: it hardly ever is right by chance.
    if ((arguments->choices & 2) != 0 && packet.l4.size() >= 28) {
        const std::span<std::byte> quote = std::span(packet.l4).subspan(8);
        auto* quoted = view<Ip4Header>(quote);
        if (quoted->header_length() >= sizeof(Ip4Header) &&
            quoted->header_length() <= quote.size()) {
            quoted->source = packet.ip().destination;
            quoted->checksum = Be16();
            quoted->checksum = vnet::wire::internet_checksum(quote.first(quoted->header_length()));
        }
    }
    if ((arguments->choices & 1) != 0) {
        make_right(packet);
    }
    const bool was_right = right(packet);
    fuzz_packet<Side::source>(packet, was_right, arguments->tuple);
    fuzz_packet<Side::destination>(packet, was_right, arguments->tuple);
    fuzz_packet<Side::both>(packet, was_right, arguments->tuple);
    if (packet.ip().protocol() == IpProtocol::icmp && packet.ip().has_l4_header()) {
        fuzz_error(packet, was_right, *arguments);
    }
    return 0;
}
