// SPDX-License-Identifier: Apache-2.0
#include "plugins/vlan/tags.hpp"

#include <fmt/format.h>

namespace vlan {

absl::StatusOr<Tag> make_tag(EtherType type, uint32_t id) {
    constexpr uint16_t last_id = 4094;
    if (id == 0 || id > last_id) {
        return absl::OutOfRangeError(fmt::format("{} is not a VLAN; give 1 to {}", id, last_id));
    }
    return Tag{type, uint16_t(id)};
}

bool Tags::add(Index parent, std::optional<Tag> tag, Index interface) {
    if (find(parent, tag) != 0) {
        return false;
    }
    std::unique_ptr<Parent>& owned = owned_[parent];
    if (owned == nullptr) {
        owned = std::make_unique<Parent>();
        parents_[parent].store(owned.get(), std::memory_order_release);
    }
    owned->place(tag).store(interface, std::memory_order_release);
    ++owned->used_;
    return true;
}

void Tags::remove(Index parent, std::optional<Tag> tag) {
    const auto owned = owned_.find(parent);
    if (find(parent, tag) == 0) {
        return;
    }
    owned->second->place(tag).store(0, std::memory_order_release);
    const bool last = --owned->second->used_ == 0;
    if (last) {
        parents_[parent].store(nullptr, std::memory_order_release);
    }
    rcu_.synchronize();
    if (last) {
        owned_.erase(owned);
    }
}

Index Tags::find(Index parent, std::optional<Tag> tag) const noexcept {
    const auto owned = owned_.find(parent);
    return owned == owned_.end() ? 0 : owned->second->place(tag).load(std::memory_order_relaxed);
}

}  // namespace vlan
