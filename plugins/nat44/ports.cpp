// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/ports.hpp"

#include <absl/status/status.h>
#include <fmt/format.h>

namespace nat44 {

absl::StatusOr<PortPartition> PortPartition::make(PortRange range, unsigned workers,
                                                  unsigned block) {
    if (range.first > range.last) {
        return absl::InvalidArgumentError(
            fmt::format("ports {}-{} are no range: the first is above the last; give the lower one "
                        "first",
                        range.first, range.last));
    }
    if (workers == 0 || workers > 64 || block == 0) {
        return absl::InvalidArgumentError(
            fmt::format("ports cannot be divided among {} workers by blocks of {}; give 1 to 64 "
                        "workers and blocks of 1 port or more",
                        workers, block));
    }
    const uint32_t blocks = range.size() / block;
    if (blocks < workers) {
        return absl::InvalidArgumentError(
            fmt::format("ports {}-{} make {} blocks of {}, which is not one for each of {} "
                        "workers; give more ports or smaller blocks",
                        range.first, range.last, blocks, block, workers));
    }
    return PortPartition(range.first, blocks, block, workers);
}

PortRange PortPartition::part(unsigned worker) const noexcept {
    const uint32_t begin = worker * blocks_ / workers_;
    const uint32_t end = (worker + 1) * blocks_ / workers_;
    return {uint16_t(first_ + begin * block_), uint16_t(first_ + end * block_ - 1)};
}

}  // namespace nat44
