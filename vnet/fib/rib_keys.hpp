// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::fib {

/// How a Rib finds its way by a prefix: which of its trees, and where in it. Trees are in the order
/// of the addresses, and keys in the order of address and length.
template <class Prefix>
struct RibKeys;

template <>
struct RibKeys<wire::Ip4Prefix> {
    /// Bits of the address that choose the tree.
    static constexpr unsigned tree_bits = 16;
    /// The low 16 bits of the address, then the length.
    using Key = uint32_t;

    static uint32_t tree_of(wire::Ip4Address address) noexcept { return address.value() >> 16; }
    static Key key_of(const wire::Ip4Prefix& prefix) noexcept {
        return (prefix.address().value() & 0xffff) << 6 | prefix.length();
    }
    static Key key_behind(const wire::Ip4Prefix& prefix) noexcept { return key_of(prefix) + 1; }
    static wire::Ip4Prefix prefix_of(uint32_t tree, Key key) noexcept {
        return {wire::Ip4Address(tree << 16 | key >> 6), uint8_t(key & 0x3f)};
    }
    /// Bits from the left that two addresses have in common.
    static uint8_t common_bits(wire::Ip4Address one, wire::Ip4Address other) noexcept {
        return uint8_t(std::countl_zero(one.value() ^ other.value()));
    }
};

template <>
struct RibKeys<wire::Ip6Prefix> {
    static constexpr unsigned tree_bits = 20;
    struct Key {
        /// The halves of the address.
        uint64_t high = 0;
        uint64_t low = 0;
        uint32_t length = 0;
        friend constexpr auto operator<=>(const Key&, const Key&) noexcept = default;
    };

    static uint32_t tree_of(wire::Ip6Address address) noexcept {
        return uint32_t(address.high() >> (64 - tree_bits));
    }
    static Key key_of(const wire::Ip6Prefix& prefix) noexcept {
        return {prefix.address().high(), prefix.address().low(), prefix.length()};
    }
    static Key key_behind(const wire::Ip6Prefix& prefix) noexcept {
        Key key = key_of(prefix);
        ++key.length;
        return key;
    }
    static wire::Ip6Prefix prefix_of(uint32_t, const Key& key) noexcept {
        return {wire::Ip6Address(key.high, key.low), uint8_t(key.length)};
    }
    static uint8_t common_bits(wire::Ip6Address one, wire::Ip6Address other) noexcept {
        const uint64_t high = one.high() ^ other.high();
        return uint8_t(high != 0 ? std::countl_zero(high)
                                 : 64 + std::countl_zero(one.low() ^ other.low()));
    }
};

}  // namespace vnet::fib
