// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace vnet {

/// The x86-64 level that the hot nodes at work were built for, chosen by the dynamic loader from
/// what the processor can do: "x86-64-v2", "x86-64-v3" (AVX2) or "x86-64-v4" (AVX-512).
std::string_view isa() noexcept;

}  // namespace vnet
