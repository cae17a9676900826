// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// Frames that leave by the interface that theirs is joined with (plugins/cross-connect).
Path cross_connect_path();

}  // namespace perf
