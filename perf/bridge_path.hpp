// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// A bridge of two interfaces with so many stations behind each: from bridge_source(0) behind the
/// first, from bridge_destination(0) behind the second.
absl::Status set_up_bridge(vnet::Router& router, const Ends& ends, size_t stations);
vnet::wire::MacAddress bridge_source(size_t number);
vnet::wire::MacAddress bridge_destination(size_t number);

/// Frames through a bridge that knows all stations: between two of them, or from each of 10000 to
/// any of 10000 others, drawn at random.
Path bridge_path();
Path bridge_10k_path();

}  // namespace perf
