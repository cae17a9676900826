// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/options.hpp"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace geneve {

namespace wire = vnet::wire;

namespace {

constexpr size_t longest_data = 31 * 4;

absl::Status bad(std::string_view option) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no option; give CLASS:TYPE:DATA in hexadecimal, as 0102:80:00000001, "
                    "data of a multiple of 4 bytes, or 'mark' or 'known' for the data",
                    option));
}

bool is_hexadecimal(std::string_view digits) {
    return std::all_of(digits.begin(), digits.end(),
                       [](char digit) { return absl::ascii_isxdigit(uint8_t(digit)); });
}

std::optional<uint32_t> hexadecimal(std::string_view digits, size_t most_digits) {
    if (digits.empty() || digits.size() > most_digits || !is_hexadecimal(digits)) {
        return std::nullopt;
    }
    uint32_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

std::vector<std::string> split(std::string_view text, char at) {
    return absl::StrSplit(absl::string_view(text.data(), text.size()), at);
}

}  // namespace

absl::StatusOr<Options> Options::parse(std::string_view text) {
    Options options;
    for (const std::string& one : split(text, ',')) {
        if (auto status = options.add(one); !status.ok()) {
            return status;
        }
    }
    if (options.bytes_.size() > most_bytes) {
        return absl::InvalidArgumentError(
            fmt::format("these options have {} bytes with their headers; there is room for {}",
                        options.bytes_.size(), most_bytes));
    }
    return options;
}

absl::Status Options::add(std::string_view option) {
    const std::vector<std::string> parts = split(option, ':');
    if (parts.size() != 3) {
        return bad(option);
    }
    const auto option_class = hexadecimal(parts[0], 4);
    const auto type = hexadecimal(parts[1], 2);
    if (!option_class || !type) {
        return bad(option);
    }
    const uint32_t what = kind(uint16_t(*option_class), uint8_t(*type));
    if (std::find(known_.begin(), known_.end(), what) != known_.end()) {
        return absl::InvalidArgumentError(
            fmt::format("option {}:{} is there twice; give it once", parts[0], parts[1]));
    }
    known_.push_back(what);
    if (parts[2] == "known") {
        return absl::OkStatus();
    }
    std::string data(mark_bytes, '\0');
    if (parts[2] != "mark") {
        if (!is_hexadecimal(parts[2]) || parts[2].size() % 8 != 0 ||
            parts[2].size() / 2 > longest_data) {
            return bad(option);
        }
        data = absl::HexStringToBytes(parts[2]);
    } else if (mark_offset_) {
        return absl::InvalidArgumentError("two options have the mark; a packet has one");
    }
    wire::GeneveOptionHeader header;
    header.option_class = wire::Be16(uint16_t(*option_class));
    header.type = uint8_t(*type);
    header.reserved_length = uint8_t(data.size() / 4);
    has_critical_ |= header.is_critical();
    const auto head = wire::bytes_of(header);
    bytes_.insert(bytes_.end(), head.begin(), head.end());
    if (parts[2] == "mark") {
        mark_offset_ = bytes_.size();
        mark_kind_ = what;
    }
    const auto body = std::as_bytes(std::span(data));
    bytes_.insert(bytes_.end(), body.begin(), body.end());
    return absl::OkStatus();
}

Options::Seen Options::see(std::span<const std::byte> options) const noexcept {
    struct Mark {
        wire::Be32 value;
    };
    Seen seen;
    wire::GeneveOptionsCursor cursor(options);
    while (const auto option = cursor.next()) {
        const uint32_t what = kind(option->option_class, option->type);
        if (option->is_critical && std::find(known_.begin(), known_.end(), what) == known_.end()) {
            seen.fault = Fault::unknown_critical;
        }
        if (what == mark_kind_) {
            if (const auto* mark = wire::view<Mark>(option->data)) {
                seen.mark = mark->value.value();
            }
        }
    }
    if (cursor.malformed() || seen.mark.value_or(0) > highest_mark) {
        seen.fault = Fault::malformed;
    }
    return seen;
}

}  // namespace geneve
