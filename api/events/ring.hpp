// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "api/events/log.hpp"

namespace api::events {

/// A topic that keeps its last `capacity` events as records of one type. Memory is taken in blocks
/// as events come, and kept. One thread.
template <class Record>
class Ring final : public Topic {
public:
    /// `capacity` is rounded up to a power of two, 1024 or more. `log` outlives the ring.
    Ring(Log& log, std::size_t capacity)
        : Topic(log),
          mask_(std::bit_ceil(std::max(capacity, block_events)) - 1),
          blocks_((mask_ + 1) / block_events) {}

    std::size_t capacity() const { return mask_ + 1; }
    /// What its blocks take; what the records own beside is not known.
    std::size_t bytes() const {
        return sizeof(Block) *
               std::size_t(std::count_if(blocks_.begin(), blocks_.end(),
                                         [](const auto& block) { return block != nullptr; }));
    }

    /// Keeps an event; the oldest gives way where there is no room. Its number.
    std::uint64_t push(Record record) {
        auto& block = blocks_[(end_ & mask_) / block_events];
        if (block == nullptr) {
            block = std::make_unique<Block>();
        }
        Entry& entry = (*block)[end_ % block_events];
        if (size_ == capacity()) {
            forgotten_ = entry.number;
        } else {
            ++size_;
        }
        entry.number = log().count();
        entry.record = std::move(record);
        ++end_;
        // Long unused, and so out of the caches by now.
        __builtin_prefetch(&entry + 2, 1);
        return entry.number;
    }

    const Record& record(std::size_t place) const { return at(place).record; }

    std::size_t size() const override { return size_; }
    std::uint64_t number(std::size_t place) const override { return at(place).number; }
    std::uint64_t forgotten() const override { return forgotten_; }

private:
    struct Entry {
        std::uint64_t number = 0;
        Record record;
    };
    static constexpr std::size_t block_events = 1024;
    using Block = std::array<Entry, block_events>;

    const Entry& at(std::size_t place) const {
        const std::size_t slot = (end_ - size_ + place) & mask_;
        return (*blocks_[slot / block_events])[slot % block_events];
    }

    const std::size_t mask_;
    std::vector<std::unique_ptr<Block>> blocks_;
    /// How many events there were: the next goes to that slot.
    std::size_t end_ = 0;
    std::size_t size_ = 0;
    std::uint64_t forgotten_ = 0;
};

}  // namespace api::events
