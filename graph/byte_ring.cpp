// SPDX-License-Identifier: Apache-2.0
#include "graph/byte_ring.hpp"

#include <cstring>

namespace graph {

ByteRing::ByteRing(size_t capacity)
    : capacity_(capacity), bytes_(std::make_unique<std::byte[]>(capacity)) {}

std::byte* ByteRing::reserve(size_t size) noexcept {
    const size_t needed = footprint(size);
    const size_t place = reserved_ % capacity_;
    const size_t to_end = capacity_ - place;
    const size_t skipped = needed > to_end ? to_end : 0;
    if (reserved_ + skipped + needed - seen_tail_ > capacity_) {
        seen_tail_ = tail_.load(std::memory_order_acquire);
        if (reserved_ + skipped + needed - seen_tail_ > capacity_) {
            return nullptr;
        }
    }
    if (skipped != 0) {
        const Header header{0, 1};
        std::memcpy(bytes_.get() + place, &header, sizeof(header));
        reserved_ += skipped;
    }
    const Header header{uint32_t(size), 0};
    std::byte* const begin = bytes_.get() + reserved_ % capacity_;
    std::memcpy(begin, &header, sizeof(header));
    reserved_ += needed;
    return begin + sizeof(header);
}

std::span<const std::byte> ByteRing::front() noexcept {
    uint64_t tail = tail_.load(std::memory_order_relaxed);
    for (;;) {
        if (tail == seen_head_) {
            seen_head_ = head_.load(std::memory_order_acquire);
            if (tail == seen_head_) {
                return {};
            }
        }
        const size_t place = tail % capacity_;
        Header header;
        std::memcpy(&header, bytes_.get() + place, sizeof(header));
        if (header.skipped == 0) {
            return {bytes_.get() + place + sizeof(header), header.size};
        }
        tail += capacity_ - place;
        tail_.store(tail, std::memory_order_release);
    }
}

void ByteRing::pop() noexcept {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    Header header;
    std::memcpy(&header, bytes_.get() + tail % capacity_, sizeof(header));
    tail_.store(tail + footprint(header.size), std::memory_order_release);
}

}  // namespace graph
