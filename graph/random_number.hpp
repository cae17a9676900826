// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>

namespace graph {

/// A number that nobody can guess, from the system: to seed hashes and generators with. Slow; any
/// thread.
inline uint64_t random_number() {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
}

}  // namespace graph
