// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/nd_options.hpp"

namespace vnet::neighbor {

/// Puts a message of neighbor discovery together: the fixed part, the options behind it, and then
/// the IPv6 header in front, with hop limit 255 (RFC 4861 4).
class NdMessage {
public:
    /// The longest that every link carries.
    static constexpr size_t most_bytes = wire::Ip6Header::shortest_mtu;

    /// `fixed` is one of wire/nd.hpp; its checksum is set by bytes().
    template <class Fixed>
    explicit NdMessage(const Fixed& fixed)
        : room_(),
          options_at_(sizeof(wire::Ip6Header) + sizeof(fixed)),
          options_({room_.data() + options_at_, most_bytes - options_at_}) {
        std::memcpy(room_.data() + sizeof(wire::Ip6Header), &fixed, sizeof(fixed));
    }
    NdMessage(const NdMessage&) = delete;
    NdMessage& operator=(const NdMessage&) = delete;

    wire::NdOptionsWriter& options() noexcept { return options_; }

    /// The whole packet, IPv6 header included.
    std::span<const std::byte> packet(wire::Ip6Address source,
                                      wire::Ip6Address destination) noexcept {
        const size_t length = options_at_ + options_.size();
        const std::span<std::byte> message(room_.data() + sizeof(wire::Ip6Header),
                                           length - sizeof(wire::Ip6Header));
        wire::Ip6Header ip;
        ip.payload_length = wire::Be16(uint16_t(message.size()));
        ip.next_header_number = uint8_t(wire::IpProtocol::icmp6);
        ip.hop_limit = 255;
        ip.source = source;
        ip.destination = destination;
        std::memcpy(room_.data(), &ip, sizeof(ip));
        auto* icmp = wire::view<wire::Icmp6Header>(message);
        icmp->checksum = wire::Be16();
        icmp->checksum = wire::l4_checksum(source, destination, wire::IpProtocol::icmp6, message);
        return {room_.data(), length};
    }

private:
    std::array<std::byte, most_bytes> room_;
    size_t options_at_;
    wire::NdOptionsWriter options_;
};

}  // namespace vnet::neighbor
