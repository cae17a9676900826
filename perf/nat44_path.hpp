// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// From inside to outside by sessions that are there: "nat44-1", "nat44-1k", "nat44-64k",
/// "nat44-1m"; a session for each packet, in no order. "nat44-new": a new session each.
/// "nat44-exempt": none, as the destination is exempt.
std::vector<Path> nat44_paths();
/// From outside to inside: "nat44-o2i-1k".
Path nat44_o2i_path();

}  // namespace perf
