// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "graph/packet.hpp"

namespace graph {

/// A plugin's own few bytes in every packet, placed by the framework. Copy it into the nodes that
/// use it. Contents are undefined until the owner writes them: a slot is not cleared when a packet
/// arrives.
template <class T>
class Slot {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    T& of(Packet& packet) const noexcept { return *reinterpret_cast<T*>(packet.slots() + offset_); }
    const T& of(const Packet& packet) const noexcept {
        return *reinterpret_cast<const T*>(packet.slots() + offset_);
    }
    /// A copy out of the slots of a traced packet.
    T of(const std::array<std::byte, slot_bytes>& slots) const noexcept {
        T value;
        std::memcpy(&value, slots.data() + offset_, sizeof(T));
        return value;
    }

private:
    friend class SlotMap;
    explicit Slot(uint16_t offset) noexcept : offset_(offset) {}
    uint16_t offset_;
};

/// Places slots in the bytes behind the metadata. Control thread. A place is given once and kept
/// for the life of the process, since packets under way may carry it.
class SlotMap {
public:
    struct Placed {
        std::string name;
        uint16_t offset;
        uint16_t size;
    };

    /// Finds room for a T. ALREADY_EXISTS for a name taken with another size, RESOURCE_EXHAUSTED
    /// when it does not fit.
    template <class T>
    absl::StatusOr<Slot<T>> place(std::string name) {
        auto offset = place_bytes(std::move(name), sizeof(T), alignof(T));
        if (!offset.ok()) {
            return offset.status();
        }
        return Slot<T>(*offset);
    }
    const std::vector<Placed>& placed() const noexcept { return placed_; }

private:
    absl::StatusOr<uint16_t> place_bytes(std::string name, size_t size, size_t alignment);
    std::vector<Placed> placed_;
    size_t used_ = 0;
};

}  // namespace graph
