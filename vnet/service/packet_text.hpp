// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "graph/packet.hpp"

namespace vnet::service {

/// A recorded packet's layers in one line.
std::string packet_text(const graph::Metadata& meta, std::span<const std::byte> bytes);

/// A time of day as RFC 3339 has it, in UTC, to the microsecond: "2026-05-01T12:30:05.123456Z".
std::string time_text(uint64_t unix_ns);

}  // namespace vnet::service
