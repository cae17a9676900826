// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace nat44 {

absl::Status PortBlocks::check_size(unsigned size) {
    if (std::has_single_bit(size) && size >= least_size && size <= most_size) {
        return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        fmt::format("a block cannot have {} ports; give a power of two from {} to {}", size,
                    least_size, most_size));
}

PortBlocks::PortBlocks(PortRange part, unsigned size)
    : first_(part.first),
      shift_(unsigned(std::countr_zero(size))),
      count_(part.size() >> shift_),
      free_(count_),
      free_blocks_(std::make_unique<uint64_t[]>((count_ + 63) / 64)),
      owners_(std::make_unique<Host[]>(count_)) {
    for (uint32_t block = 0; block < count_; ++block) {
        free_blocks_[block / 64] |= uint64_t{1} << block % 64;
    }
    std::fill_n(owners_.get(), count_, nobody);
}

std::optional<PortRange> PortBlocks::claim(Host host, uint32_t random) noexcept {
    const auto start = uint32_t(uint64_t{random} * count_ >> 32);
    const unsigned turn = start % 64;
    const uint32_t words = (count_ + 63) / 64;
    uint32_t word = start / 64;
    for (uint32_t left = words; left > 0; --left) {
        uint64_t& free_ones = free_blocks_[word];
        if (free_ones != 0) {
            const int ahead = std::countr_zero(std::rotr(free_ones, int(turn)));
            const unsigned bit = (unsigned(ahead) + turn) % 64;
            free_ones &= ~(uint64_t{1} << bit);
            count(-1);
            const uint32_t block = word * 64 + bit;
            owners_[block] = host;
            const uint32_t first = first_ + (block << shift_);
            return PortRange{uint16_t(first), uint16_t(first + size() - 1)};
        }
        word = word + 1 == words ? 0 : word + 1;
    }
    return std::nullopt;
}

void PortBlocks::release(uint16_t port) noexcept {
    const uint32_t block = block_of(port);
    if (block >= count_ || (free_blocks_[block / 64] >> block % 64 & 1) != 0) {
        return;
    }
    free_blocks_[block / 64] |= uint64_t{1} << block % 64;
    owners_[block] = nobody;
    count(1);
}

}  // namespace nat44
