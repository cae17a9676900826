// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/takers.hpp"

#include <fmt/format.h>

namespace vnet::interface {

absl::Status Takers::check(Index index, const std::string& name) const {
    const auto taken = taken_.find(index);
    return taken == taken_.end()
               ? absl::OkStatus()
               : absl::AlreadyExistsError(
                     fmt::format("interface '{}' is {}; delete that first", name, taken->second));
}

absl::Status Takers::claim(Index index, const std::string& name, std::string as) {
    absl::Status status = check(index, name);
    if (status.ok()) {
        taken_.emplace(index, std::move(as));
    }
    return status;
}

}  // namespace vnet::interface
