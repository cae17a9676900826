// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/map.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "graph/packet.hpp"

namespace qos {

namespace {

struct Traits {
    std::string_view name;
    unsigned from;
    unsigned to;
    bool gives_class;
};
constexpr std::array<Traits, 4> traits = {{
    {"dscp-to-class", dscps, classes, true},
    {"priority-to-class", priorities, classes, true},
    {"class-to-dscp", classes, dscps, false},
    {"class-to-priority", classes, priorities, false},
}};
const Traits& of(MapKind kind) noexcept {
    return traits[size_t(kind)];
}

/// Assured forwarding has four classes, each with drop precedences 1 to 3 in its lower bits.
uint8_t usual_colour(unsigned dscp) noexcept {
    const unsigned family = dscp >> 3;
    const unsigned precedence = dscp >> 1 & 3;
    const bool assured = family >= 1 && family <= 4 && precedence != 0 && dscp % 2 == 0;
    return assured ? uint8_t((precedence - 1) << graph::treatment::colour_shift) : 0;
}

std::optional<uint8_t> colour_of(std::string_view word) noexcept {
    constexpr std::array<std::string_view, 3> words = {"green", "yellow", "red"};
    for (size_t i = 0; i < words.size(); ++i) {
        if (word == words[i]) {
            return uint8_t(i << graph::treatment::colour_shift);
        }
    }
    return std::nullopt;
}

bool number(std::string_view text, unsigned bound, unsigned& into) noexcept {
    constexpr size_t most_digits = 2;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, into);
    return error == std::errc() && stopped == end && text.size() <= most_digits && into < bound;
}

bool read_entry(const Traits& kind, std::string_view text, Values& values) noexcept {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    const std::string_view from = text.substr(0, equals);
    std::string_view to = text.substr(equals + 1);
    const size_t dash = from.find('-');
    unsigned first = 0;
    if (!number(from.substr(0, dash), kind.from, first)) {
        return false;
    }
    unsigned last = first;
    if (dash != std::string_view::npos &&
        (!number(from.substr(dash + 1), kind.from, last) || last < first)) {
        return false;
    }
    uint8_t colour = 0;
    if (const size_t colon = to.find(':'); colon != std::string_view::npos && kind.gives_class) {
        const auto given = colour_of(to.substr(colon + 1));
        if (!given) {
            return false;
        }
        colour = *given;
        to = to.substr(0, colon);
    }
    unsigned value = 0;
    if (!number(to, kind.to, value)) {
        return false;
    }
    for (unsigned i = first; i <= last; ++i) {
        values[i] = uint8_t(value | colour);
    }
    return true;
}

}  // namespace

std::string_view name(MapKind kind) noexcept {
    return of(kind).name;
}

Values usual(MapKind kind) noexcept {
    Values values{};
    for (unsigned i = 0; i < values.size(); ++i) {
        switch (kind) {
            case MapKind::dscp_to_class:
                values[i] = uint8_t(i | usual_colour(i));
                break;
            case MapKind::class_to_dscp:
                values[i] = uint8_t(i);
                break;
            case MapKind::priority_to_class:
                values[i] = uint8_t(i % priorities * priorities);
                break;
            case MapKind::class_to_priority:
                values[i] = uint8_t(i / priorities);
                break;
        }
    }
    return values;
}

absl::StatusOr<Values> read_map(MapKind kind, std::span<const std::string> entries) {
    Values values = usual(kind);
    for (const std::string& entry : entries) {
        if (!read_entry(of(kind), entry, values)) {
            return absl::InvalidArgumentError(fmt::format(
                "'{}' is no entry of a map {}; give 0 to {}, or the first and the last of several, "
                "and what becomes of them, 0 to {}: '1-3=2'{}",
                entry, name(kind), of(kind).from - 1, of(kind).to - 1,
                of(kind).gives_class ? ", with a colour '1-3=2:yellow'" : ""));
        }
    }
    return values;
}

}  // namespace qos
