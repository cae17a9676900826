// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::wire {

/// ICMPv6 message types (RFC 4443, RFC 2710, RFC 3810, RFC 4861). Other values are to be expected.
enum class Icmp6Type : std::uint8_t {
    unreachable = 1,
    packet_too_big = 2,
    time_exceeded = 3,
    parameter_problem = 4,
    echo_request = 128,
    echo_reply = 129,
    listener_query = 130,
    listener_report = 131,
    listener_done = 132,
    router_solicitation = 133,
    router_advertisement = 134,
    neighbor_solicitation = 135,
    neighbor_advertisement = 136,
    redirect = 137,
    listener_report_2 = 143,
};

/// Codes of unreachable (RFC 4443 3.1).
enum class Icmp6Unreachable : std::uint8_t {
    no_route = 0,
    prohibited = 1,
    beyond_scope = 2,
    address = 3,
    port = 4,
    source_policy = 5,
    reject_route = 6,
};
/// Codes of time exceeded (RFC 4443 3.3).
enum class Icmp6TimeExceeded : std::uint8_t { transit = 0, reassembly = 1 };
/// Codes of parameter problem (RFC 4443 3.4, RFC 7112 5.2, RFC 8883 3).
enum class Icmp6ParameterProblem : std::uint8_t {
    erroneous_header = 0,
    unknown_next_header = 1,
    unknown_option = 2,
    incomplete_first_fragment = 3,
    unknown_next_header_in_transit = 5,
    extension_too_big = 6,
    chain_too_long = 7,
    too_many_extensions = 8,
    too_many_options = 9,
    option_too_big = 10,
};

/// The word shown to people; empty for a type without one.
[[nodiscard]] constexpr std::string_view name(Icmp6Type type) noexcept {
    switch (type) {
        case Icmp6Type::unreachable:
            return "unreachable";
        case Icmp6Type::packet_too_big:
            return "packet-too-big";
        case Icmp6Type::time_exceeded:
            return "time-exceeded";
        case Icmp6Type::parameter_problem:
            return "parameter-problem";
        case Icmp6Type::echo_request:
            return "echo-request";
        case Icmp6Type::echo_reply:
            return "echo-reply";
        case Icmp6Type::listener_query:
            return "listener-query";
        case Icmp6Type::listener_report:
            return "listener-report";
        case Icmp6Type::listener_done:
            return "listener-done";
        case Icmp6Type::router_solicitation:
            return "router-solicitation";
        case Icmp6Type::router_advertisement:
            return "router-advertisement";
        case Icmp6Type::neighbor_solicitation:
            return "neighbor-solicitation";
        case Icmp6Type::neighbor_advertisement:
            return "neighbor-advertisement";
        case Icmp6Type::redirect:
            return "redirect";
        case Icmp6Type::listener_report_2:
            return "listener-report-2";
    }
    return {};
}

/// The word shown to people; empty for a code without one.
[[nodiscard]] constexpr std::string_view name(Icmp6Unreachable code) noexcept {
    constexpr std::array<std::string_view, 7> names = {"no-route",    "prohibited", "beyond-scope",
                                                       "address",     "port",       "source-policy",
                                                       "reject-route"};
    const auto index = static_cast<std::size_t>(code);
    return index < names.size() ? names[index] : std::string_view();
}

/// The word shown to people; empty for a code without one.
[[nodiscard]] constexpr std::string_view name(Icmp6ParameterProblem code) noexcept {
    constexpr std::array<std::string_view, 11> names = {"erroneous-header",
                                                        "unknown-next-header",
                                                        "unknown-option",
                                                        "incomplete-first-fragment",
                                                        "",
                                                        "unknown-next-header-in-transit",
                                                        "extension-too-big",
                                                        "chain-too-long",
                                                        "too-many-extensions",
                                                        "too-many-options",
                                                        "option-too-big"};
    const auto index = static_cast<std::size_t>(code);
    return index < names.size() ? names[index] : std::string_view();
}

/// Reports an error about another packet, which it quotes, whether the type is known or not. No
/// error is ever sent about one, nor about a redirect (RFC 4443 2.1, 2.4).
[[nodiscard]] constexpr bool is_error(Icmp6Type type) noexcept {
    return static_cast<std::uint8_t>(type) < 128;
}
/// Belongs to neighbor discovery (RFC 4861 4): never forwarded, and its hop limit must be 255.
[[nodiscard]] constexpr bool is_neighbor_discovery(Icmp6Type type) noexcept {
    return type >= Icmp6Type::router_solicitation && type <= Icmp6Type::redirect;
}

/// What every ICMPv6 message starts with; the last four bytes depend on the type. The checksum
/// covers a pseudo header (ip6_checksum.hpp).
struct Icmp6Header {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    Be32 rest;

    [[nodiscard]] constexpr Icmp6Type type() const noexcept {
        return static_cast<Icmp6Type>(type_number);
    }
};
static_assert(WireHeader<Icmp6Header> && sizeof(Icmp6Header) == 8);

/// Echo request and reply (RFC 4443 4).
struct Icmp6EchoHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    Be16 identifier;
    Be16 sequence;
};
static_assert(WireHeader<Icmp6EchoHeader> && sizeof(Icmp6EchoHeader) == 8);

/// Packet too big (RFC 4443 3.2).
struct Icmp6PacketTooBigHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    Be32 mtu;  ///< of the link to the next hop
};
static_assert(WireHeader<Icmp6PacketTooBigHeader> && sizeof(Icmp6PacketTooBigHeader) == 8);

/// Parameter problem (RFC 4443 3.4).
struct Icmp6ParameterProblemHeader {
    std::uint8_t type_number = 0;
    std::uint8_t code = 0;
    Be16 checksum;
    Be32 pointer;  ///< the octet of the quoted packet; may lie behind what is quoted
};
static_assert(WireHeader<Icmp6ParameterProblemHeader> && sizeof(Icmp6ParameterProblemHeader) == 8);

}  // namespace vnet::wire
