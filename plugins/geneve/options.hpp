// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/packet.hpp"
#include "vnet/wire/geneve.hpp"

namespace geneve {

/// The options of a tunnel (RFC 8926 3.5): what its packets carry, and what it knows of those that
/// come. One of them may stand for the packet's mark. Never changed; read by any thread.
class Options {
public:
    /// Bytes of options in a packet that leaves: with them, all other headers and some VLAN tags it
    /// fits into the room that is in front of packets.
    static constexpr size_t most_bytes = 40;
    /// Bytes of the mark, in network byte order.
    static constexpr size_t mark_bytes = 4;
    static constexpr uint32_t highest_mark =
        graph::treatment::mark_mask >> graph::treatment::mark_shift;

    Options() = default;
    /// A list with commas, of "CLASS:TYPE:DATA", all in hexadecimal, data of a multiple of four
    /// bytes, sent in each packet; "CLASS:TYPE:mark", sent with the packet's mark, and its mark
    /// where it comes; "CLASS:TYPE:known", not sent. INVALID_ARGUMENT says what would be accepted.
    static absl::StatusOr<Options> parse(std::string_view text);

    /// What is behind the Geneve header of each packet; the mark is zero.
    const std::vector<std::byte>& bytes() const noexcept { return bytes_; }
    /// Where in them the mark is.
    std::optional<size_t> mark_offset() const noexcept { return mark_offset_; }
    /// The header has to say that one of them is critical.
    bool has_critical() const noexcept { return has_critical_; }
    bool empty() const noexcept { return known_.empty(); }

    /// Malformed is what does not end where the options do, and a mark that no packet can have.
    enum class Fault : uint8_t { none, malformed, unknown_critical };
    struct Seen {
        Fault fault = Fault::none;
        /// The mark that the packet brings.
        std::optional<uint32_t> mark;
    };
    /// Walks the options of a packet that came.
    Seen see(std::span<const std::byte> options) const noexcept;

private:
    /// Class above the type.
    static constexpr uint32_t kind(uint16_t option_class, uint8_t type) noexcept {
        return uint32_t{option_class} << 8 | type;
    }
    absl::Status add(std::string_view option);

    std::vector<std::byte> bytes_;
    std::optional<size_t> mark_offset_;
    uint32_t mark_kind_ = ~0U;
    bool has_critical_ = false;
    std::vector<uint32_t> known_;
};

}  // namespace geneve
