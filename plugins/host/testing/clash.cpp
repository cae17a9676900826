// SPDX-License-Identifier: Apache-2.0
#include "vnet/plugin/registry.hpp"

namespace clash {

absl::Status register_plugin(vnet::plugin::Registry&) {
    return absl::OkStatus();
}

}  // namespace clash
