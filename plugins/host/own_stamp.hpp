// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

extern "C" __attribute__((visibility("hidden"))) const char sluice_own_stamp_begin[],
    sluice_own_stamp_end[];

namespace plugins::host {

/// The build stamp that CMake writes, as own_stamp.S holds it.
inline std::string_view own_stamp_text() {
    return {sluice_own_stamp_begin,
            static_cast<std::size_t>(sluice_own_stamp_end - sluice_own_stamp_begin)};
}

}  // namespace plugins::host
