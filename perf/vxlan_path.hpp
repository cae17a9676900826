// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// Frames into a VXLAN tunnel over IPv4, cross-connected and bridged, and out of one into a bridge
/// (plugins/vxlan).
std::vector<Path> vxlan_paths();

}  // namespace perf
