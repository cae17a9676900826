// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::wire {

// Sums are kept in the order in which bytes lie in memory and never swapped: the ones' complement
// sum does not care, as long as the result is stored the same way (RFC 1071 2B).
namespace detail {

/// Ones' complement addition: the carry comes in again at the bottom.
[[nodiscard]] constexpr std::uint64_t add_around(std::uint64_t left, std::uint64_t right) noexcept {
    const std::uint64_t sum = left + right;
    return sum + (sum < left ? 1 : 0);
}

/// Folds to 16 bits without a branch: adding a number to its own half turn leaves the sum of both
/// halves, carry included, in the upper one.
[[nodiscard]] constexpr std::uint16_t fold(std::uint64_t sum) noexcept {
    const auto half = static_cast<std::uint32_t>((sum + std::rotr(sum, 32)) >> 32);
    return static_cast<std::uint16_t>((half + std::rotr(half, 16)) >> 16);
}

template <class Word>
[[nodiscard]] constexpr Word load(const std::byte* from) noexcept {
    if (std::is_constant_evaluated()) {
        std::array<std::byte, sizeof(Word)> bytes{};
        for (std::size_t i = 0; i < sizeof(Word); ++i) {
            bytes[i] = from[i];
        }
        return std::bit_cast<Word>(bytes);
    }
    Word word;
    std::memcpy(&word, from, sizeof(Word));
    return word;
}

/// Ones' complement sum of the bytes in 64 bits, an odd one padded with zero at the end.
[[nodiscard]] constexpr std::uint64_t sum_bytes(std::span<const std::byte> bytes) noexcept {
    __extension__ using Wide = unsigned __int128;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    // 128 bits, so that the carries gather in the upper half: one add, one add with carry a word.
    Wide even = 0;
    Wide odd = 0;
    for (; left >= 32; left -= 32, at += 32) {
        even += load<std::uint64_t>(at);
        odd += load<std::uint64_t>(at + 8);
        even += load<std::uint64_t>(at + 16);
        odd += load<std::uint64_t>(at + 24);
    }
    even += odd;
    for (; left >= 8; left -= 8, at += 8) {
        even += load<std::uint64_t>(at);
    }
    if (left >= 4) {
        even += load<std::uint32_t>(at);
        at += 4;
        left -= 4;
    }
    if (left >= 2) {
        even += load<std::uint16_t>(at);
        at += 2;
        left -= 2;
    }
    if (left != 0) {
        even += std::bit_cast<std::uint16_t>(std::array<std::byte, 2>{*at, std::byte{0}});
    }
    return add_around(static_cast<std::uint64_t>(even), static_cast<std::uint64_t>(even >> 64));
}

}  // namespace detail

/// A running internet checksum (RFC 1071). Pieces follow one another as in one packet; each may
/// have any length and alignment.
class InternetSum {
public:
    constexpr InternetSum() noexcept = default;

    constexpr InternetSum& add(std::span<const std::byte> bytes) noexcept {
        add_in_memory_order(detail::sum_bytes(bytes));
        odd_ ^= (bytes.size() & 1) != 0;
        return *this;
    }
    constexpr InternetSum& add(Be16 word) noexcept {
        add_in_memory_order(word.network());
        return *this;
    }
    constexpr InternetSum& add(Be32 words) noexcept {
        add_in_memory_order(words.network());
        return *this;
    }
    constexpr InternetSum& add(Ip4Address address) noexcept { return add(address.network()); }

    /// The value for the checksum field, which was zero when it was summed.
    [[nodiscard]] constexpr Be16 checksum() const noexcept {
        return Be16::from_network(static_cast<std::uint16_t>(~detail::fold(sum_)));
    }
    /// What was summed, its checksum field included, is intact.
    [[nodiscard]] constexpr bool is_valid() const noexcept { return detail::fold(sum_) == 0xffff; }

private:
    constexpr void add_in_memory_order(std::uint64_t sum) noexcept {
        // Behind an odd number of bytes, each byte weighs as its neighbour would (RFC 1071 2B).
        sum_ = detail::add_around(sum_, odd_ ? byte_swap(detail::fold(sum)) : sum);
    }

    std::uint64_t sum_ = 0;
    bool odd_ = false;
};

/// The internet checksum of the bytes, ready to be stored.
[[nodiscard]] constexpr Be16 internet_checksum(std::span<const std::byte> bytes) noexcept {
    return InternetSum().add(bytes).checksum();
}

/// The pseudo header of UDP (RFC 768) and TCP (RFC 9293 3.1). `length` is that of header and data.
[[nodiscard]] constexpr InternetSum ip4_pseudo_header(Ip4Address source, Ip4Address destination,
                                                      IpProtocol protocol,
                                                      std::uint16_t length) noexcept {
    return InternetSum()
        .add(source)
        .add(destination)
        .add(Be16(static_cast<std::uint8_t>(protocol)))
        .add(Be16(length));
}

/// The checksum of a TCP segment or UDP datagram whose checksum field is zero. For UDP a result of
/// zero becomes 0xffff, as zero says that there is none (RFC 768).
[[nodiscard]] constexpr Be16 l4_checksum(Ip4Address source, Ip4Address destination,
                                         IpProtocol protocol,
                                         std::span<const std::byte> segment) noexcept {
    const Be16 checksum =
        ip4_pseudo_header(source, destination, protocol, static_cast<std::uint16_t>(segment.size()))
            .add(segment)
            .checksum();
    return protocol == IpProtocol::udp && checksum == Be16() ? Be16(0xffff) : checksum;
}

/// The segment, its checksum field included, is intact. The caller handles UDP without a checksum.
[[nodiscard]] constexpr bool l4_checksum_ok(Ip4Address source, Ip4Address destination,
                                            IpProtocol protocol,
                                            std::span<const std::byte> segment) noexcept {
    return ip4_pseudo_header(source, destination, protocol,
                             static_cast<std::uint16_t>(segment.size()))
        .add(segment)
        .is_valid();
}

namespace detail {

/// The ones' complement sum of the 20 bytes of a header without options; no branch, no loop.
[[nodiscard, gnu::always_inline]] constexpr std::uint64_t ip4_header_sum(
    const Ip4Header& header) noexcept {
    if (std::is_constant_evaluated()) {
        const auto words = std::bit_cast<std::array<std::uint32_t, 5>>(header);
        return std::uint64_t{words[0]} + words[1] + words[2] + words[3] + words[4];
    }
    // Loads from where the header lies: a copy would go by way of the stack.
    const std::byte* at = bytes_of(header).data();
    return add_around(add_around(load<std::uint64_t>(at), load<std::uint64_t>(at + 8)),
                      load<std::uint32_t>(at + 16));
}

/// A ones' complement sum folds to 0xffff, and not to 0: it is a multiple of 0xffff other than 0.
/// Found without folding, by the inverse modulo 2^64: only multiples have a small product with it
/// (Granlund, Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994).
[[nodiscard, gnu::always_inline]] constexpr bool folds_to_ones(std::uint64_t sum) noexcept {
    constexpr std::uint64_t inverse = 0xfffefffefffeffff;
    static_assert(inverse * 0xffff == 1);
    return sum * inverse - 1 < ~std::uint64_t{0} / 0xffff;
}

}  // namespace detail

/// The checksum that a header without options must have; the stored one does not count.
[[nodiscard, gnu::always_inline]] constexpr Be16 ip4_header_checksum(Ip4Header header) noexcept {
    header.checksum = Be16();
    return Be16::from_network(
        static_cast<std::uint16_t>(~detail::fold(detail::ip4_header_sum(header))));
}

/// A header without options (is_plain()) is intact.
[[nodiscard, gnu::always_inline]] constexpr bool ip4_header_checksum_ok(
    const Ip4Header& header) noexcept {
    return detail::folds_to_ones(detail::ip4_header_sum(header));
}

/// A header with or without options is intact; `packet` holds at least header_length() bytes, else
/// false.
[[nodiscard]] inline bool ip4_header_checksum_ok(std::span<const std::byte> packet) noexcept {
    const auto* header = view<Ip4Header>(packet);
    return header != nullptr && header->header_length() >= sizeof(Ip4Header) &&
           header->header_length() <= packet.size() &&
           InternetSum().add(packet.first(header->header_length())).is_valid();
}

/// The checksum after one 16-bit field that it covers went from `before` to `after` (RFC 1624 eqn
/// 3).
[[nodiscard]] constexpr Be16 update_checksum(Be16 checksum, Be16 before, Be16 after) noexcept {
    const auto sum = static_cast<std::uint32_t>(static_cast<std::uint16_t>(~checksum.network())) +
                     static_cast<std::uint16_t>(~before.network()) + after.network();
    return Be16::from_network(static_cast<std::uint16_t>(~detail::fold(sum)));
}

/// Same for a 32-bit field at an even offset.
[[nodiscard]] constexpr Be16 update_checksum(Be16 checksum, Be32 before, Be32 after) noexcept {
    const auto sum = static_cast<std::uint64_t>(static_cast<std::uint16_t>(~checksum.network())) +
                     static_cast<std::uint32_t>(~before.network()) + after.network();
    return Be16::from_network(static_cast<std::uint16_t>(~detail::fold(sum)));
}

/// Same for an address.
[[nodiscard]] constexpr Be16 update_checksum(Be16 checksum, Ip4Address before,
                                             Ip4Address after) noexcept {
    return update_checksum(checksum, before.network(), after.network());
}

/// Same for the checksum of UDP: none stays none, and a result of zero becomes 0xffff (RFC 768).
template <class Field>
[[nodiscard]] constexpr Be16 update_udp_checksum(Be16 checksum, Field before,
                                                 Field after) noexcept {
    if (checksum == Be16()) {
        return checksum;
    }
    const Be16 updated = update_checksum(checksum, before, after);
    return updated == Be16() ? Be16(0xffff) : updated;
}

/// Lowers the TTL by one and the checksum with it. False, and the header as it was, when the packet
/// may not be forwarded: a TTL of 0 or 1 (RFC 1812 5.3.1).
[[nodiscard, gnu::always_inline]] constexpr bool decrement_ttl(Ip4Header& header) noexcept {
    if (header.ttl <= 1) {
        return false;
    }
    --header.ttl;
    // RFC 1624 eqn 3 for a field that shrinks by 0x0100: the checksum grows by as much, and never
    // becomes 0xffff.
    const std::uint32_t sum = std::uint32_t{header.checksum.network()} + Be16(0x0100).network();
    header.checksum = Be16::from_network(static_cast<std::uint16_t>(sum + (sum >= 0xffff ? 1 : 0)));
    return true;
}

}  // namespace vnet::wire
