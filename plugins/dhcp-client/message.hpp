// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vnet/wire/ip4.hpp"
#include "vnet/wire/mac.hpp"

/// Messages of DHCP (RFC 2131, RFC 2132), as a client reads and writes them.
namespace dhcp_client {

using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;
using vnet::wire::MacAddress;

inline constexpr uint16_t server_port = 67;
inline constexpr uint16_t client_port = 68;

/// RFC 2132 9.6. Other values are to be expected.
enum class Type : uint8_t {
    discover = 1,
    offer = 2,
    request = 3,
    decline = 4,
    ack = 5,
    nak = 6,
    release = 7,
};

/// What is wrong with a server's message; each value is one drop reason.
enum class Fault : uint8_t {
    none,
    truncated,  ///< fewer bytes than a message has
    kind,       ///< not a server's message for Ethernet, or not of DHCP
    options,    ///< options that go beyond their field
};

/// The first malformation. Any thread; allocates nothing.
Fault check(std::span<const std::byte> message) noexcept;

/// RFC 3442: a network, and the router to it; 0.0.0.0 where it is on the link.
struct StaticRoute {
    Ip4Prefix prefix;
    Ip4Address router;
    friend bool operator==(const StaticRoute&, const StaticRoute&) = default;
};

/// A lease without end (RFC 2131 3.3), which is one of 136 years.
inline constexpr std::chrono::seconds forever{0xffff'ffff};

/// What a server says.
struct Reply {
    Type type = Type::offer;
    uint32_t transaction = 0;
    MacAddress client;
    /// The address that it offers or leases.
    Ip4Address address;
    /// Its identifier; 0.0.0.0 where it has none, which only a NAK may.
    Ip4Address server;
    /// Length of the address's network; of its class (RFC 791 2.3) where the server does not say.
    uint8_t length = 0;
    /// The default router where the server has no static routes, and those where it has.
    std::vector<StaticRoute> routes;
    std::vector<Ip4Address> name_servers;
    std::string domain;
    /// The server's word to the operator (RFC 2132 9.9).
    std::string text;
    std::optional<uint16_t> mtu;
    /// Of the lease, and until it is renewed and rebound. A lease without end is one of `forever`.
    std::optional<std::chrono::seconds> lease;
    std::optional<std::chrono::seconds> renew;
    std::optional<std::chrono::seconds> rebind;
};

/// Nothing for what check() finds fault with, for a message without a type, and where values are
/// such as no server may send: a mask with holes, routes of half their length.
std::optional<Reply> read(std::span<const std::byte> message);

/// What a client says.
struct Request {
    Type type = Type::discover;
    uint32_t transaction = 0;
    MacAddress client;
    uint16_t seconds = 0;
    /// The client's own address, where it may be used.
    Ip4Address own;
    /// The address that it wants; 0.0.0.0: any.
    Ip4Address wanted;
    /// The server that is meant; 0.0.0.0: any.
    Ip4Address server;
    std::string hostname;
    /// Empty: the MAC address.
    std::string client_id;
    /// A word to the server's operator.
    std::string text;
};

std::vector<std::byte> write(const Request& request);

}  // namespace dhcp_client
