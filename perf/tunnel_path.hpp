// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// Frames cross-connected into a Geneve tunnel over IPv4, and packets routed into one of GRE and
/// one of ipip (plugins/geneve, plugins/gre).
std::vector<Path> tunnel_paths();

}  // namespace perf
