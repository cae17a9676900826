// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
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
    /// `capacity`, above 0, is rounded up to whole blocks. `log` outlives the ring.
    Ring(Log& log, std::size_t capacity)
        : Topic(log), blocks_((capacity + block_events - 1) / block_events) {}

    std::size_t capacity() const { return blocks_.size() * block_events; }
    /// What its blocks take; what the records own beside is not known.
    std::size_t bytes() const {
        return sizeof(Block) *
               std::size_t(std::count_if(blocks_.begin(), blocks_.end(),
                                         [](const auto& b) { return b != nullptr; }));
    }

    /// Keeps an event; the oldest gives way where there is no room. Its number.
    std::uint64_t push(Record record) {
        if (size_ == capacity()) {
            forgotten_ = at(0).number;
            first_ = (first_ + 1) % capacity();
            --size_;
        }
        const std::size_t slot = (first_ + size_) % capacity();
        auto& block = blocks_[slot / block_events];
        if (block == nullptr) {
            block = std::make_unique<Block>();
        }
        const std::uint64_t number = log().count();
        (*block)[slot % block_events] = {number, std::move(record)};
        ++size_;
        return number;
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
        const std::size_t slot = (first_ + place) % capacity();
        return (*blocks_[slot / block_events])[slot % block_events];
    }

    std::vector<std::unique_ptr<Block>> blocks_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::uint64_t forgotten_ = 0;
};

}  // namespace api::events
