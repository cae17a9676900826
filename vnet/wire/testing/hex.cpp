// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/testing/hex.hpp"

#include <absl/strings/ascii.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace vnet::wire::testing {

Bytes from_hex(std::string_view text) {
    Bytes bytes;
    int high = -1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto character = static_cast<unsigned char>(text[i]);
        if (character == '#') {
            i = std::min(text.find('\n', i), text.size());
            continue;
        }
        if (absl::ascii_isspace(character) && high < 0) {
            continue;
        }
        if (!absl::ascii_isxdigit(character)) {
            throw std::invalid_argument(fmt::format("no hex digit at offset {} of: {}", i, text));
        }
        const int digit = character <= '9' ? character - '0' : (character | 0x20) - 'a' + 10;
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<std::byte>(high << 4 | digit));
            high = -1;
        }
    }
    if (high >= 0) {
        throw std::invalid_argument(fmt::format("half a byte at the end of: {}", text));
    }
    return bytes;
}

std::string to_hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned>(byte));
    }
    return text;
}

std::string hex_dump(std::span<const std::byte> bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 16) {
        const auto line = bytes.subspan(i, std::min<std::size_t>(16, bytes.size() - i));
        text += fmt::format("{:04x}  {}\n", i, to_hex(line));
    }
    return text;
}

Bytes from_text(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

}  // namespace vnet::wire::testing
