// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <string>

#include "plugins/nat44/config.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace nat44 {

/// "tcp", or the number of a protocol that has no name here.
inline std::string protocol_text(uint8_t protocol) {
    const std::string_view known = vnet::wire::name(vnet::wire::IpProtocol(protocol));
    return known.empty() ? std::to_string(protocol) : std::string(known);
}

/// The same as vnet::service::parse_protocol() reads it.
inline std::string protocol_word(uint8_t protocol) {
    using vnet::wire::IpProtocol;
    for (const IpProtocol known : {IpProtocol::icmp, IpProtocol::tcp, IpProtocol::udp}) {
        if (protocol == uint8_t(known)) {
            return std::string(vnet::wire::name(known));
        }
    }
    return std::to_string(protocol);
}

/// "10.0.0.5:1000".
inline std::string text(const End& end) {
    return fmt::format("{}:{}", end.address, end.port);
}

}  // namespace nat44
