// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "vnet/wire/arp.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/ip_protocol.hpp"
#include "vnet/wire/mac.hpp"
#include "vnet/wire/nd_options.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/testing/hex.hpp"

namespace vnet::wire::testing {

/// Addresses from text; a wrong text throws std::invalid_argument with the parser's sentence.
[[nodiscard]] MacAddress mac(std::string_view text);
[[nodiscard]] Ip4Address ip(std::string_view text);
[[nodiscard]] Ip4Prefix prefix(std::string_view text);
[[nodiscard]] Ip6Address ip6(std::string_view text);
[[nodiscard]] Ip6Prefix prefix6(std::string_view text);

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
struct Ip6Argument {
    Ip6Argument(Ip6Address address) : value(address) {}       // NOLINT: implicit by intent
    Ip6Argument(const char* text) : value(ip6(text)) {}       // NOLINT
    Ip6Argument(std::string_view text) : value(ip6(text)) {}  // NOLINT
    Ip6Address value;
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

    PacketMaker& ip6(Ip6Argument source = "2001:db8::1", Ip6Argument destination = "2001:db8::2");
    /// Extension headers. Options are padded to a multiple of 8 with one PadN or Pad1.
    PacketMaker& hop_by_hop(std::span<const std::byte> options = {});
    PacketMaker& destination_options(std::span<const std::byte> options = {});
    /// `rest` follows the first 4 bytes, padded with zero to a multiple of 8.
    PacketMaker& routing(std::uint8_t type, std::uint8_t segments_left,
                         std::span<const std::byte> rest = {});
    PacketMaker& fragment_header(std::uint32_t offset_bytes, bool more,
                                 std::uint32_t identification = 1);
    /// An authentication header of so many bytes: a multiple of 4.
    PacketMaker& authentication(std::size_t bytes = 24);
    PacketMaker& icmp6(std::uint8_t type, std::uint8_t code = 0, std::uint32_t rest = 0);
    PacketMaker& icmp6_echo_request(std::uint16_t identifier = 1, std::uint16_t sequence = 1);
    PacketMaker& icmp6_echo_reply(std::uint16_t identifier = 1, std::uint16_t sequence = 1);
    /// The quoted packet goes in as payload().
    PacketMaker& icmp6_unreachable(Icmp6Unreachable code);
    PacketMaker& icmp6_packet_too_big(std::uint32_t mtu);
    PacketMaker& icmp6_time_exceeded(Icmp6TimeExceeded code = Icmp6TimeExceeded::transit);
    PacketMaker& icmp6_parameter_problem(Icmp6ParameterProblem code, std::uint32_t pointer);
    /// Neighbor discovery. The hop limit of the header before becomes 255.
    PacketMaker& router_solicitation();
    PacketMaker& router_advertisement(std::uint16_t lifetime_s = 1800, std::uint8_t flags = 0);
    PacketMaker& neighbor_solicitation(Ip6Argument target);
    PacketMaker& neighbor_advertisement(Ip6Argument target, std::uint8_t flags);
    PacketMaker& nd_redirect(Ip6Argument target, Ip6Argument destination);
    /// Options of the message before, as `write` has them written:
    /// `.nd_options([](NdOptionsWriter& out) { out.mtu(1500); })`.
    template <class Write>
    PacketMaker& nd_options(Write write) {
        Bytes room(2048);
        NdOptionsWriter writer(room);
        write(writer);
        room.resize(writer.size());
        return append(room);
    }
    /// Bytes behind the message before, whatever they are.
    PacketMaker& append(std::span<const std::byte> bytes);

    PacketMaker& payload(std::span<const std::byte> bytes);
    PacketMaker& payload(std::string_view text);
    PacketMaker& payload(const char* text) { return payload(std::string_view(text)); }
    /// `size` bytes that count up from 0.
    PacketMaker& payload(std::size_t size);
    PacketMaker& payload(int size) { return payload(static_cast<std::size_t>(size)); }

    /// Fields of IPv4 and, where it has them, of IPv6. TTL and hop limit are 64 unless set.
    PacketMaker& ttl(std::uint8_t value);
    PacketMaker& dscp(std::uint8_t value);
    PacketMaker& ecn(Ecn value);
    PacketMaker& flow_label(std::uint32_t value);
    PacketMaker& identification(std::uint16_t value);
    PacketMaker& dont_fragment();
    PacketMaker& fragment(std::uint32_t offset_bytes, bool more);
    /// What the header says that follows it; of extension headers too.
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

    /// The length field of IPv4, IPv6, an extension header (its second octet) or UDP, whatever the
    /// real length is.
    PacketMaker& length(std::uint16_t value);
    /// The checksum field of IPv4, ICMP, ICMPv6, UDP or TCP, whatever the right one is.
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
    enum class Kind : std::uint8_t {
        ethernet,
        vlan,
        arp,
        ip4,
        icmp,
        ip6,
        extension,
        icmp6,
        udp,
        tcp,
        payload
    };

    struct Layer {
        Kind kind;
        Bytes header;
        std::optional<std::uint16_t> type;  ///< EtherType or IP protocol
        std::optional<std::uint16_t> length;
        std::optional<std::uint16_t> checksum;
        bool bad_checksum = false;
        /// Of an extension header: what the header before calls it.
        IpProtocol extension = IpProtocol::experimental;
        std::optional<std::uint8_t> header_words;
        std::vector<std::pair<std::size_t, std::uint8_t>> pokes;
    };

    PacketMaker& push(Kind kind, std::span<const std::byte> bytes);
    Layer& last();
    Layer& last(Kind wanted, std::string_view what);
    /// The header at the start of bytes that this class has made.
    template <class Header>
    static Header& at_start(Bytes& bytes) {
        auto* header = view<Header>(bytes);
        if (header == nullptr) {
            throw std::logic_error("a header that was cut short");
        }
        return *header;
    }
    template <class Header>
    Header& header(Kind wanted, std::string_view what) {
        return at_start<Header>(last(wanted, what).header);
    }

    PacketMaker& push_extension(IpProtocol kind, std::span<const std::byte> bytes);
    /// Each takes the index of a layer and the packet from that layer on.
    void set_type(std::size_t index, Bytes& packet) const;
    void set_lengths(std::size_t index, Bytes& packet) const;
    void set_checksum(std::size_t index, Bytes& packet) const;
    [[nodiscard]] Kind kind_after(std::size_t index) const;
    [[nodiscard]] IpProtocol implied_protocol(std::size_t index) const;
    [[nodiscard]] Be16 upper_checksum(std::size_t index, IpProtocol protocol,
                                      std::span<const std::byte> packet) const;

    std::vector<Layer> layers_;
    std::size_t shortest_ = 0;
    std::optional<std::size_t> longest_;
};

/// Starts a packet.
[[nodiscard]] inline PacketMaker packet() {
    return {};
}

}  // namespace vnet::wire::testing
