// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "graph/limits.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/mac.hpp"

namespace dhcp_client {

using vnet::interface::Index;

/// The address that an interface's client is about to use, and who else said that it has it.
/// Written by control, which takes what workers have seen.
class Watch {
public:
    Watch() : addresses_(graph::max_interfaces), holders_(graph::max_interfaces) {}

    // ---- control thread ----

    /// 0.0.0.0 for none. What was seen before is forgotten.
    void set(Index interface, vnet::wire::Ip4Address address) noexcept {
        addresses_[interface].store(address.value(), std::memory_order_relaxed);
        holders_[interface].store(0, std::memory_order_relaxed);
    }
    /// Who has the address; zero: nobody was heard.
    vnet::wire::MacAddress holder(Index interface) const noexcept {
        return vnet::wire::MacAddress::from_uint64(
            holders_[interface].load(std::memory_order_relaxed));
    }

    // ---- workers ----

    /// Somebody was heard to have an address.
    void heard(Index interface, vnet::wire::Ip4Address address,
               const vnet::wire::MacAddress& who) noexcept {
        const uint32_t wanted = addresses_[interface].load(std::memory_order_relaxed);
        if (wanted != 0 && wanted == address.value()) {
            holders_[interface].store(who.to_uint64(), std::memory_order_relaxed);
        }
    }

private:
    graph::StableArray<std::atomic<uint32_t>> addresses_;
    graph::StableArray<std::atomic<uint64_t>> holders_;
};

}  // namespace dhcp_client
