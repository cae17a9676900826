// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "graph/trace_filter.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::service {

/// "icmp", "tcp", "udp", or a number from 0 to 255. INVALID_ARGUMENT says so.
absl::StatusOr<wire::IpProtocol> parse_protocol(const std::string& text);
/// INVALID_ARGUMENT above 65535; `which` is "source" or "destination".
absl::StatusOr<uint16_t> check_port(uint32_t port, std::string_view which);

/// Is a packet of certain IPv4 flows? Looks at the header that the metadata names or, where no node
/// has looked for one yet, behind Ethernet. Reads two headers at most. Immutable.
class FlowMatch final : public graph::PacketMatch {
public:
    struct Flow {
        std::optional<wire::Ip4Prefix> source;
        std::optional<wire::Ip4Prefix> destination;
        std::optional<wire::IpProtocol> protocol;
        std::optional<uint16_t> source_port;
        std::optional<uint16_t> destination_port;
    };
    explicit FlowMatch(const Flow& flow) : flow_(flow) {}
    bool matches(const graph::Packet& packet) const noexcept override;

private:
    bool ports_match(std::span<const std::byte> segment, wire::IpProtocol protocol) const noexcept;
    const Flow flow_;
};

}  // namespace vnet::service
