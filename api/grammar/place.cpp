// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/place.hpp"

#include <absl/strings/cord.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>

namespace api::grammar {
namespace {
constexpr const char* key = "sluice.grammar/place";
}  // namespace

absl::Status at(absl::Status status, Place place) {
    status.SetPayload(key, absl::Cord(fmt::format("{} {}", place.begin, place.end)));
    return status;
}

std::optional<Place> place_of(const absl::Status& status) {
    const absl::optional<absl::Cord> noted = status.GetPayload(key);
    if (!noted) {
        return std::nullopt;
    }
    const std::string text(*noted);
    const std::vector<std::string> ends = absl::StrSplit(text, ' ');
    Place place;
    if (ends.size() != 2 || !absl::SimpleAtoi(ends[0], &place.begin) ||
        !absl::SimpleAtoi(ends[1], &place.end)) {
        return std::nullopt;
    }
    return place;
}

}  // namespace api::grammar
