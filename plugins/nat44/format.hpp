// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"

namespace nat44 {

/// What became of a traced packet's addresses and ports: of the ends that changed.
graph::TraceFields format_translation(const graph::TraceStep& step);

}  // namespace nat44
