// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <variant>

#include "graph/trace_filter.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::service {

/// "icmp", "icmp6", "tcp", "udp", or a number from 0 to 255. INVALID_ARGUMENT says so.
absl::StatusOr<wire::IpProtocol> parse_protocol(const std::string& text);
/// INVALID_ARGUMENT above 65535; `which` is "source" or "destination".
absl::StatusOr<uint16_t> check_port(uint32_t port, std::string_view which);

/// Is a packet of certain flows? Looks at the header that the metadata names or, where no node has
/// looked for one yet, behind Ethernet. Reads two headers at most, of IPv6 as many extension
/// headers more as wire::walk_ip6 does. Immutable.
class FlowMatch final : public graph::PacketMatch {
public:
    /// Of one family; a packet of the other lies in none.
    using Prefix = std::variant<wire::Ip4Prefix, wire::Ip6Prefix>;
    struct Flow {
        std::optional<Prefix> source;
        std::optional<Prefix> destination;
        /// ICMP is ICMPv6 in IPv6.
        std::optional<wire::IpProtocol> protocol;
        std::optional<uint16_t> source_port;
        std::optional<uint16_t> destination_port;
    };
    explicit FlowMatch(const Flow& flow) : flow_(flow) {}
    bool matches(const graph::Packet& packet) const noexcept override;

private:
    bool matches_ip4(std::span<const std::byte> packet) const noexcept;
    bool matches_ip6(std::span<const std::byte> packet) const noexcept;
    bool ports_match(std::span<const std::byte> segment, wire::IpProtocol protocol) const noexcept;
    const Flow flow_;
};

}  // namespace vnet::service
