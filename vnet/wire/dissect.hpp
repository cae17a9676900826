// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vnet::wire {

/// One field of a header as text. Names are kebab-case and stable, for JSON.
struct Field {
    std::string_view name;
    std::string value;
};

/// One header of a packet.
struct Layer {
    /// "ethernet", "vlan", "arp", "ip4", "icmp", "ip6", "icmp6", "udp", "tcp", an extension header
    /// of IPv6 by the name of its protocol, or "data" for what is not understood.
    std::string_view name;
    /// The words for a one-line description, the name included.
    std::string summary;
    std::vector<Field> fields;
    /// Belongs to the packet that an ICMP error quotes.
    bool quoted = false;
};

/// What the first byte belongs to.
enum class FirstLayer : std::uint8_t { ethernet, ip4, ip6 };

/// Takes a packet apart as far as its bytes go. Any bytes will do: what is missing, malformed or
/// has a wrong checksum is said in the layer's summary and in its field "fault". At most 16 layers.
/// For traces and tests: it allocates.
[[nodiscard]] std::vector<Layer> dissect(std::span<const std::byte> packet,
                                         FirstLayer first = FirstLayer::ethernet);

/// The packet in one line, such as
/// `ethernet 02:00:00:00:00:01 -> 02:00:00:00:00:02 | ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 28 |
/// udp 1000 -> 53 length 8`. Printable ASCII only.
[[nodiscard]] std::string describe(std::span<const std::byte> packet,
                                   FirstLayer first = FirstLayer::ethernet);

}  // namespace vnet::wire
