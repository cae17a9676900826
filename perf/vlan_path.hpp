// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// "vlan": tagged frames are taken in by the interface of their VLAN, routed, and leave tagged by
/// that of another one.
Path vlan_path();

}  // namespace perf
