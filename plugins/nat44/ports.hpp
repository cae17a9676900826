// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>

#include "vnet/wire/port_range.hpp"

namespace nat44 {

inline constexpr uint32_t most_port = 65535;

using vnet::wire::PortRange;
/// What is given out where nobody says otherwise: what no well-known service has.
inline constexpr PortRange unprivileged_ports{1024, 65535};

/// Which worker gives out which ports of a range, the same for each outside address: so a packet
/// from outside is known by its destination port to be of a worker, without any table. Each has one
/// contiguous part of whole blocks; parts differ by one block at most. A value: made by control,
/// copied to workers.
class PortPartition {
public:
    /// Among 1 to 64 workers, by blocks of so many ports. Ports at the end that make no whole block
    /// are of no part. INVALID_ARGUMENT where there are fewer blocks than workers.
    static absl::StatusOr<PortPartition> make(PortRange range, unsigned workers,
                                              unsigned block = 1);

    /// What a worker gives out.
    PortRange part(unsigned worker) const noexcept;

    /// Whose part a port is in. A port of no part, for which there can only be a static mapping,
    /// has a worker all the same: such ports are spread. Two multiplications.
    unsigned worker_of(uint16_t port) const noexcept {
        const uint32_t offset = uint32_t(port) - first_;
        if (offset >= blocks_ * block_) [[unlikely]] {
            return (port * 0x9e37u & 0xffff) * workers_ >> 16;
        }
        // Worker w begins with block floor(w * blocks / workers): the last one that does not begin
        // behind this block.
        return by_blocks_((by_block_(offset) + 1) * workers_ - 1);
    }

private:
    /// x / n by a multiplication: exact for x below 2^22 and n to 2^16, as 2^40 / n is rounded up
    /// by less than 2^40 / (x * n).
    class Divider {
    public:
        explicit Divider(uint32_t n) noexcept : factor_((uint64_t{1} << 40) / n + 1) {}
        uint32_t operator()(uint32_t x) const noexcept { return uint32_t(x * factor_ >> 40); }

    private:
        uint64_t factor_;
    };

    PortPartition(uint16_t first, uint32_t blocks, uint32_t block, uint32_t workers) noexcept
        : first_(first),
          blocks_(blocks),
          block_(block),
          workers_(workers),
          by_block_(block),
          by_blocks_(blocks) {}

    uint32_t first_;
    uint32_t blocks_;
    uint32_t block_;
    uint32_t workers_;
    Divider by_block_;
    Divider by_blocks_;
};

}  // namespace nat44
