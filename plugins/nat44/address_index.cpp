// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/address_index.hpp"

#include <algorithm>
#include <bit>
#include <random>

namespace nat44 {

AddressIndex::AddressIndex(const std::map<uint16_t, PickOrder>& pools, uint64_t seed) {
    size_t addresses = 0;
    for (const auto& [number, order] : pools) {
        pools_.resize(size_t(number) + 1);
        pools_[number] = order;
        addresses += order.size();
    }
    table_.resize(std::bit_ceil(std::max<size_t>(2 * addresses, 8)));
    mask_ = table_.size() - 1;
    shift_ = 64 - unsigned(std::bit_width(mask_));

    // A key may suit the addresses badly, as ranges are anything but random: the best of some.
    std::mt19937_64 keys(seed);
    uint64_t best = 0;
    size_t shortest = ~size_t{0};
    for (unsigned tries = 0; tries < 16 && shortest > 4; ++tries) {
        const uint64_t key = keys() | 1;
        fill(key);
        if (longest_ < shortest) {
            shortest = longest_;
            best = key;
        }
    }
    if (key_ != best) {
        fill(best);
    }
}

void AddressIndex::fill(uint64_t key) {
    key_ = key;
    longest_ = 0;
    std::fill(table_.begin(), table_.end(), OutsideAddress{});
    for (const PickOrder& pool : pools_) {
        for (const OutsideAddress& place : pool.places()) {
            if (place.address.is_unspecified()) {
                continue;
            }
            size_t at = place_of(place.address);
            size_t search = 1;
            for (; !table_[at].address.is_unspecified(); ++search) {
                at = (at + 1) & mask_;
            }
            table_[at] = place;
            longest_ = std::max(longest_, search);
        }
    }
}

}  // namespace nat44
