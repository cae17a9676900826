// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip4.hpp"

#include <absl/status/status.h>
#include <fmt/format.h>

#include <ostream>

#include "vnet/wire/text.hpp"

namespace vnet::wire {
namespace {

std::optional<Ip4Address> take_address(std::string_view text, std::string& problem) {
    static constexpr std::string_view octet_names[] = {"the first number", "the second number",
                                                       "the third number", "the fourth number"};
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        if (i != 0) {
            if (text.empty() || text.front() != '.') {
                problem = text.empty() ? fmt::format("{} is missing", octet_names[i])
                                       : fmt::format("no dot follows {}", octet_names[i - 1]);
                return std::nullopt;
            }
            text.remove_prefix(1);
        }
        const auto octet = take_number(text, 255, octet_names[i], problem);
        if (!octet) {
            return std::nullopt;
        }
        value = value << 8 | *octet;
    }
    if (!text.empty()) {
        problem = fmt::format("{} follows the fourth number", quoted(text));
        return std::nullopt;
    }
    return Ip4Address(value);
}

absl::Status refused_prefix(std::string_view text, std::string_view problem) {
    return absl::InvalidArgumentError(
        fmt::format("{} is not an IPv4 prefix: {}; give an address, a slash and a length from 0 to "
                    "32, such as 192.0.2.0/24",
                    quoted(text), problem));
}

}  // namespace

absl::StatusOr<Ip4Address> Ip4Address::parse(std::string_view text) {
    std::string problem;
    if (const auto address = take_address(text, problem)) {
        return *address;
    }
    return absl::InvalidArgumentError(
        fmt::format("{} is not an IPv4 address: {}; give four numbers from 0 to 255 with dots "
                    "between, such as 192.0.2.1",
                    quoted(text), problem));
}

std::string Ip4Address::to_string() const {
    const std::uint32_t bits = value();
    return fmt::format("{}.{}.{}.{}", bits >> 24, bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff);
}

std::ostream& operator<<(std::ostream& out, Ip4Address address) {
    return out << address.to_string();
}

absl::StatusOr<Ip4Prefix> Ip4Prefix::make(Ip4Address address, std::uint32_t length) {
    if (length > longest) {
        return refused_prefix(fmt::format("{}/{}", address.to_string(), length),
                              "the length is over 32");
    }
    return Ip4Prefix(address, static_cast<std::uint8_t>(length));
}

absl::StatusOr<Ip4Prefix> Ip4Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return refused_prefix(text, "it has no slash");
    }
    std::string problem;
    const auto address = take_address(text.substr(0, slash), problem);
    if (!address) {
        return refused_prefix(text, problem);
    }
    std::string_view rest = text.substr(slash + 1);
    const auto length = take_number(rest, longest, "the length", problem);
    if (!length) {
        return refused_prefix(text, problem);
    }
    if (!rest.empty()) {
        return refused_prefix(text, fmt::format("{} follows the length", quoted(rest)));
    }
    return Ip4Prefix(*address, static_cast<std::uint8_t>(*length));
}

std::string Ip4Prefix::to_string() const {
    return fmt::format("{}/{}", address_.to_string(), length_);
}

std::ostream& operator<<(std::ostream& out, const Ip4Prefix& prefix) {
    return out << prefix.to_string();
}

}  // namespace vnet::wire
