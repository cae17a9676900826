// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/testing/ambiguous.pb.h"
#include "vnet/plugin/registry.hpp"

namespace ambiguous {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    return registry.add_unary<sluice::ambiguous::ListRequest, sluice::ambiguous::ListReply>(
        "sluice.ambiguous.Ambiguous.List",
        [](const auto&) -> absl::StatusOr<sluice::ambiguous::ListReply> {
            return sluice::ambiguous::ListReply();
        });
}

}  // namespace ambiguous
