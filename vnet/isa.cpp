// SPDX-License-Identifier: Apache-2.0
#include "vnet/isa.hpp"

namespace vnet {

std::string_view isa() noexcept {
#if defined(__AVX512F__)
    return "x86-64-v4";
#elif defined(__AVX2__)
    return "x86-64-v3";
#else
    return "x86-64-v2";
#endif
}

}  // namespace vnet
