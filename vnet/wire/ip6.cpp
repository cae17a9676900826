// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip6.hpp"

#include <absl/status/status.h>
#include <absl/strings/ascii.h>
#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <ostream>

#include "vnet/wire/text.hpp"

namespace vnet::wire {
namespace {

constexpr std::size_t group_count = 8;
using Groups = std::array<std::uint16_t, group_count>;

Ip6Address from_groups(const Groups& groups) {
    std::uint64_t halves[2] = {};
    for (std::size_t i = 0; i < group_count; ++i) {
        halves[i / 4] = halves[i / 4] << 16 | groups[i];
    }
    return {halves[0], halves[1]};
}

Groups to_groups(Ip6Address address) {
    Groups groups;
    for (std::size_t i = 0; i < group_count; ++i) {
        const std::uint64_t half = i < 4 ? address.high() : address.low();
        groups[i] = static_cast<std::uint16_t>(half >> (48 - i % 4 * 16));
    }
    return groups;
}

/// Reads an address from the left. On failure problem() says what is wrong.
class Ip6Reader {
public:
    explicit Ip6Reader(std::string_view text) : rest_(text) {}

    std::optional<Ip6Address> read() {
        if (rest_.empty()) {
            return fail("it is empty");
        }
        if (take("::")) {
            gap_ = 0;
        } else if (rest_.front() == ':') {
            return fail("it begins with a single colon");
        }
        while (!rest_.empty()) {
            if (!read_group()) {
                return std::nullopt;
            }
            if (rest_.empty()) {
                break;
            }
            if (!read_separator()) {
                return std::nullopt;
            }
        }
        if (!gap_ && count_ < group_count) {
            return fail(fmt::format("it has {} of 8 groups and no \"::\"", count_));
        }
        if (gap_ && count_ == group_count) {
            return fail("\"::\" stands for no group, as there are 8 already");
        }
        return spread();
    }
    const std::string& problem() const { return problem_; }

private:
    std::nullopt_t fail(std::string problem) {
        problem_ = std::move(problem);
        return std::nullopt;
    }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) {
            return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }

    bool read_group() {
        std::size_t digits = 0;
        while (digits < rest_.size() &&
               absl::ascii_isxdigit(static_cast<unsigned char>(rest_[digits]))) {
            ++digits;
        }
        if (digits != 0 && digits < rest_.size() && rest_[digits] == '.') {
            return read_ip4();
        }
        if (digits == 0) {
            fail(fmt::format("{} is no group of hex digits", quoted(rest_)));
            return false;
        }
        if (digits > 4) {
            fail(fmt::format("{} is a group of more than 4 digits",
                             quoted(rest_.substr(0, digits))));
            return false;
        }
        if (count_ == group_count) {
            fail("it has more than 8 groups");
            return false;
        }
        std::uint16_t value = 0;
        for (const char digit : rest_.substr(0, digits)) {
            const int lower = absl::ascii_tolower(static_cast<unsigned char>(digit));
            value = static_cast<std::uint16_t>(value << 4 |
                                               (lower <= '9' ? lower - '0' : lower - 'a' + 10));
        }
        groups_[count_++] = value;
        rest_.remove_prefix(digits);
        return true;
    }

    bool read_ip4() {
        if (count_ > group_count - 2) {
            fail("it has more than 8 groups, of which the IPv4 address is two");
            return false;
        }
        const auto address = Ip4Address::parse(rest_);
        if (!address.ok()) {
            fail(fmt::format("its end {} is no IPv4 address", quoted(rest_)));
            return false;
        }
        groups_[count_++] = static_cast<std::uint16_t>(address->value() >> 16);
        groups_[count_++] = static_cast<std::uint16_t>(address->value());
        rest_ = {};
        return true;
    }

    bool read_separator() {
        if (take("::")) {
            if (gap_) {
                fail("it has \"::\" twice");
                return false;
            }
            gap_ = count_;
            return true;
        }
        if (!take(":")) {
            fail(rest_.front() == '%'
                     ? std::string("a zone is named by the interface, not within the address")
                     : fmt::format("{} follows a group", quoted(rest_)));
            return false;
        }
        if (rest_.empty()) {
            fail("it ends with a single colon");
            return false;
        }
        return true;
    }

    Ip6Address spread() const {
        Groups groups{};
        const std::size_t before = gap_.value_or(count_);
        std::copy_n(groups_.begin(), before, groups.begin());
        std::copy_n(groups_.begin() + before, count_ - before,
                    groups.end() - static_cast<std::ptrdiff_t>(count_ - before));
        return from_groups(groups);
    }

    std::string_view rest_;
    Groups groups_{};
    std::size_t count_ = 0;
    /// How many groups stand before "::".
    std::optional<std::size_t> gap_;
    std::string problem_;
};

absl::Status refused_ip6_prefix(std::string_view text, std::string_view problem) {
    return absl::InvalidArgumentError(
        fmt::format("{} is not an IPv6 prefix: {}; give an address, a slash and a length from 0 to "
                    "128, such as 2001:db8::/32",
                    quoted(text), problem));
}

}  // namespace

absl::StatusOr<Ip6Address> Ip6Address::parse(std::string_view text) {
    Ip6Reader reader(text);
    if (const auto address = reader.read()) {
        return *address;
    }
    return absl::InvalidArgumentError(
        fmt::format("{} is not an IPv6 address: {}; give eight groups of hex digits with colons "
                    "between, or \"::\" for groups of zero, such as 2001:db8::1",
                    quoted(text), reader.problem()));
}

std::string Ip6Address::to_string() const {
    if (is_ip4_mapped()) {
        return "::ffff:" + Ip4Address(static_cast<std::uint32_t>(low())).to_string();
    }
    const Groups groups = to_groups(*this);
    // RFC 5952 4.2: the longest run of two or more groups of zero, the first of equals.
    std::size_t gap = 0;
    std::size_t gap_size = 1;
    for (std::size_t i = 0, run = 0; i < group_count; ++i) {
        run = groups[i] == 0 ? run + 1 : 0;
        if (run > gap_size) {
            gap_size = run;
            gap = i + 1 - run;
        }
    }
    if (gap_size == 1) {
        return fmt::format("{:x}", fmt::join(groups, ":"));
    }
    const auto* const begin = groups.data();
    return fmt::format("{:x}::{:x}", fmt::join(begin, begin + gap, ":"),
                       fmt::join(begin + gap + gap_size, begin + group_count, ":"));
}

std::ostream& operator<<(std::ostream& out, Ip6Address address) {
    return out << address.to_string();
}

absl::StatusOr<Ip6Prefix> Ip6Prefix::make(Ip6Address address, std::uint32_t length) {
    if (length > longest) {
        return refused_ip6_prefix(fmt::format("{}/{}", address.to_string(), length),
                                  "the length is over 128");
    }
    return Ip6Prefix(address, static_cast<std::uint8_t>(length));
}

absl::StatusOr<Ip6Prefix> Ip6Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return refused_ip6_prefix(text, "it has no slash");
    }
    Ip6Reader reader(text.substr(0, slash));
    const auto address = reader.read();
    if (!address) {
        return refused_ip6_prefix(text, reader.problem());
    }
    std::string problem;
    std::string_view rest = text.substr(slash + 1);
    const auto length = take_number(rest, longest, "the length", problem);
    if (!length) {
        return refused_ip6_prefix(text, problem);
    }
    if (!rest.empty()) {
        return refused_ip6_prefix(text, fmt::format("{} follows the length", quoted(rest)));
    }
    return Ip6Prefix(*address, static_cast<std::uint8_t>(*length));
}

std::string Ip6Prefix::to_string() const {
    return fmt::format("{}/{}", address_.to_string(), length_);
}

std::ostream& operator<<(std::ostream& out, const Ip6Prefix& prefix) {
    return out << prefix.to_string();
}

}  // namespace vnet::wire
