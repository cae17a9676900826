// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mss_clamp {

/// What became of a TCP segment.
enum class Outcome {
    /// No SYN, no MSS in it, or none that is larger: as it was.
    unchanged,
    /// It announces less now.
    clamped,
    /// A SYN whose options cannot be read to their end: as it was.
    malformed,
};

/// Lowers the maximum segment size that a SYN announces (RFC 9293 3.7.1) to `most`, and updates the
/// checksum for it (RFC 1624), whether it was right or wrong. `segment` begins with the TCP header
/// and may be cut behind its options.
Outcome clamp(std::span<std::byte> segment, uint16_t most) noexcept;

}  // namespace mss_clamp
