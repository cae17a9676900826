// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// "ip6-1": IPv6, one route.
Path ip6_path();
/// "ip6-100k": 100k random routes of 8 lengths, and 64k destinations in them.
Path ip6_100k_path();
/// "ip6-ecmp": one route to a group of two next hops, and 64 flows.
Path ip6_group_path();

}  // namespace perf
