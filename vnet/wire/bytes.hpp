// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace vnet::wire {

/// What may be laid over packet bytes: plain data, alignment 1, so any address will do.
template <class T>
concept WireHeader = std::is_class_v<T> && std::is_trivially_copyable_v<T> &&
                         std::is_standard_layout_v<T> && alignof(T) == 1 &&
                     !std::is_empty_v<T>;

/// The header at the start of `length` bytes at `data`; null when they are too few. This is the hot
/// form: one compare. It and its const twin hold the only casts from bytes to headers.
template <WireHeader Header>
[[nodiscard, gnu::always_inline]] inline Header* view(void* data, std::size_t length) noexcept {
    return length >= sizeof(Header) ? static_cast<Header*>(data) : nullptr;
}

/// Same, read only.
template <WireHeader Header>
[[nodiscard, gnu::always_inline]] inline const Header* view(const void* data,
                                                            std::size_t length) noexcept {
    return length >= sizeof(Header) ? static_cast<const Header*>(data) : nullptr;
}

/// The header at the start of a span, vector or array of std::byte; null when it is too short,
/// const when the bytes are. A temporary container is refused, as the view would outlive it.
template <WireHeader Header, class Bytes>
requires std::ranges::borrowed_range<Bytes>
[[nodiscard]] inline auto* view(Bytes&& bytes) noexcept {
    const auto span = std::span(bytes);
    using Element = typename decltype(span)::element_type;
    static_assert(std::is_same_v<std::remove_const_t<Element>, std::byte>,
                  "a view is laid over std::byte");
    return view<Header>(span.data(), span.size());
}

/// What follows the first `count` bytes; empty when there are not so many.
template <class Byte>
requires std::is_same_v<std::remove_const_t<Byte>, std::byte>
[[nodiscard]] constexpr std::span<Byte> after(std::span<Byte> bytes, std::size_t count) noexcept {
    return count <= bytes.size() ? bytes.subspan(count) : std::span<Byte>();
}

/// The first `count` bytes; all of them when there are fewer.
template <class Byte>
requires std::is_same_v<std::remove_const_t<Byte>, std::byte>
[[nodiscard]] constexpr std::span<Byte> at_most(std::span<Byte> bytes, std::size_t count) noexcept {
    return bytes.first(count < bytes.size() ? count : bytes.size());
}

/// The bytes of a header.
template <WireHeader Header>
[[nodiscard]] inline std::span<const std::byte, sizeof(Header)> bytes_of(
    const Header& header) noexcept {
    return std::as_bytes(std::span<const Header, 1>(&header, 1));
}

}  // namespace vnet::wire
