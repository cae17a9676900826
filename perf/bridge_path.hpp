// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// Frames through a bridge that knows all stations: between two of them, or from each of 10000 to
/// any of 10000 others, drawn at random.
Path bridge_path();
Path bridge_10k_path();

}  // namespace perf
