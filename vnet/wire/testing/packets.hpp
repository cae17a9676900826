// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "vnet/wire/arp.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/mac.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/testing/hex.hpp"

namespace vnet::wire::testing {

/// Addresses from text; a wrong text throws std::invalid_argument with the parser's sentence.
[[nodiscard]] MacAddress mac(std::string_view text);
[[nodiscard]] Ip4Address ip(std::string_view text);
[[nodiscard]] Ip4Prefix prefix(std::string_view text);

/// An argument that takes an address or its text.
struct MacArgument {
    MacArgument(MacAddress address) : value(address) {}       // NOLINT: implicit by intent
    MacArgument(const char* text) : value(mac(text)) {}       // NOLINT
    MacArgument(std::string_view text) : value(mac(text)) {}  // NOLINT
    MacAddress value;
};
struct IpArgument {
    IpArgument(Ip4Address address) : value(address) {}      // NOLINT: implicit by intent
    IpArgument(const char* text) : value(ip(text)) {}       // NOLINT
    IpArgument(std::string_view text) : value(ip(text)) {}  // NOLINT
    Ip4Address value;
};

/// Makes packets for tests, from the outside in: each layer call adds a header, each other call
/// changes the header added last. Types, lengths and checksums come out right unless set by hand.
///
///     Bytes ping = packet().ethernet().ip4("10.0.0.1", "10.0.0.2").ttl(1).icmp_echo_request(7, 1)
///                      .payload(56).bytes();
///
/// A call that does not suit the last header throws std::logic_error, which fails the test.
class PacketMaker {
public:
    /// Layers. Encapsulation is free: any may follow any.
    PacketMaker& ethernet(MacArgument source = "02:00:00:00:00:01",
                          MacArgument destination = "02:00:00:00:00:02");
    PacketMaker& vlan(std::uint16_t id, std::uint8_t priority = 0, bool drop_eligible = false);
    PacketMaker& arp_request(MacArgument sender_mac, IpArgument sender, IpArgument target);
    PacketMaker& arp_reply(MacArgument sender_mac, IpArgument sender, MacArgument target_mac,
                           IpArgument target);
    PacketMaker& ip4(IpArgument source = "10.0.0.1", IpArgument destination = "10.0.0.2");
    PacketMaker& icmp(std::uint8_t type, std::uint8_t code = 0, std::uint32_t rest = 0);
    PacketMaker& icmp_echo_request(std::uint16_t identifier = 1, std::uint16_t sequence = 1);
    PacketMaker& icmp_echo_reply(std::uint16_t identifier = 1, std::uint16_t sequence = 1);
    /// The quoted packet goes in as payload().
    PacketMaker& icmp_unreachable(Icmp4Unreachable code, std::uint16_t next_hop_mtu = 0);
    PacketMaker& icmp_redirect(IpArgument gateway, Icmp4Redirect code = Icmp4Redirect::host);
    PacketMaker& icmp_time_exceeded(Icmp4TimeExceeded code = Icmp4TimeExceeded::transit);
    PacketMaker& icmp_parameter_problem(std::uint8_t pointer);
    PacketMaker& udp(std::uint16_t source_port = 1000, std::uint16_t destination_port = 2000);
    PacketMaker& tcp(std::uint16_t source_port = 1000, std::uint16_t destination_port = 2000,
                     TcpFlags flags = TcpFlags::syn);
    PacketMaker& payload(std::span<const std::byte> bytes);
    PacketMaker& payload(std::string_view text);
    PacketMaker& payload(const char* text) { return payload(std::string_view(text)); }
    /// `size` bytes that count up from 0.
    PacketMaker& payload(std::size_t size);
    PacketMaker& payload(int size) { return payload(static_cast<std::size_t>(size)); }

    /// IPv4 fields. TTL is 64 unless set.
    PacketMaker& ttl(std::uint8_t value);
    PacketMaker& dscp(std::uint8_t value);
    PacketMaker& ecn(Ecn value);
    PacketMaker& identification(std::uint16_t value);
    PacketMaker& dont_fragment();
    PacketMaker& fragment(std::uint32_t offset_bytes, bool more);
    PacketMaker& protocol(IpProtocol value);
    PacketMaker& version(std::uint8_t value);
    /// The header length field, in 4-byte words, whatever the real length is.
    PacketMaker& header_words(std::uint8_t value);
    /// Options of IPv4 or TCP, padded with zero to a multiple of 4.
    PacketMaker& options(std::span<const std::byte> bytes);

    /// TCP fields.
    PacketMaker& sequence(std::uint32_t value);
    PacketMaker& acknowledgment(std::uint32_t value);
    PacketMaker& window(std::uint16_t value);

    /// The type of Ethernet or a VLAN tag, instead of that of the next layer. qinq() marks the tag
    /// that follows this header as a service tag.
    PacketMaker& type(std::uint16_t value);
    PacketMaker& qinq() { return type(static_cast<std::uint16_t>(EtherType::qinq)); }

    /// The length field of IPv4 or UDP, whatever the real length is.
    PacketMaker& length(std::uint16_t value);
    /// The checksum field of IPv4, ICMP, UDP or TCP, whatever the right one is.
    PacketMaker& checksum(std::uint16_t value);
    /// A checksum that is wrong.
    PacketMaker& bad_checksum();
    /// One byte of the last header, set before checksums are computed.
    PacketMaker& poke(std::size_t offset, std::uint8_t value);

    /// The whole packet is padded with zero to, or cut after, so many bytes.
    PacketMaker& pad_to(std::size_t size = shortest_ethernet_frame);
    PacketMaker& truncate(std::size_t size);

    /// The packet. The maker can go on being used.
    [[nodiscard]] Bytes bytes() const;

private:
    enum class Kind : std::uint8_t { ethernet, vlan, arp, ip4, icmp, udp, tcp, payload };

    struct Layer {
        Kind kind;
        Bytes header;
        std::optional<std::uint16_t> type;  ///< EtherType or IP protocol
        std::optional<std::uint16_t> length;
        std::optional<std::uint16_t> checksum;
        bool bad_checksum = false;
        std::optional<std::uint8_t> header_words;
        std::vector<std::pair<std::size_t, std::uint8_t>> pokes;
    };

    template <class Header>
    PacketMaker& push(Kind kind, const Header& header);
    Layer& last();
    Layer& last(Kind wanted, std::string_view what);
    template <class Header>
    Header& header(Kind wanted, std::string_view what);

    static Bytes finish(const Layer& layer, const Layer* outer, const Layer* inner,
                        std::span<const std::byte> payload);
    static void set_type(const Layer& layer, const Layer* inner, Bytes& packet);
    static void set_lengths(const Layer& layer, Bytes& packet);
    static void set_checksum(const Layer& layer, const Layer* outer, Bytes& packet);

    std::vector<Layer> layers_;
    std::size_t shortest_ = 0;
    std::optional<std::size_t> longest_;
};

/// Starts a packet.
[[nodiscard]] inline PacketMaker packet() {
    return {};
}

}  // namespace vnet::wire::testing
