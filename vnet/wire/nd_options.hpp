// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/mac.hpp"
#include "vnet/wire/nd.hpp"

namespace vnet::wire {

/// Options of neighbor discovery (IANA). Others are to be skipped (RFC 4861 4.6).
enum class NdOptionType : std::uint8_t {
    source_link_address = 1,
    target_link_address = 2,
    prefix_information = 3,
    redirected_header = 4,
    mtu = 5,
    nonce = 14,              ///< RFC 3971, for enhanced DAD (RFC 7527)
    route_information = 24,  ///< RFC 4191
    dns_servers = 25,        ///< RFC 8106
    dns_search_list = 31,    ///< RFC 8106
};

/// The word shown to people; empty for a type without one.
[[nodiscard]] std::string_view name(NdOptionType type) noexcept;

/// A lifetime that never ends, in seconds.
inline constexpr std::uint32_t infinite_lifetime_s = 0xffff'ffff;

/// What every option starts with.
struct NdOptionHeader {
    std::uint8_t type_number = 0;
    std::uint8_t length_units = 0;

    [[nodiscard]] constexpr NdOptionType type() const noexcept {
        return static_cast<NdOptionType>(type_number);
    }
    /// Bytes of the whole option; 0 is malformed.
    [[nodiscard]] constexpr std::size_t length() const noexcept {
        return std::size_t{length_units} * 8;
    }
};
static_assert(WireHeader<NdOptionHeader> && sizeof(NdOptionHeader) == 2);

/// Source or target link-layer address, of Ethernet (RFC 4861 4.6.1, RFC 2464 6).
struct NdLinkAddress {
    std::uint8_t type_number = 0;
    std::uint8_t length_units = 1;
    MacAddress mac;
};
static_assert(WireHeader<NdLinkAddress> && sizeof(NdLinkAddress) == 8);

/// Prefix information (RFC 4861 4.6.2).
struct NdPrefixInformation {
    static constexpr std::uint8_t on_link_flag = 0x80;
    static constexpr std::uint8_t autonomous_flag = 0x40;

    std::uint8_t type_number = static_cast<std::uint8_t>(NdOptionType::prefix_information);
    std::uint8_t length_units = 4;
    std::uint8_t prefix_length = 0;
    std::uint8_t flags = 0;
    Be32 valid_lifetime_s;
    Be32 preferred_lifetime_s;
    Be32 reserved;
    Ip6Address prefix;

    [[nodiscard]] constexpr bool on_link() const noexcept { return (flags & on_link_flag) != 0; }
    /// Hosts may make addresses of it (RFC 4862).
    [[nodiscard]] constexpr bool autonomous() const noexcept {
        return (flags & autonomous_flag) != 0;
    }
};
static_assert(WireHeader<NdPrefixInformation> && sizeof(NdPrefixInformation) == 32);

/// MTU of the link (RFC 4861 4.6.4).
struct NdMtu {
    std::uint8_t type_number = static_cast<std::uint8_t>(NdOptionType::mtu);
    std::uint8_t length_units = 1;
    Be16 reserved;
    Be32 mtu;
};
static_assert(WireHeader<NdMtu> && sizeof(NdMtu) == 8);

/// Route information (RFC 4191 2.3): 0, 8 or 16 bytes of the prefix follow.
struct NdRouteInformation {
    std::uint8_t type_number = static_cast<std::uint8_t>(NdOptionType::route_information);
    std::uint8_t length_units = 1;
    std::uint8_t prefix_length = 0;
    std::uint8_t flags = 0;
    Be32 lifetime_s;

    [[nodiscard]] constexpr RouterPreference preference() const noexcept {
        return static_cast<RouterPreference>(flags >> 3 & 3);
    }
};
static_assert(WireHeader<NdRouteInformation> && sizeof(NdRouteInformation) == 8);

/// Recursive DNS servers (RFC 8106 5.1) or, with type 31, the search list (5.2): addresses or names
/// follow.
struct NdDns {
    std::uint8_t type_number = static_cast<std::uint8_t>(NdOptionType::dns_servers);
    std::uint8_t length_units = 1;
    Be16 reserved;
    Be32 lifetime_s;
};
static_assert(WireHeader<NdDns> && sizeof(NdDns) == 8);

/// One option: its bytes, type and length octet included.
struct NdOption {
    NdOptionType type{};
    std::span<const std::byte> bytes;

    /// The Ethernet address of a link-layer address option; nothing where this is none, is not as
    /// long, or is an address that no station owns.
    [[nodiscard]] std::optional<MacAddress> mac() const noexcept;
    /// Null where this is not such an option, is not as long, or its prefix is over 128 bits.
    [[nodiscard]] const NdPrefixInformation* prefix_information() const noexcept;
    /// The MTU; nothing where this is no such option.
    [[nodiscard]] std::optional<std::uint32_t> mtu() const noexcept;
    /// Null where this is not such an option or not long enough for its prefix.
    [[nodiscard]] const NdRouteInformation* route_information() const noexcept;
    /// The prefix of a route information option; ::/0 where this is none.
    [[nodiscard]] Ip6Prefix route_prefix() const noexcept;
    /// Null where this holds no DNS servers, or not whole addresses.
    [[nodiscard]] const NdDns* dns_servers() const noexcept;
    /// How many addresses dns_servers() has, and each of them.
    [[nodiscard]] std::size_t dns_server_count() const noexcept;
    [[nodiscard]] Ip6Address dns_server(std::size_t index) const noexcept;
};

/// Walks the options of a message. Never leaves them and always ends: an option of length 0 or one
/// that is cut makes the whole message malformed (RFC 4861 4.6, 7.1).
class NdOptionsCursor {
public:
    /// The bytes behind the message's fixed part.
    explicit NdOptionsCursor(std::span<const std::byte> options) noexcept : left_(options) {}

    /// The next option, or nothing at the end and at a malformed option.
    [[nodiscard]] std::optional<NdOption> next() noexcept;
    [[nodiscard]] bool malformed() const noexcept { return malformed_; }

private:
    std::span<const std::byte> left_;
    bool malformed_ = false;
};

/// Writes options one behind the other into room of the caller's. What does not fit is left out as
/// a whole, and overflowed() says so.
class NdOptionsWriter {
public:
    explicit NdOptionsWriter(std::span<std::byte> room) noexcept : room_(room) {}

    /// `type` is source_link_address or target_link_address.
    NdOptionsWriter& link_address(NdOptionType type, const MacAddress& mac) noexcept;
    /// `prefix` is written normalised; its host bits mean nothing (RFC 4861 4.6.2).
    NdOptionsWriter& prefix_information(const Ip6Prefix& prefix, std::uint8_t flags,
                                        std::uint32_t valid_lifetime_s,
                                        std::uint32_t preferred_lifetime_s) noexcept;
    NdOptionsWriter& mtu(std::uint32_t mtu) noexcept;
    /// Takes no more bytes of the prefix than its length needs.
    NdOptionsWriter& route_information(const Ip6Prefix& prefix, RouterPreference preference,
                                       std::uint32_t lifetime_s) noexcept;
    /// Up to 127 servers; none writes nothing.
    NdOptionsWriter& dns_servers(std::span<const Ip6Address> servers,
                                 std::uint32_t lifetime_s) noexcept;
    /// Names in wire form (RFC 1035 3.1), one behind the other; padded with zero.
    NdOptionsWriter& dns_search_list(std::span<const std::byte> names,
                                     std::uint32_t lifetime_s) noexcept;
    /// As much of the packet as there is room for, in units of 8 bytes (RFC 4861 4.6.3).
    NdOptionsWriter& redirected_header(std::span<const std::byte> packet) noexcept;
    /// `nonce` is 6 bytes, or 8 n + 6 (RFC 3971 5.3.2).
    NdOptionsWriter& nonce(std::span<const std::byte> nonce) noexcept;

    /// Bytes written.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }

private:
    NdOptionsWriter& put(std::span<const std::byte> fixed,
                         std::span<const std::byte> rest = {}) noexcept;

    std::span<std::byte> room_;
    std::size_t size_ = 0;
    bool overflowed_ = false;
};

}  // namespace vnet::wire
