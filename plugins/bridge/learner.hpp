// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_hash_crc.h>

#include "plugins/bridge/host_table.hpp"
#include "plugins/bridge/mac_table.hpp"
#include "vnet/learning/learner.hpp"

namespace bridge {

using vnet::learning::Learner;

/// A station that a worker heard by an interface that the table does not have it behind.
struct HeardStation {
    Station station = 0;
    Index interface = 0;
    uint64_t hash() const noexcept { return rte_hash_crc_8byte(station, interface); }
    bool operator==(const HeardStation&) const = default;
};

/// An address that is a station's by its own words, and the table does not say so.
struct HeardHost {
    HostKey key;
    HostFacts facts;
    uint64_t hash() const noexcept { return rte_hash_crc_8byte(facts.mac, key.hash()); }
    bool operator==(const HeardHost&) const = default;
};

}  // namespace bridge
