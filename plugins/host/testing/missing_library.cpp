// SPDX-License-Identifier: Apache-2.0
#include "vnet/plugin/registry.hpp"

namespace absent {
int answer();
}

namespace missing_library {

absl::Status register_plugin(vnet::plugin::Registry&) {
    return absent::answer() == 42 ? absl::OkStatus() : absl::InternalError("no answer");
}

}  // namespace missing_library
