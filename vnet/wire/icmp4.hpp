// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip4.hpp"

namespace vnet::wire {

/// ICMP message types (RFC 792, RFC 1256). Other values are to be expected.
enum class Icmp4Type : std::uint8_t {
    echo_reply = 0,
    unreachable = 3,
    source_quench = 4,
    redirect = 5,
    echo_request = 8,
    router_advertisement = 9,
    router_solicitation = 10,
    time_exceeded = 11,
    parameter_problem = 12,
    timestamp_request = 13,
    timestamp_reply = 14,
};

/// Codes of unreachable (RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1).
enum class Icmp4Unreachable : std::uint8_t {
    network = 0,
    host = 1,
    protocol = 2,
    port = 3,
    fragmentation_needed = 4,
    source_route_failed = 5,
    network_unknown = 6,
    host_unknown = 7,
    network_prohibited = 9,
    host_prohibited = 10,
    network_tos = 11,
    host_tos = 12,
    prohibited = 13,
    precedence_violation = 14,
    precedence_cutoff = 15,
};

/// Codes of redirect (RFC 792); a router sends only the host ones (RFC 1812 5.2.7.2).
enum class Icmp4Redirect : std::uint8_t { network = 0, host = 1, network_tos = 2, host_tos = 3 };
/// Codes of time exceeded (RFC 792).
enum class Icmp4TimeExceeded : std::uint8_t { transit = 0, reassembly = 1 };
/// Codes of parameter problem (RFC 792, RFC 1122 3.2.2.5).
enum class Icmp4ParameterProblem : std::uint8_t { pointer = 0, missing_option = 1 };

/// The word shown to people; empty for a type without one.
[[nodiscard]] constexpr std::string_view name(Icmp4Type type) noexcept {
    switch (type) {
        case Icmp4Type::echo_reply:
            return "echo-reply";
        case Icmp4Type::unreachable:
            return "unreachable";
        case Icmp4Type::source_quench:
            return "source-quench";
        case Icmp4Type::redirect:
            return "redirect";
        case Icmp4Type::echo_request:
            return "echo-request";
        case Icmp4Type::router_advertisement:
            return "router-advertisement";
        case Icmp4Type::router_solicitation:
            return "router-solicitation";
        case Icmp4Type::time_exceeded:
            return "time-exceeded";
        case Icmp4Type::parameter_problem:
            return "parameter-problem";
        case Icmp4Type::timestamp_request:
            return "timestamp-request";
        case Icmp4Type::timestamp_reply:
            return "timestamp-reply";
    }
    return {};
}

/// The word shown to people; empty for a code without one.
[[nodiscard]] constexpr std::string_view name(Icmp4Unreachable code) noexcept {
    constexpr std::array<std::string_view, 16> names = {"network",
                                                        "host",
                                                        "protocol",
                                                        "port",
                                                        "fragmentation-needed",
                                                        "source-route-failed",
                                                        "network-unknown",
                                                        "host-unknown",
                                                        "",
                                                        "network-prohibited",
                                                        "host-prohibited",
                                                        "network-tos",
                                                        "host-tos",
                                                        "prohibited",
                                                        "precedence-violation",
                                                        "precedence-cutoff"};
    const auto index = static_cast<std::size_t>(code);
    return index < names.size() ? names[index] : std::string_view();
}

/// Reports an error about another packet, which it quotes. No error is ever sent about one
/// (RFC 1122 3.2.2).
[[nodiscard]] constexpr bool is_error(Icmp4Type type) noexcept {
    return type == Icmp4Type::unreachable || type == Icmp4Type::source_quench ||
           type == Icmp4Type::redirect || type == Icmp4Type::time_exceeded ||
           type == Icmp4Type::parameter_problem;
}

/// What every ICMP message starts with; the last four bytes depend on the type.
struct Icmp4Header {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    Be32 rest;

    [[nodiscard]] constexpr Icmp4Type type() const noexcept {
        return static_cast<Icmp4Type>(type_number);
    }
};
static_assert(WireHeader<Icmp4Header> && sizeof(Icmp4Header) == 8);

/// Echo request and reply.
struct Icmp4EchoHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    Be16 identifier;
    Be16 sequence;
};
static_assert(WireHeader<Icmp4EchoHeader> && sizeof(Icmp4EchoHeader) == 8);

/// Destination unreachable. The next hop's MTU is set for fragmentation-needed only (RFC 1191 4);
/// the length of the quoted packet, in 4-byte words, only when extensions follow it (RFC 4884 4.1).
struct Icmp4UnreachableHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    std::uint8_t unused = 0;
    std::uint8_t quoted_words = 0;
    Be16 next_hop_mtu;
};
static_assert(WireHeader<Icmp4UnreachableHeader> && sizeof(Icmp4UnreachableHeader) == 8);

/// Redirect: the better first hop.
struct Icmp4RedirectHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    Ip4Address gateway;
};
static_assert(WireHeader<Icmp4RedirectHeader> && sizeof(Icmp4RedirectHeader) == 8);

/// Time exceeded; the length as in Icmp4UnreachableHeader.
struct Icmp4TimeExceededHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    std::uint8_t unused = 0;
    std::uint8_t quoted_words = 0;
    Be16 unused_2;
};
static_assert(WireHeader<Icmp4TimeExceededHeader> && sizeof(Icmp4TimeExceededHeader) == 8);

/// Parameter problem: the octet of the quoted header that is wrong.
struct Icmp4ParameterProblemHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    std::uint8_t pointer = 0;
    std::uint8_t quoted_words = 0;
    Be16 unused;
};
static_assert(WireHeader<Icmp4ParameterProblemHeader> && sizeof(Icmp4ParameterProblemHeader) == 8);

}  // namespace vnet::wire
