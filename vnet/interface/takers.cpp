// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/takers.hpp"

#include <fmt/format.h>

#include "vnet/interface/table.hpp"

namespace vnet::interface {

absl::Status Takers::check(Index index) const {
    const Interface* interface = table_.get(index);
    if (interface == nullptr) {
        return absl::NotFoundError(fmt::format("there is no interface {}", index));
    }
    if (!interface->device->carries_ethernet()) {
        return absl::InvalidArgumentError(
            fmt::format("interface '{}' carries packets without Ethernet headers, and cannot be "
                        "bridged or joined; name another",
                        interface->name));
    }
    const auto taken = taken_.find(index);
    return taken == taken_.end()
               ? absl::OkStatus()
               : absl::AlreadyExistsError(fmt::format("interface '{}' is {}; delete that first",
                                                      interface->name, taken->second));
}

absl::Status Takers::claim(Index index, std::string as) {
    absl::Status status = check(index);
    if (status.ok()) {
        taken_.emplace(index, std::move(as));
        table_.want_promiscuous(index, true);
    }
    return status;
}

void Takers::release(Index index) {
    if (taken_.erase(index) != 0) {
        table_.want_promiscuous(index, false);
    }
}

}  // namespace vnet::interface
