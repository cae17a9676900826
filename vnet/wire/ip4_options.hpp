// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::wire {

/// IPv4 option types (RFC 791 3.1, RFC 2113). Other values are to be expected.
enum class Ip4OptionType : std::uint8_t {
    end = 0,
    no_operation = 1,
    record_route = 7,
    timestamp = 68,
    security = 130,
    loose_source_route = 131,
    stream_id = 136,
    strict_source_route = 137,
    router_alert = 148,
};

/// One option: its bytes, type and length octet included, and where they start in the header.
struct Ip4Option {
    Ip4OptionType type = Ip4OptionType::end;
    std::uint8_t offset = 0;
    std::span<const std::byte> bytes;

    /// Goes into every fragment, not only into the first.
    [[nodiscard]] constexpr bool is_copied() const noexcept {
        return (static_cast<std::uint8_t>(type) & 0x80) != 0;
    }
    [[nodiscard]] constexpr bool is_source_route() const noexcept {
        return type == Ip4OptionType::loose_source_route ||
               type == Ip4OptionType::strict_source_route;
    }
};

/// Walks the options of a header. Never leaves the header, always ends: at most 40 steps.
/// No-operation octets and the end of the list are skipped. When it meets a malformed option it
/// stops, and error_pointer() is what an ICMP parameter problem has to say (RFC 792).
///
///     Ip4OptionsCursor options(packet);
///     while (auto option = options.next()) { ... }
///     if (options.malformed()) { ... options.error_pointer() ... }
class Ip4OptionsCursor {
public:
    /// `packet` starts with the IPv4 header and may go on behind it. A header that does not fit in
    /// `packet`, or claims under 20 bytes, is malformed at octet 0, where its length stands.
    explicit Ip4OptionsCursor(std::span<const std::byte> packet) noexcept {
        const auto* header = view<Ip4Header>(packet);
        if (header == nullptr || header->header_length() < sizeof(Ip4Header) ||
            header->header_length() > packet.size()) {
            fail(0);
            return;
        }
        header_ = packet.first(header->header_length());
    }

    /// The next option, or nothing at the end and at a malformed option.
    [[nodiscard]] std::optional<Ip4Option> next() noexcept {
        while (position_ < header_.size()) {
            const auto type = static_cast<Ip4OptionType>(octet(position_));
            if (type == Ip4OptionType::end) {
                break;
            }
            if (type == Ip4OptionType::no_operation) {
                ++position_;
                continue;
            }
            const std::size_t left = header_.size() - position_;
            if (left < 2) {
                return fail(position_);
            }
            const std::size_t length = octet(position_ + 1);
            if (length < 2 || length > left) {
                return fail(position_ + 1);
            }
            const Ip4Option option{type, static_cast<std::uint8_t>(position_),
                                   header_.subspan(position_, length)};
            if (const std::size_t wrong = wrong_octet(option); wrong != 0) {
                return fail(position_ + wrong);
            }
            position_ += length;
            return option;
        }
        position_ = header_.size();
        return std::nullopt;
    }

    [[nodiscard]] bool malformed() const noexcept { return malformed_; }
    /// The octet of the header at which the error lies; meaningful when malformed().
    [[nodiscard]] std::uint8_t error_pointer() const noexcept { return error_pointer_; }

private:
    [[nodiscard]] std::uint8_t octet(std::size_t position) const noexcept {
        return static_cast<std::uint8_t>(header_[position]);
    }

    std::nullopt_t fail(std::size_t pointer) noexcept {
        malformed_ = true;
        error_pointer_ = static_cast<std::uint8_t>(pointer);
        header_ = {};
        return std::nullopt;
    }

    /// The octet within an option of known layout that is wrong; 0 when none is.
    [[nodiscard]] static std::size_t wrong_octet(const Ip4Option& option) noexcept {
        const std::size_t length = option.bytes.size();
        const auto at = [&](std::size_t i) { return static_cast<std::size_t>(option.bytes[i]); };
        switch (option.type) {
            case Ip4OptionType::record_route:
            case Ip4OptionType::loose_source_route:
            case Ip4OptionType::strict_source_route:
                // The pointer counts from 1 and starts behind the three fixed octets; past the end
                // it means "full". Room for a part of an address only is an error (RFC 791).
                if (length < 3) {
                    return 1;
                }
                return at(2) < 4 || (at(2) <= length && at(2) + 3 > length) ? 2 : 0;
            case Ip4OptionType::timestamp:
                return wrong_timestamp_octet(option);
            case Ip4OptionType::router_alert:
            case Ip4OptionType::stream_id:
                return length != 4 ? 1 : 0;
            case Ip4OptionType::security:
                // RFC 1108 made this 3 octets or more; RFC 791's was 11.
                return length < 3 ? 1 : 0;
            case Ip4OptionType::end:
            case Ip4OptionType::no_operation:
                break;
        }
        return 0;
    }

    [[nodiscard]] static std::size_t wrong_timestamp_octet(const Ip4Option& option) noexcept {
        const std::size_t length = option.bytes.size();
        if (length < 4) {
            return 1;
        }
        const auto pointer = static_cast<std::size_t>(option.bytes[2]);
        const auto flag = static_cast<std::uint8_t>(option.bytes[3]) & 0xf;
        // Flag 0: time only; 1 and 3: address and time.
        if (flag != 0 && flag != 1 && flag != 3) {
            return 3;
        }
        const std::size_t entry = flag == 0 ? 4 : 8;
        return pointer < 5 || (pointer <= length && pointer + entry - 1 > length) ? 2 : 0;
    }

    std::span<const std::byte> header_;
    std::size_t position_ = sizeof(Ip4Header);
    bool malformed_ = false;
    std::uint8_t error_pointer_ = 0;
};

}  // namespace vnet::wire
