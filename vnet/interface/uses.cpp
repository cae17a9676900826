// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/uses.hpp"

#include <fmt/format.h>

namespace vnet::interface {

/// Somebody's need on an interface, shared by all who have it.
struct Uses::Use {
    Use(std::weak_ptr<Uses> owner, Index of) : uses(std::move(owner)), index(of) {}
    ~Use() {
        if (const auto alive = uses.lock()) {
            alive->release(index, this);
        }
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    std::weak_ptr<Uses> uses;
    const Index index;
};

Uses::Uses(Table& table, std::function<absl::Status(Index, bool)> turn)
    : self_(this, [](Uses*) {}), table_(table), turn_(std::move(turn)) {
    // The index may be given to another interface, which has not asked.
    table_.observe([weak = std::weak_ptr(self_)](const Interface& interface, Change change) {
        const auto alive = weak.lock();
        if (alive != nullptr && change == Change::removing) {
            alive->release(interface.index, nullptr);
        }
    });
}

absl::StatusOr<std::shared_ptr<void>> Uses::use(Index index) {
    if (table_.get(index) == nullptr) {
        return absl::NotFoundError(fmt::format("there is no interface {}", index));
    }
    std::weak_ptr<Use>& use = uses_[index];
    if (const auto there = use.lock()) {
        return there;
    }
    const auto made = std::make_shared<Use>(self_, index);
    use = made;
    if (auto status = turn_(index, true); !status.ok()) {
        return status;
    }
    return made;
}

void Uses::release(Index index, const Use* use) {
    const auto found = uses_.find(index);
    // One of an interface that went before its index was given again.
    if (found == uses_.end() || (use != nullptr && !found->second.expired())) {
        return;
    }
    uses_.erase(found);
    (void)turn_(index, false);
}

}  // namespace vnet::interface
