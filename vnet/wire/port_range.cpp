// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/port_range.hpp"

#include <absl/status/status.h>
#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace vnet::wire {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, port);
    return error == std::errc() && parsed == end ? std::optional(port) : std::nullopt;
}

}  // namespace

absl::StatusOr<PortRange> PortRange::parse(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last || *first > *last) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' are no ports; give one, or the first and the last: 80, 8000-8999", text));
    }
    return PortRange{*first, *last};
}

std::string PortRange::to_string() const {
    return first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
}

}  // namespace vnet::wire
