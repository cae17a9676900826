// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nat44/address_index.hpp"
#include "plugins/nat44/address_range.hpp"

namespace nat44 {

/// The outside addresses of all pools. Each has a number below 65536 of its own for as long as it
/// is there, by which workers find what they keep for it. Control thread.
class PoolAddresses {
public:
    static constexpr size_t most_addresses = AddressIndex::most_addresses;
    /// A pool: its number, which its owner gives, and its name.
    struct Pool {
        uint16_t number;
        std::string_view name;
    };

    /// Gives a pool more addresses. INVALID_ARGUMENT where a range has addresses that no host may
    /// have, ALREADY_EXISTS where a pool has some of them, RESOURCE_EXHAUSTED where it makes too
    /// many. Answers their numbers, in order.
    absl::StatusOr<std::vector<uint16_t>> add(Pool pool, AddressRange range);

    /// Takes a range from a pool as it was added; NOT_FOUND for another. Answers the numbers of its
    /// addresses, which are given to no other address until recycle().
    absl::StatusOr<std::vector<uint16_t>> remove(Pool pool, AddressRange range);
    /// No worker and no session has these numbers in hand any more.
    void recycle(std::span<const uint16_t> numbers);

    /// The ranges of a pool, in order.
    std::vector<AddressRange> ranges(uint16_t pool) const;
    /// Addresses that were added together, and their numbers, in order.
    struct Range {
        AddressRange addresses;
        uint16_t pool;
        std::string pool_name;
        std::vector<uint16_t> numbers;
    };
    /// Of all pools, by first address.
    const std::map<Ip4Address, Range>& all() const noexcept { return ranges_; }
    /// Of all pools.
    size_t size() const noexcept { return size_; }

    /// What workers see of all this. The seed is any number that nobody outside can guess.
    AddressIndex index(uint64_t seed) const;

private:
    absl::Status check(std::string_view pool, const AddressRange& range) const;

    std::map<Ip4Address, Range> ranges_;
    size_t size_ = 0;
    /// Numbers that were given out once and are free again; all from next_number_ on are free too.
    std::vector<uint16_t> free_numbers_;
    size_t next_number_ = 0;
    /// By pool: where its addresses stand when a host picks one.
    std::map<uint16_t, PickOrder> orders_;
};

}  // namespace nat44
