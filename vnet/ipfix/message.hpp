// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vnet/ipfix/layout.hpp"

namespace vnet::ipfix {

/// One IPFIX message as it is put together (RFC 7011 3): templates and records one behind another,
/// neighbours of a kind in one set, without padding. Its memory is taken when it is made. Not
/// thread-safe.
class Message {
public:
    static constexpr size_t header_bytes = 16;
    static constexpr size_t set_header_bytes = 4;

    /// What its header says (RFC 7011 3.1).
    struct Header {
        /// Seconds since 1970 (UTC), when the message leaves.
        uint32_t export_time = 0;
        /// How many data records of the observation domain were sent before it, modulo 2^32.
        uint32_t sequence = 0;
        uint32_t domain = 0;
    };

    /// Never longer than `most_bytes`, 65535 at most.
    explicit Message(size_t most_bytes);

    /// False, and nothing is added, where there is no room.
    bool add(const Template& declared);
    /// The same; `record` has the bytes that the template tells.
    bool add(uint16_t template_id, std::span<const std::byte> record);

    /// Data records in it.
    uint32_t records() const noexcept { return records_; }
    bool empty() const noexcept { return bytes_.size() == header_bytes; }
    /// Writes the header. Valid until the message is changed.
    std::span<const std::byte> finish(const Header& header) noexcept;
    void clear() noexcept;

private:
    bool make_room(uint16_t set_id, size_t bytes);
    void put16(uint16_t value);
    void write16(size_t place, uint16_t value) noexcept;

    const size_t most_bytes_;
    std::vector<std::byte> bytes_;
    /// Where the last set begins, and its id; 0: there is none.
    size_t set_ = 0;
    uint16_t set_id_ = 0;
    uint32_t records_ = 0;
};

}  // namespace vnet::ipfix
