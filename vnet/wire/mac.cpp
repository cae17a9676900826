// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/mac.hpp"

#include <absl/status/status.h>
#include <absl/strings/ascii.h>
#include <fmt/format.h>

#include <ostream>

#include "vnet/wire/text.hpp"

namespace vnet::wire {
namespace {

absl::Status refusal(std::string_view text, std::string_view problem) {
    return absl::InvalidArgumentError(
        fmt::format("{} is not a MAC address: {}; give six pairs of hex digits with colons "
                    "between, such as 02:00:5e:10:00:01",
                    quoted(text), problem));
}

std::uint8_t nibble(char digit) {
    if (digit <= '9') {
        return static_cast<std::uint8_t>(digit - '0');
    }
    return static_cast<std::uint8_t>((digit | 0x20) - 'a' + 10);
}

}  // namespace

absl::StatusOr<MacAddress> MacAddress::parse(std::string_view text) {
    constexpr std::size_t size = 17;
    if (text.size() != size) {
        return refusal(text, fmt::format("it has {} characters, not 17", text.size()));
    }
    std::array<std::uint8_t, 6> bytes{};
    for (std::size_t i = 0; i < size; ++i) {
        const char character = text[i];
        if (i % 3 == 2) {
            if (character != ':') {
                return refusal(text, fmt::format("character {} is not a colon", i + 1));
            }
            continue;
        }
        if (!absl::ascii_isxdigit(static_cast<unsigned char>(character))) {
            return refusal(text, fmt::format("character {} is not a hex digit", i + 1));
        }
        bytes[i / 3] = static_cast<std::uint8_t>(bytes[i / 3] << 4 | nibble(character));
    }
    return MacAddress(bytes);
}

std::string MacAddress::to_string() const {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes_[0], bytes_[1], bytes_[2],
                       bytes_[3], bytes_[4], bytes_[5]);
}

std::ostream& operator<<(std::ostream& out, const MacAddress& mac) {
    return out << mac.to_string();
}

}  // namespace vnet::wire
