// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// Two passes through one router, between them a memif that leads back to it: in at `in`, out by
/// the port "memif-out", received by the port "memif-back", out by `out`. Both memif ports belong
/// to the one router, and one thread works for both.
Path memif_path();

}  // namespace perf
