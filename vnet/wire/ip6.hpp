// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/hash/hash.h>
#include <absl/status/statusor.h>
#include <fmt/core.h>

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::wire {

/// How far a multicast address reaches (RFC 4291 2.7, RFC 7346). Other values are to be expected.
enum class Ip6Scope : std::uint8_t {
    reserved = 0,
    interface_local = 1,
    link_local = 2,
    realm_local = 3,
    admin_local = 4,
    site_local = 5,
    organization_local = 8,
    global = 14,
    reserved_15 = 15,
};

/// An IPv6 address as it lies in a packet (RFC 4291). `::` unless said otherwise.
class Ip6Address {
public:
    constexpr Ip6Address() noexcept = default;
    /// From the upper and the lower 64 bits, as numbers of the host.
    constexpr Ip6Address(std::uint64_t high, std::uint64_t low) noexcept
        : high_(Be64(high)), low_(Be64(low)) {}
    explicit constexpr Ip6Address(const std::array<std::uint8_t, 16>& bytes) noexcept
        : Ip6Address(std::bit_cast<Ip6Address>(bytes)) {}

    /// `::1`.
    [[nodiscard]] static constexpr Ip6Address loopback() noexcept { return {0, 1}; }
    /// `ff02::1`, all nodes of the link (RFC 4291 2.7.1).
    [[nodiscard]] static constexpr Ip6Address all_nodes() noexcept { return {link_multicast, 1}; }
    /// `ff02::2`, all routers of the link (RFC 4291 2.7.1).
    [[nodiscard]] static constexpr Ip6Address all_routers() noexcept { return {link_multicast, 2}; }
    /// `fe80::/64` with this interface identifier (RFC 4291 2.5.6).
    [[nodiscard]] static constexpr Ip6Address link_local(std::uint64_t interface_id) noexcept {
        return {0xfe80'0000'0000'0000, interface_id};
    }
    /// `::ffff:a.b.c.d` (RFC 4291 2.5.5.2).
    [[nodiscard]] static constexpr Ip6Address mapped(Ip4Address address) noexcept {
        return {0, std::uint64_t{0xffff} << 32 | address.value()};
    }

    /// RFC 4291 2.2: eight groups of hex digits with colons between; `::` once for one or more
    /// groups of zero; the last two groups may be an IPv4 address. No zone and no prefix length.
    /// The error names what is wrong.
    [[nodiscard]] static absl::StatusOr<Ip6Address> parse(std::string_view text);
    /// The one form of RFC 5952: lower case, the longest run of zero groups short. IPv4-mapped
    /// addresses end in dotted decimals.
    [[nodiscard]] std::string to_string() const;

    /// The halves as numbers of the host: of 2001:db8::1 0x20010db800000000 and 1.
    [[nodiscard]] constexpr std::uint64_t high() const noexcept { return high_.value(); }
    [[nodiscard]] constexpr std::uint64_t low() const noexcept { return low_.value(); }
    [[nodiscard]] constexpr std::array<std::uint8_t, 16> bytes() const noexcept {
        return std::bit_cast<std::array<std::uint8_t, 16>>(*this);
    }

    /// `::` (RFC 4291 2.5.2).
    [[nodiscard]] constexpr bool is_unspecified() const noexcept {
        return (high_.network() | low_.network()) == 0;
    }
    /// `::1` (RFC 4291 2.5.3).
    [[nodiscard]] constexpr bool is_loopback() const noexcept { return *this == loopback(); }
    /// fe80::/10: means nothing beyond its link, and a router does not forward from or to it
    /// (RFC 4291 2.5.6).
    [[nodiscard]] constexpr bool is_link_local() const noexcept { return high() >> 54 == 0x3fa; }
    /// fc00::/7 (RFC 4193).
    [[nodiscard]] constexpr bool is_unique_local() const noexcept { return high() >> 57 == 0x7e; }
    /// ::ffff:0:0/96: stands for an IPv4 address within a host, never on a wire.
    [[nodiscard]] constexpr bool is_ip4_mapped() const noexcept {
        return high_ == Be64() && low() >> 32 == 0xffff;
    }
    /// ff00::/8 (RFC 4291 2.7).
    [[nodiscard]] constexpr bool is_multicast() const noexcept { return high() >> 56 == 0xff; }
    /// Of a multicast address.
    [[nodiscard]] constexpr Ip6Scope multicast_scope() const noexcept {
        return static_cast<Ip6Scope>(high() >> 48 & 0xf);
    }
    /// A multicast address that no router forwards (RFC 4291 2.7).
    [[nodiscard]] constexpr bool is_local_multicast() const noexcept {
        return is_multicast() && multicast_scope() <= Ip6Scope::link_local;
    }
    /// ff02::1:ff00:0/104 (RFC 4291 2.7.1).
    [[nodiscard]] constexpr bool is_solicited_node() const noexcept {
        return high() == link_multicast && low() >> 24 == 0x1ff;
    }

    /// The group in which who has this address is asked for its link-layer address
    /// (RFC 4291 2.7.1).
    [[nodiscard]] constexpr Ip6Address solicited_node() const noexcept {
        return {link_multicast, std::uint64_t{0x1ff} << 24 | (low() & 0xffffff)};
    }
    /// The Ethernet address to which packets to this group are sent (RFC 2464 7).
    [[nodiscard]] constexpr MacAddress multicast_mac() const noexcept {
        return MacAddress::from_uint64(std::uint64_t{0x3333} << 32 | (low() & 0xffff'ffff));
    }

    /// A packet with this source may come from a wire: neither a group nor `::` nor `::1` nor an
    /// IPv4-mapped address (RFC 4291 2.5 to 2.7). False for the `::` of neighbor discovery, which
    /// is for the link only. Says nothing of scope.
    [[nodiscard]] constexpr bool valid_source() const noexcept {
        return !is_multicast() && !is_host_internal();
    }
    /// A packet to this destination may come from a wire. Groups of the reserved and of the
    /// interface's own scope may not (RFC 4291 2.7).
    [[nodiscard]] constexpr bool valid_destination() const noexcept {
        return is_multicast() ? multicast_scope() > Ip6Scope::interface_local : !is_host_internal();
    }

    friend constexpr bool operator==(Ip6Address left, Ip6Address right) noexcept {
        return ((left.high_.network() ^ right.high_.network()) |
                (left.low_.network() ^ right.low_.network())) == 0;
    }
    /// In the order of the numbers, so that prefixes lie together.
    friend constexpr std::strong_ordering operator<=>(Ip6Address left, Ip6Address right) noexcept {
        const auto high = left.high() <=> right.high();
        return high != 0 ? high : left.low() <=> right.low();
    }
    template <class Hash>
    friend Hash AbslHashValue(Hash state, Ip6Address address) {
        return Hash::combine(std::move(state), address.high_, address.low_);
    }

private:
    static constexpr std::uint64_t link_multicast = 0xff02'0000'0000'0000;

    /// ::, ::1 and ::ffff:0:0/96.
    [[nodiscard]] constexpr bool is_host_internal() const noexcept {
        return high_ == Be64() && (low() <= 1 || low() >> 32 == 0xffff);
    }

    Be64 high_;
    Be64 low_;
};

static_assert(WireHeader<Ip6Address> && sizeof(Ip6Address) == 16);

/// The modified EUI-64 interface identifier of an Ethernet address (RFC 4291 appendix A, RFC 2464
/// 4).
[[nodiscard]] constexpr std::uint64_t interface_id(const MacAddress& mac) noexcept {
    const std::uint64_t bits = mac.to_uint64();
    return (bits >> 24 << 40 | std::uint64_t{0xfffe} << 24 | (bits & 0xffffff)) ^ std::uint64_t{1}
                                                                                      << 57;
}

std::ostream& operator<<(std::ostream& out, Ip6Address address);

/// An IPv6 address with a prefix length. It keeps the host bits it was given, as an interface's
/// address needs them; a route uses normalised(). `::/0` unless said otherwise.
class Ip6Prefix {
public:
    static constexpr std::uint8_t longest = 128;

    constexpr Ip6Prefix() noexcept = default;
    /// For lengths known to be right: one over 128 is taken as 128. Untrusted lengths go to make().
    constexpr Ip6Prefix(Ip6Address address, std::uint8_t length) noexcept
        : address_(address), length_(length < longest ? length : longest) {}

    /// Refuses a length over 128 with a sentence.
    [[nodiscard]] static absl::StatusOr<Ip6Prefix> make(Ip6Address address, std::uint32_t length);
    /// An address, a slash and a length without leading zeros. Host bits may be set.
    [[nodiscard]] static absl::StatusOr<Ip6Prefix> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] constexpr Ip6Address address() const noexcept { return address_; }
    [[nodiscard]] constexpr std::uint8_t length() const noexcept { return length_; }
    [[nodiscard]] constexpr Ip6Address mask() const noexcept { return {high_mask(), low_mask()}; }

    /// The lowest and the highest address of the prefix.
    [[nodiscard]] constexpr Ip6Address first() const noexcept {
        return {address_.high() & high_mask(), address_.low() & low_mask()};
    }
    [[nodiscard]] constexpr Ip6Address last() const noexcept {
        return {address_.high() | ~high_mask(), address_.low() | ~low_mask()};
    }

    [[nodiscard]] constexpr Ip6Prefix normalised() const noexcept { return {first(), length_}; }
    [[nodiscard]] constexpr bool is_normalised() const noexcept { return address_ == first(); }

    [[nodiscard]] constexpr bool contains(Ip6Address address) const noexcept {
        return (((address.high() ^ address_.high()) & high_mask()) |
                ((address.low() ^ address_.low()) & low_mask())) == 0;
    }
    [[nodiscard]] constexpr bool contains(const Ip6Prefix& other) const noexcept {
        return other.length_ >= length_ && contains(other.address_);
    }
    /// The subnet-router anycast address, which belongs to every router of the network
    /// (RFC 4291 2.6.1); a /127, whose two addresses are both routers (RFC 6164), and a /128 have
    /// none.
    [[nodiscard]] constexpr bool is_subnet_router(Ip6Address address) const noexcept {
        return length_ < 127 && address == first();
    }

    friend constexpr bool operator==(const Ip6Prefix&, const Ip6Prefix&) noexcept = default;
    /// By address, then by length.
    friend constexpr std::strong_ordering operator<=>(const Ip6Prefix&,
                                                      const Ip6Prefix&) noexcept = default;
    template <class Hash>
    friend Hash AbslHashValue(Hash state, const Ip6Prefix& prefix) {
        return Hash::combine(std::move(state), prefix.address_, prefix.length_);
    }

private:
    static constexpr std::uint64_t all = ~std::uint64_t{0};
    /// A shift by 64 is none of C++.
    [[nodiscard]] constexpr std::uint64_t high_mask() const noexcept {
        return length_ == 0 ? 0 : length_ >= 64 ? all : all << (64 - length_);
    }
    [[nodiscard]] constexpr std::uint64_t low_mask() const noexcept {
        return length_ <= 64 ? 0 : all << (longest - length_);
    }

    Ip6Address address_;
    std::uint8_t length_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Ip6Prefix& prefix);

}  // namespace vnet::wire

template <>
struct std::hash<vnet::wire::Ip6Address> {
    std::size_t operator()(vnet::wire::Ip6Address address) const noexcept {
        return absl::HashOf(address);
    }
};

template <>
struct std::hash<vnet::wire::Ip6Prefix> {
    std::size_t operator()(const vnet::wire::Ip6Prefix& prefix) const noexcept {
        return absl::HashOf(prefix);
    }
};

template <>
struct fmt::formatter<vnet::wire::Ip6Address> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(vnet::wire::Ip6Address address, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(address.to_string(), context);
    }
};

template <>
struct fmt::formatter<vnet::wire::Ip6Prefix> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const vnet::wire::Ip6Prefix& prefix, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(prefix.to_string(), context);
    }
};
