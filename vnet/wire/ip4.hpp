// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/hash/hash.h>
#include <absl/status/statusor.h>
#include <fmt/core.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::wire {

/// An IPv4 address as it lies in a packet. 0.0.0.0 unless said otherwise.
class Ip4Address {
public:
    constexpr Ip4Address() noexcept = default;
    explicit constexpr Ip4Address(Be32 network_order) noexcept : bits_(network_order) {}
    explicit constexpr Ip4Address(std::uint32_t host_order) noexcept : bits_(host_order) {}
    constexpr Ip4Address(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept
        : bits_(std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | std::uint32_t{c} << 8 | d) {}

    /// Four decimal numbers with dots between, without leading zeros. The error names what is
    /// wrong.
    [[nodiscard]] static absl::StatusOr<Ip4Address> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;

    /// The address as a number of the host: 192.0.2.1 is 0xc0000201.
    [[nodiscard]] constexpr std::uint32_t value() const noexcept { return bits_.value(); }
    [[nodiscard]] constexpr Be32 network() const noexcept { return bits_; }

    /// 0.0.0.0.
    [[nodiscard]] constexpr bool is_unspecified() const noexcept { return bits_ == Be32(); }
    /// 0.0.0.0/8, "this network" (RFC 1122 3.2.1.3).
    [[nodiscard]] constexpr bool is_zero_network() const noexcept { return first_octet() == 0; }
    /// 127.0.0.0/8 (RFC 1122 3.2.1.3).
    [[nodiscard]] constexpr bool is_loopback() const noexcept { return first_octet() == 127; }
    /// 169.254.0.0/16 (RFC 3927); a router does not forward from or to it.
    [[nodiscard]] constexpr bool is_link_local() const noexcept { return value() >> 16 == 0xa9fe; }
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918).
    [[nodiscard]] constexpr bool is_private() const noexcept {
        return first_octet() == 10 || value() >> 20 == 0xac1 || value() >> 16 == 0xc0a8;
    }
    /// 224.0.0.0/4 (RFC 1112).
    [[nodiscard]] constexpr bool is_multicast() const noexcept { return value() >> 28 == 0xe; }
    /// The Ethernet address to which packets to this group are sent (RFC 1112 6.4).
    [[nodiscard]] constexpr MacAddress multicast_mac() const noexcept {
        return MacAddress::from_uint64(std::uint64_t{0x01005e} << 24 | (value() & 0x7f'ffff));
    }
    /// 224.0.0.0/24, which stays on its link whatever its TTL (RFC 5771 4).
    [[nodiscard]] constexpr bool is_local_multicast() const noexcept {
        return value() >> 8 == 0xe00000;
    }
    /// 240.0.0.0/4, the limited broadcast included (RFC 1112 4, RFC 6890).
    [[nodiscard]] constexpr bool is_class_e() const noexcept { return value() >> 28 == 0xf; }
    /// 255.255.255.255 (RFC 1122 3.2.1.3).
    [[nodiscard]] constexpr bool is_limited_broadcast() const noexcept {
        return bits_ == Be32(0xffff'ffff);
    }

    /// A packet with this source may be forwarded: it is unicast and not from network 0 or 127
    /// (RFC 1812 5.3.7). False for the 0.0.0.0 of a DHCP client, which is for the router itself
    /// only.
    [[nodiscard]] constexpr bool valid_source() const noexcept { return is_unicast_network(); }
    /// A packet to this destination is no martian (RFC 1812 5.3.7): not network 0 or 127, not class
    /// E but for the limited broadcast. Says nothing of directed broadcasts.
    [[nodiscard]] constexpr bool valid_destination() const noexcept {
        return is_unicast_network() || is_multicast() || is_limited_broadcast();
    }

    friend constexpr bool operator==(Ip4Address left, Ip4Address right) noexcept {
        return left.bits_ == right.bits_;
    }
    /// In the order of the numbers, so that prefixes lie together.
    friend constexpr std::strong_ordering operator<=>(Ip4Address left, Ip4Address right) noexcept {
        return left.value() <=> right.value();
    }
    template <class Hash>
    friend Hash AbslHashValue(Hash state, Ip4Address address) {
        return Hash::combine(std::move(state), address.bits_);
    }

private:
    [[nodiscard]] constexpr std::uint8_t first_octet() const noexcept {
        return static_cast<std::uint8_t>(value() >> 24);
    }
    [[nodiscard]] constexpr bool is_unicast_network() const noexcept {
        return static_cast<std::uint8_t>(first_octet() - 1) < 223 && !is_loopback();
    }

    Be32 bits_;
};

static_assert(WireHeader<Ip4Address> && sizeof(Ip4Address) == 4);

std::ostream& operator<<(std::ostream& out, Ip4Address address);

/// An IPv4 address with a prefix length. It keeps the host bits it was given, as an interface's
/// address needs them; a route uses normalised(). 0.0.0.0/0 unless said otherwise.
class Ip4Prefix {
public:
    static constexpr std::uint8_t longest = 32;

    constexpr Ip4Prefix() noexcept = default;
    /// For lengths known to be right: one over 32 is taken as 32. Untrusted lengths go to make().
    constexpr Ip4Prefix(Ip4Address address, std::uint8_t length) noexcept
        : address_(address), length_(length < longest ? length : longest) {}

    /// Refuses a length over 32 with a sentence.
    [[nodiscard]] static absl::StatusOr<Ip4Prefix> make(Ip4Address address, std::uint32_t length);
    /// An address, a slash and a length without leading zeros. Host bits may be set.
    [[nodiscard]] static absl::StatusOr<Ip4Prefix> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] constexpr Ip4Address address() const noexcept { return address_; }
    [[nodiscard]] constexpr std::uint8_t length() const noexcept { return length_; }
    [[nodiscard]] constexpr Ip4Address mask() const noexcept { return Ip4Address(mask_bits()); }

    /// The lowest and the highest address of the prefix.
    [[nodiscard]] constexpr Ip4Address first() const noexcept {
        return Ip4Address(address_.value() & mask_bits());
    }
    [[nodiscard]] constexpr Ip4Address last() const noexcept {
        return Ip4Address(address_.value() | ~mask_bits());
    }

    [[nodiscard]] constexpr Ip4Prefix normalised() const noexcept { return {first(), length_}; }
    [[nodiscard]] constexpr bool is_normalised() const noexcept { return address_ == first(); }

    [[nodiscard]] constexpr bool contains(Ip4Address address) const noexcept {
        return ((address.value() ^ address_.value()) & mask_bits()) == 0;
    }
    [[nodiscard]] constexpr bool contains(const Ip4Prefix& other) const noexcept {
        return other.length_ >= length_ && contains(other.address_);
    }

    /// The directed broadcast address; none for /31, whose two addresses are both hosts (RFC 3021),
    /// and for /32.
    [[nodiscard]] constexpr std::optional<Ip4Address> broadcast() const noexcept {
        return length_ < 31 ? std::optional(last()) : std::nullopt;
    }
    [[nodiscard]] constexpr bool is_broadcast(Ip4Address address) const noexcept {
        return length_ < 31 && address == last();
    }
    /// The all-zeros host part, which no host may have and RFC 1122 3.3.6 lets be an old broadcast.
    [[nodiscard]] constexpr bool is_network_address(Ip4Address address) const noexcept {
        return length_ < 31 && address == first();
    }
    /// May belong to a host or an interface on this prefix.
    [[nodiscard]] constexpr bool is_host(Ip4Address address) const noexcept {
        return contains(address) && !is_broadcast(address) && !is_network_address(address);
    }

    friend constexpr bool operator==(const Ip4Prefix&, const Ip4Prefix&) noexcept = default;
    /// By address, then by length.
    friend constexpr std::strong_ordering operator<=>(const Ip4Prefix&,
                                                      const Ip4Prefix&) noexcept = default;
    template <class Hash>
    friend Hash AbslHashValue(Hash state, const Ip4Prefix& prefix) {
        return Hash::combine(std::move(state), prefix.address_, prefix.length_);
    }

private:
    [[nodiscard]] constexpr std::uint32_t mask_bits() const noexcept {
        return static_cast<std::uint32_t>(~std::uint64_t{0} << (longest - length_));
    }

    Ip4Address address_;
    std::uint8_t length_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Ip4Prefix& prefix);

}  // namespace vnet::wire

template <>
struct std::hash<vnet::wire::Ip4Address> {
    std::size_t operator()(vnet::wire::Ip4Address address) const noexcept {
        return absl::HashOf(address);
    }
};

template <>
struct std::hash<vnet::wire::Ip4Prefix> {
    std::size_t operator()(const vnet::wire::Ip4Prefix& prefix) const noexcept {
        return absl::HashOf(prefix);
    }
};

template <>
struct fmt::formatter<vnet::wire::Ip4Address> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(vnet::wire::Ip4Address address, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(address.to_string(), context);
    }
};

template <>
struct fmt::formatter<vnet::wire::Ip4Prefix> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const vnet::wire::Ip4Prefix& prefix, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(prefix.to_string(), context);
    }
};
