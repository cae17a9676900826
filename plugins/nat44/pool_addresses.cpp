// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/pool_addresses.hpp"

#include <absl/status/status.h>
#include <fmt/format.h>

namespace nat44 {
namespace {

struct Unusable {
    Ip4Prefix prefix;
    const char* what;
};
/// What a host cannot have, or routers do not forward (RFC 6890). The narrower one comes first.
constexpr Unusable unusable[] = {
    {{Ip4Address(255, 255, 255, 255), 32}, "the limited broadcast address"},
    {{Ip4Address(0, 0, 0, 0), 8}, "\"this network\""},
    {{Ip4Address(127, 0, 0, 0), 8}, "loopback"},
    {{Ip4Address(169, 254, 0, 0), 16}, "link-local, which routers do not forward"},
    {{Ip4Address(224, 0, 0, 0), 4}, "multicast"},
    {{Ip4Address(240, 0, 0, 0), 4}, "reserved (class E)"},
};

}  // namespace

absl::Status PoolAddresses::check(std::string_view pool, const AddressRange& range) const {
    if (range.first > range.last) {
        return absl::InvalidArgumentError(
            fmt::format("pool '{}' cannot have {}-{}: the first address is above the last; give "
                        "the lower one first",
                        pool, range.first, range.last));
    }
    for (const auto& [prefix, what] : unusable) {
        if (range.overlaps(prefix)) {
            return absl::InvalidArgumentError(
                fmt::format("pool '{}' cannot have {}: {} is {}; give unicast addresses that are "
                            "routed to this router",
                            pool, range.to_string(), prefix, what));
        }
    }
    // Ranges do not overlap: if one does with this, the last that begins in it or before it does.
    const auto after = ranges_.upper_bound(range.last);
    if (after != ranges_.begin()) {
        const Range& other = std::prev(after)->second;
        if (other.addresses.overlaps(range)) {
            return absl::AlreadyExistsError(
                fmt::format("pool '{}' cannot have {}: pool '{}' has {}; give others, or remove "
                            "those first",
                            pool, range.to_string(), other.pool_name, other.addresses.to_string()));
        }
    }
    const size_t room = free_numbers_.size() + most_addresses - next_number_;
    if (range.size() > room) {
        return absl::ResourceExhaustedError(
            fmt::format("pool '{}' cannot have the {} addresses {}: all pools together have {} at "
                        "most, of which {} are free now; give fewer, or remove others",
                        pool, range.size(), range.to_string(), most_addresses, room));
    }
    return absl::OkStatus();
}

absl::StatusOr<std::vector<uint16_t>> PoolAddresses::add(Pool pool, AddressRange range) {
    if (auto status = check(pool.name, range); !status.ok()) {
        return status;
    }
    std::vector<uint16_t> numbers;
    std::vector<OutsideAddress> addresses;
    for (uint32_t i = 0; i < range.size(); ++i) {
        if (free_numbers_.empty()) {
            numbers.push_back(uint16_t(next_number_++));
        } else {
            numbers.push_back(free_numbers_.back());
            free_numbers_.pop_back();
        }
        addresses.push_back({Ip4Address(range.first.value() + i), numbers.back(), pool.number});
    }
    size_ += numbers.size();
    orders_[pool.number].add(addresses);
    ranges_[range.first] = {range, pool.number, std::string(pool.name), numbers};
    return numbers;
}

absl::StatusOr<std::vector<uint16_t>> PoolAddresses::remove(Pool pool, AddressRange range) {
    const auto found = ranges_.find(range.first);
    if (found == ranges_.end() || found->second.pool != pool.number ||
        found->second.addresses != range) {
        return absl::NotFoundError(fmt::format(
            "pool '{}' has no range {}; give one as it was added", pool.name, range.to_string()));
    }
    std::vector<uint16_t> numbers = std::move(found->second.numbers);
    ranges_.erase(found);
    size_ -= numbers.size();
    const auto order = orders_.find(pool.number);
    order->second.remove(range);
    if (order->second.size() == 0) {
        orders_.erase(order);
    }
    return numbers;
}

void PoolAddresses::recycle(std::span<const uint16_t> numbers) {
    free_numbers_.insert(free_numbers_.end(), numbers.begin(), numbers.end());
}

std::vector<AddressRange> PoolAddresses::ranges(uint16_t pool) const {
    std::vector<AddressRange> found;
    for (const auto& [first, range] : ranges_) {
        if (range.pool == pool) {
            found.push_back(range.addresses);
        }
    }
    return found;
}

AddressIndex PoolAddresses::index(uint64_t seed) const {
    return {orders_, seed};
}

}  // namespace nat44
