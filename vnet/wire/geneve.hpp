// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::wire {

/// Geneve header without its options, between UDP and what is carried (RFC 8926 3.4).
struct GeneveHeader {
    /// Of the UDP destination, by default.
    static constexpr std::uint16_t port = 6081;
    /// Bytes of options that there may be.
    static constexpr std::size_t longest_options = 63 * 4;
    static constexpr std::uint8_t control_flag = 0x80;
    static constexpr std::uint8_t critical_flag = 0x40;

    std::uint8_t version_length = 0;
    std::uint8_t flags = 0;
    Be16 protocol;  ///< an EtherType
    /// The number, and eight bits that are sent as zero and not looked at.
    Be32 vni_reserved;

    [[nodiscard]] constexpr unsigned version() const noexcept { return version_length >> 6U; }
    [[nodiscard]] constexpr std::size_t options_length() const noexcept {
        return std::size_t{version_length & 0x3fU} * 4;
    }
    /// Bytes of the whole header: 8 to 260.
    [[nodiscard]] constexpr std::size_t length() const noexcept {
        return sizeof(GeneveHeader) + options_length();
    }
    /// For the endpoint itself, nothing is carried.
    [[nodiscard]] constexpr bool is_control() const noexcept { return (flags & control_flag) != 0; }
    /// Some option is critical: who does not know it drops the packet.
    [[nodiscard]] constexpr bool has_critical() const noexcept {
        return (flags & critical_flag) != 0;
    }
    [[nodiscard]] constexpr std::uint32_t vni() const noexcept { return vni_reserved.value() >> 8; }
};
static_assert(WireHeader<GeneveHeader> && sizeof(GeneveHeader) == 8);

/// What each option begins with (RFC 8926 3.5).
struct GeneveOptionHeader {
    Be16 option_class;
    std::uint8_t type = 0;
    std::uint8_t reserved_length = 0;

    [[nodiscard]] constexpr bool is_critical() const noexcept { return (type & 0x80U) != 0; }
    /// Bytes of what follows: 0 to 124.
    [[nodiscard]] constexpr std::size_t data_length() const noexcept {
        return std::size_t{reserved_length & 0x1fU} * 4;
    }
};
static_assert(WireHeader<GeneveOptionHeader> && sizeof(GeneveOptionHeader) == 4);

struct GeneveOption {
    std::uint16_t option_class = 0;
    std::uint8_t type = 0;
    bool is_critical = false;
    std::span<const std::byte> data;
};

/// Walks the options of a header. Ends at the last one, or where one is longer than what is left of
/// them, which makes the packet malformed.
class GeneveOptionsCursor {
public:
    /// `options`: what is behind the header, as many bytes as it says.
    explicit GeneveOptionsCursor(std::span<const std::byte> options) noexcept : left_(options) {}

    [[nodiscard]] std::optional<GeneveOption> next() noexcept {
        if (left_.empty()) {
            return std::nullopt;
        }
        const auto* header = view<GeneveOptionHeader>(left_);
        if (header == nullptr || left_.size() < sizeof(*header) + header->data_length()) {
            malformed_ = true;
            left_ = {};
            return std::nullopt;
        }
        const GeneveOption option{header->option_class.value(), header->type, header->is_critical(),
                                  left_.subspan(sizeof(*header), header->data_length())};
        left_ = left_.subspan(sizeof(*header) + header->data_length());
        return option;
    }
    [[nodiscard]] bool malformed() const noexcept { return malformed_; }

private:
    std::span<const std::byte> left_;
    bool malformed_ = false;
};

}  // namespace vnet::wire
