// SPDX-License-Identifier: Apache-2.0
#include "graph/slots.hpp"

namespace graph {

absl::StatusOr<uint16_t> SlotMap::place_bytes(std::string name, size_t size, size_t alignment) {
    for (const Placed& slot : placed_) {
        if (slot.name != name) {
            continue;
        }
        if (slot.size == size) {
            return slot.offset;
        }
        return absl::AlreadyExistsError(fmt::format(
            "packet slot '{}' is there already with {} B, asked for {} B; choose another name",
            name, slot.size, size));
    }
    const size_t offset = (used_ + alignment - 1) / alignment * alignment;
    if (offset + size > slot_bytes) {
        return absl::ResourceExhaustedError(fmt::format(
            "packet slot '{}' needs {} B, but {} of the {} B for plugins' metadata are taken", name,
            size, used_, slot_bytes));
    }
    used_ = offset + size;
    placed_.push_back({std::move(name), uint16_t(offset), uint16_t(size)});
    return uint16_t(offset);
}

}  // namespace graph
