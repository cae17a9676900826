// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// Adds the plugin's node, and joins two interfaces.
absl::Status cross_connect(vnet::Router& router, const std::string& a, const std::string& b);

/// Frames that leave by the interface that theirs is joined with (plugins/cross-connect).
Path cross_connect_path();

}  // namespace perf
