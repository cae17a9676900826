// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet::flow {

/// Both ports of a packet, as its first four bytes of TCP and UDP lie in memory: the source's
/// first. An ICMP query has its identifier in both places; what has no ports has 0.
struct Ports {
    uint32_t raw = 0;

    static Ports of(wire::Be16 source, wire::Be16 destination) noexcept {
        const uint16_t both[] = {source.network(), destination.network()};
        Ports ports;
        std::memcpy(&ports.raw, both, sizeof both);
        return ports;
    }
    static Ports of(uint16_t source, uint16_t destination) noexcept {
        return of(wire::Be16(source), wire::Be16(destination));
    }
    /// In host byte order.
    uint16_t source() const noexcept { return half(0); }
    uint16_t destination() const noexcept { return half(1); }
    Ports reversed() const noexcept { return {std::rotl(raw, 16)}; }
    friend bool operator==(Ports, Ports) noexcept = default;

private:
    uint16_t half(unsigned which) const noexcept {
        uint16_t both[2];
        std::memcpy(both, &raw, sizeof both);
        return wire::Be16::from_network(both[which]).value();
    }
};

/// What tells the packets of one direction of an IPv4 flow from all others, as they are on the
/// wire: 16 bytes, compared and hashed as two words.
struct alignas(16) Key {
    wire::Ip4Address source;
    wire::Ip4Address destination;
    Ports ports;
    /// Where the interface it comes in by looks routes up.
    uint8_t vrf = 0;
    uint8_t protocol = 0;
    uint16_t zero = 0;

    /// The same as two words: what is to be read as words at once is written as words, since a word
    /// that was put together of pieces has to be waited for.
    struct Words {
        uint64_t addresses;
        uint64_t rest;
    };
    /// `addresses` are both of a header, as they lie in memory.
    static constexpr Words words(uint64_t addresses, Ports ports, uint8_t vrf,
                                 uint8_t protocol) noexcept {
        return {addresses, uint64_t{ports.raw} | uint64_t{vrf} << 32 | uint64_t{protocol} << 40};
    }
    static Key of(Words words) noexcept { return std::bit_cast<Key>(words); }
    bool is(Words words) const noexcept {
        return ((addresses() ^ words.addresses) | (rest() ^ words.rest)) == 0;
    }
    uint64_t addresses() const noexcept { return word(0); }
    uint64_t rest() const noexcept { return word(1); }
    /// Of what comes the other way, where nothing on the way changes it.
    Key reversed() const noexcept {
        return {destination, source, ports.reversed(), vrf, protocol, 0};
    }
    friend bool operator==(const Key& left, const Key& right) noexcept {
        return ((left.addresses() ^ right.addresses()) | (left.rest() ^ right.rest())) == 0;
    }

private:
    uint64_t word(unsigned which) const noexcept {
        uint64_t value;
        std::memcpy(&value, reinterpret_cast<const std::byte*>(this) + which * sizeof(value),
                    sizeof(value));
        return value;
    }
};
static_assert(sizeof(Key) == 16);

/// Hashes keys by two multiplications of 64 bits whose upper and lower halves are joined, with
/// numbers that outsiders do not know: they cannot choose flows that all meet in one place.
class Hasher {
public:
    explicit Hasher(uint64_t seed) noexcept
        : first_(seed ^ 0x9e37'79b9'7f4a'7c15),
          second_(std::rotl(seed, 32) ^ 0xd1b5'4a32'd192'ed03) {}

    uint64_t operator()(const Key& key) const noexcept {
        return (*this)(key.addresses(), key.rest());
    }
    uint64_t operator()(uint64_t low, uint64_t high) const noexcept {
        return fold(fold(low ^ first_, high ^ second_) ^ first_, 0x8bb8'4b93'962e'acc9);
    }

private:
    static uint64_t fold(uint64_t left, uint64_t right) noexcept {
        __extension__ using Wide = unsigned __int128;
        const Wide product = Wide(left) * right;
        return uint64_t(product) ^ uint64_t(product >> 64);
    }
    uint64_t first_;
    uint64_t second_;
};

}  // namespace vnet::flow
