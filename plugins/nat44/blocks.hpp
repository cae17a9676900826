// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "plugins/nat44/ports.hpp"

namespace nat44 {

/// The port blocks of one outside address in the part of one worker: a block is one host's, in all
/// protocols, so that one record says whose its ports were (RFC 6888 5, REQ-14; RFC 7422 2).
/// Control makes it, one worker changes it, any thread may ask how many are free. Allocates when it
/// is made only.
class PortBlocks {
public:
    /// Whatever number its user has for an inside host.
    using Host = uint32_t;
    static constexpr Host nobody = ~Host{0};

    /// Ports in a block: a power of two.
    static constexpr unsigned least_size = 64;
    static constexpr unsigned most_size = 4096;
    /// INVALID_ARGUMENT says what would be accepted.
    static absl::Status check_size(unsigned size);

    /// Of a part that PortPartition made with the same size, which check_size() accepts.
    PortBlocks(PortRange part, unsigned size);
    PortBlocks(const PortBlocks&) = delete;
    PortBlocks& operator=(const PortBlocks&) = delete;

    // ---- its worker ----

    /// Gives a host a free block near a random one (`random` is any 32 bits that nobody outside can
    /// guess). None where all are taken. Looks at each word of 64 blocks once, and there are 16 at
    /// most.
    std::optional<PortRange> claim(Host host, uint32_t random) noexcept;
    /// The block that this port is in, and which is not free, is another host's.
    void pass(uint16_t port, Host host) noexcept {
        if (const uint32_t block = block_of(port); block < count_) {
            owners_[block] = host;
        }
    }
    /// The block that this port is in is free again. Nothing happens where it was, or for a port of
    /// no block.
    void release(uint16_t port) noexcept;
    /// Whose a port is; nobody where its block is free, and for a port of no block.
    Host owner(uint16_t port) const noexcept {
        const uint32_t block = block_of(port);
        return block < count_ ? owners_[block] : nobody;
    }

    // ---- any thread ----

    unsigned size() const noexcept { return 1u << shift_; }
    uint32_t blocks() const noexcept { return count_; }
    uint32_t free() const noexcept { return free_.load(std::memory_order_relaxed); }

private:
    /// At least count_ for a port of no block.
    uint32_t block_of(uint16_t port) const noexcept { return (uint32_t(port) - first_) >> shift_; }
    void count(int change) noexcept {
        free_.store(free() + uint32_t(change), std::memory_order_relaxed);
    }

    const uint32_t first_;
    const uint32_t shift_;
    const uint32_t count_;
    std::atomic<uint32_t> free_;
    /// One bit a free block.
    std::unique_ptr<uint64_t[]> free_blocks_;
    std::unique_ptr<Host[]> owners_;
};

}  // namespace nat44
