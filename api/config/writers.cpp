// SPDX-License-Identifier: Apache-2.0
#include "api/config/writers.hpp"

namespace api::config {

void Writers::add(std::string owner, Writer writer) {
    entries_.push_back({std::move(owner), std::move(writer)});
}

void Writers::remove_owner(std::string_view owner) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.owner == owner; });
}

void Writers::write(const Emit& emit) const {
    for (const Entry& entry : entries_) {
        entry.writer(emit);
    }
}

}  // namespace api::config
