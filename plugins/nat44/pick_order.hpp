// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/nat44/address_range.hpp"

namespace nat44 {

/// An address of a pool, by the numbers under which workers keep what is its and its pool's.
struct OutsideAddress {
    Ip4Address address;
    uint16_t number;
    uint16_t pool;
};
static_assert(sizeof(OutsideAddress) == 8);

/// Which address of a pool a host has: always the same (paired address pooling, RFC 4787 REQ-2, RFC
/// 6888 REQ-2). Jump consistent hashing (Lamping and Veach 2014) among places, of which some are
/// left empty when an address goes, and are filled first when one comes: so only the hosts that had
/// an address that went, and those that get one that came, change theirs. All hosts may, where
/// fewer than half of the places are taken and the empty ones are given up. Control changes it;
/// workers see copies, which do not change.
class PickOrder {
public:
    void add(std::span<const OutsideAddress> addresses);
    void remove(const AddressRange& range);

    /// Null where there is no address. `host` is any number that is the host's own. Some hundred
    /// clocks for a thousand addresses: a division for each doubling of their number.
    const OutsideAddress* pick(uint64_t host) const noexcept;

    size_t size() const noexcept { return taken_; }
    /// All places; an empty one has the address 0.0.0.0. The last one is not empty.
    std::span<const OutsideAddress> places() const noexcept { return places_; }

private:
    std::vector<OutsideAddress> places_;
    size_t taken_ = 0;
};

}  // namespace nat44
