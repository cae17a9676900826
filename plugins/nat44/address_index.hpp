// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "plugins/nat44/pick_order.hpp"

namespace nat44 {

/// The outside addresses as workers see them: of which pool an address is, and which one of a pool
/// a host has. Control makes a new one with each change and publishes it; never changed then.
class AddressIndex {
public:
    /// Addresses of all pools: as many as there are numbers for them.
    static constexpr size_t most_addresses = 65536;

    /// Of all pools, by their numbers; no address twice. The seed is any number that nobody outside
    /// can guess.
    AddressIndex(const std::map<uint16_t, PickOrder>& pools, uint64_t seed);

    /// Null where the address is of no pool. A multiplication, and mostly one cache line, hit or
    /// miss: the table is half full at most. Valid as long as the index.
    const OutsideAddress* find(Ip4Address address) const noexcept {
        for (size_t at = place_of(address);; at = (at + 1) & mask_) {
            const OutsideAddress& found = table_[at];
            if (found.address.is_unspecified()) {
                return nullptr;
            }
            if (found.address == address) {
                return &found;
            }
        }
    }

    /// Which address of a pool a host has (PickOrder::pick()). Null where the pool has none. Valid
    /// as long as the index.
    const OutsideAddress* pick(uint16_t pool, uint64_t host) const noexcept {
        return pool < pools_.size() ? pools_[pool].pick(host) : nullptr;
    }

    /// How many places find() looks at, at most, for an address that is there.
    size_t longest_search() const noexcept { return longest_; }

private:
    size_t place_of(Ip4Address address) const noexcept {
        return size_t(address.value() * key_ >> shift_);
    }
    void fill(uint64_t key);

    /// By pool.
    std::vector<PickOrder> pools_;
    /// Open addressing, linear probing, by the upper bits of the address times an odd key.
    std::vector<OutsideAddress> table_;
    size_t mask_ = 0;
    uint64_t key_ = 0;
    unsigned shift_ = 0;
    size_t longest_ = 0;
};

}  // namespace nat44
