// SPDX-License-Identifier: Apache-2.0
#include "plugins/policy-routing/rule.hpp"

#include <fmt/format.h>

#include <charconv>

namespace policy_routing {

namespace {
std::optional<uint16_t> parse_port(std::string_view text) {
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(port)
                                                                    : std::nullopt;
}
}  // namespace

absl::StatusOr<PortRange> parse_ports(const std::string& text) {
    const std::string_view whole = text;
    const size_t dash = whole.find('-');
    const auto first = parse_port(whole.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(whole.substr(dash + 1));
    if (!first || !last || *first > *last) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' are no ports; give one, or the first and the last: 80, 8000-8999", text));
    }
    return PortRange{*first, *last};
}

}  // namespace policy_routing
