// SPDX-License-Identifier: Apache-2.0
#include "plugins/mss-clamp/mss_option.hpp"

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/tcp.hpp"

namespace mss_clamp {

namespace {

using vnet::wire::Be16;
using vnet::wire::TcpFlags;
using vnet::wire::TcpHeader;

// RFC 9293 3.2.
constexpr uint8_t end_of_list = 0;
constexpr uint8_t no_operation = 1;
constexpr uint8_t maximum_segment_size = 2;
constexpr size_t mss_length = 4;

/// Calls `found` with the offset of each MSS option's value. False where the list is malformed.
template <class Found>
bool walk(std::span<const std::byte> header, const Found& found) noexcept {
    size_t at = sizeof(TcpHeader);
    while (at < header.size()) {
        const auto kind = uint8_t(header[at]);
        if (kind == end_of_list) {
            return true;
        }
        if (kind == no_operation) {
            ++at;
            continue;
        }
        if (header.size() - at < 2) {
            return false;
        }
        const auto length = size_t(header[at + 1]);
        if (length < 2 || length > header.size() - at ||
            (kind == maximum_segment_size && length != mss_length)) {
            return false;
        }
        if (kind == maximum_segment_size) {
            found(at + 2);
        }
        at += length;
    }
    return true;
}

uint16_t number_at(std::span<const std::byte> bytes, size_t at) noexcept {
    return uint16_t(uint16_t(bytes[at]) << 8 | uint16_t(bytes[at + 1]));
}

uint16_t turned(uint16_t value) noexcept {
    return uint16_t(value << 8 | value >> 8);
}

/// A value at an odd offset weighs in the sum as its bytes turned around would (RFC 1071 2B).
Be16 weight(size_t offset, uint16_t value) noexcept {
    return Be16(offset % 2 == 0 ? value : turned(value));
}

}  // namespace

Outcome clamp(std::span<std::byte> segment, uint16_t most) noexcept {
    auto* tcp = vnet::wire::view<TcpHeader>(segment);
    if (tcp == nullptr || !tcp->has(TcpFlags::syn)) {
        return Outcome::unchanged;
    }
    if (!tcp->data_offset_fits(segment.size())) {
        return Outcome::malformed;
    }
    const std::span<std::byte> header = segment.first(tcp->data_offset());
    // A list that cannot be read to its end is left alone altogether.
    if (!walk(header, [](size_t) {})) {
        return Outcome::malformed;
    }
    Outcome outcome = Outcome::unchanged;
    walk(header, [&](size_t at) {
        const uint16_t announced = number_at(header, at);
        if (announced > most) {
            header[at] = std::byte(most >> 8);
            header[at + 1] = std::byte(most & 0xff);
            tcp->checksum =
                vnet::wire::update_checksum(tcp->checksum, weight(at, announced), weight(at, most));
            outcome = Outcome::clamped;
        }
    });
    return outcome;
}

}  // namespace mss_clamp
