// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace vnet::membership {

/// What a record of a report says of a group; the numbers are those of both protocols (RFC 3376
/// 4.2.12, RFC 3810 5.2.12).
enum class RecordType : uint8_t {
    is_exclude = 2,  ///< without sources: listens to all
    to_include = 3,  ///< without sources: has left
    to_exclude = 4,  ///< without sources: has joined
};

/// A record without sources.
template <class Address>
struct Record {
    RecordType type;
    Address group;
};

/// A question of a link's router as a listener needs it.
template <class Address>
struct Query {
    unsigned version;
    /// Unspecified: about all groups.
    Address group;
    /// Who asks.
    Address querier;
    /// Within this time it is to be answered.
    std::chrono::milliseconds max_response;
};

}  // namespace vnet::membership
