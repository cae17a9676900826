// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <optional>

namespace api::grammar {

/// The part of a line that an error is about, in bytes; `end` is one past its last.
struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// The error with a place noted on it, which its sentence does not show. Any thread.
absl::Status at(absl::Status status, Place place);

/// The place that at() noted.
std::optional<Place> place_of(const absl::Status& status);

}  // namespace api::grammar
