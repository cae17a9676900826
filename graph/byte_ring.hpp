// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace graph {

/// A bounded queue of records of bytes from one thread to one other. Nobody waits: a full ring
/// refuses. Each record lies in one piece, aligned to 8 bytes. All memory is taken and touched when
/// the ring is made, so that the producer meets no page fault.
class ByteRing {
public:
    /// `capacity` bytes, a power of two of at least 64.
    explicit ByteRing(size_t capacity);

    // ---- the producer ----

    /// Room for a record of `size` bytes, not zero, or nullptr where there is none. It stays unseen
    /// until publish(); several may be made for one.
    std::byte* reserve(size_t size) noexcept;
    /// Shows the consumer all that was reserved.
    void publish() noexcept { head_.store(reserved_, std::memory_order_release); }

    // ---- the consumer ----

    /// The oldest record, empty where there is none. Valid until pop().
    std::span<const std::byte> front() noexcept;
    /// Gives up the record that front() showed.
    void pop() noexcept;

    /// Bytes that a record of `size` takes of the capacity.
    static constexpr size_t footprint(size_t size) noexcept {
        return sizeof(Header) + (size + alignment - 1) / alignment * alignment;
    }

private:
    static constexpr size_t alignment = 8;
    struct Header {
        uint32_t size;
        /// The rest of the ring's end is skipped, since the record did not fit there.
        uint32_t skipped;
    };

    const size_t capacity_;
    const std::unique_ptr<std::byte[]> bytes_;
    /// Positions only grow; the place is their remainder.
    alignas(64) std::atomic<uint64_t> head_{0};
    uint64_t reserved_ = 0;
    uint64_t seen_tail_ = 0;
    alignas(64) std::atomic<uint64_t> tail_{0};
    uint64_t seen_head_ = 0;
};

}  // namespace graph
