// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace perf::flow {

/// Registers what happens to sessions but to be looked up: made and ended as fast as can be, made
/// and ended by their timeout at a steady number, read by another thread while a worker works.
void register_lives();
/// Registers vnet::flow::Index alone, at several loads.
void register_index();

}  // namespace perf::flow
