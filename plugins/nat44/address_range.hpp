// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "vnet/wire/ip4.hpp"

namespace nat44 {

using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;

/// IPv4 addresses from the first to the last, both included; the first is not above the last.
struct AddressRange {
    Ip4Address first;
    Ip4Address last;

    constexpr uint64_t size() const noexcept { return uint64_t{last.value()} - first.value() + 1; }
    constexpr bool contains(Ip4Address address) const noexcept {
        return first <= address && address <= last;
    }
    constexpr bool overlaps(const AddressRange& other) const noexcept {
        return first <= other.last && other.first <= last;
    }
    constexpr bool overlaps(const Ip4Prefix& prefix) const noexcept {
        return overlaps({prefix.first(), prefix.last()});
    }
    std::string to_string() const {
        return first == last ? first.to_string() : fmt::format("{}-{}", first, last);
    }
    friend constexpr bool operator==(const AddressRange&, const AddressRange&) = default;
};

}  // namespace nat44
