// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/text.hpp"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <fmt/format.h>

namespace vnet::wire {

std::string quoted(std::string_view text) {
    constexpr std::size_t longest = 64;
    const bool cut = text.size() > longest;
    const std::string_view shown = text.substr(0, longest);
    return fmt::format("\"{}{}\"", absl::CHexEscape({shown.data(), shown.size()}),
                       cut ? "..." : "");
}

std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t largest,
                                         std::string_view what, std::string& problem) {
    std::size_t digits = 0;
    while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
        ++digits;
    }
    if (digits == 0) {
        problem = text.empty() ? fmt::format("{} is missing", what)
                               : fmt::format("{} is not a decimal number", what);
        return std::nullopt;
    }
    const std::string_view number = text.substr(0, digits);
    if (digits > 1 && number.front() == '0') {
        problem = fmt::format("{} has a leading zero", what);
        return std::nullopt;
    }
    std::uint32_t value = 0;
    for (const char digit : number) {
        value = value * 10 + static_cast<std::uint32_t>(digit - '0');
        if (value > largest) {
            problem = fmt::format("{} is over {}", what, largest);
            return std::nullopt;
        }
    }
    text.remove_prefix(digits);
    return value;
}

}  // namespace vnet::wire
