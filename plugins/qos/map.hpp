// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace qos {

/// What a map is from and to.
enum class MapKind : uint8_t { dscp_to_class, priority_to_class, class_to_dscp, class_to_priority };
/// "dscp-to-class", "class-to-priority".
std::string_view name(MapKind kind) noexcept;

inline constexpr unsigned classes = 64;
inline constexpr unsigned dscps = 64;
inline constexpr unsigned priorities = 8;

/// What each DSCP, priority or class becomes. A class that comes of it has the colour beside it, as
/// graph::Metadata::treatment has both.
using Values = std::array<uint8_t, 64>;

/// What the values are where nobody says otherwise: a class has the number of its DSCP, of which
/// the upper three bits are the priority (RFC 2474 4.2.2); assured forwarding has its colours
/// (RFC 2597 6).
Values usual(MapKind kind) noexcept;

/// The usual values, and in their place what entries say: "46=5", "8-15=1", "34=4:yellow".
/// INVALID_ARGUMENT says which is none.
absl::StatusOr<Values> read_map(MapKind kind, std::span<const std::string> entries);

}  // namespace qos
