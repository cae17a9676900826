// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip6_extensions.hpp"

#include <algorithm>

namespace vnet::wire {
namespace {

constexpr std::uint16_t narrow(std::size_t offset) noexcept {
    return static_cast<std::uint16_t>(offset);
}

/// One walk over the headers of a packet.
class Walk {
public:
    Walk(std::span<const std::byte> packet, std::size_t length) noexcept
        : packet_(packet), length_(length) {}

    Ip6Chain run() noexcept {
        const auto* header = view<Ip6Header>(packet_);
        if (header == nullptr) {
            return fail(Ip6ChainFault::truncated, 0);
        }
        packet_ = at_most(packet_, header->total_length());
        length_ = std::min(length_, header->total_length());
        chain_.next_header_offset = offsetof(Ip6Header, next_header_number);
        chain_.upper = header->next_header();
        chain_.upper_offset = sizeof(Ip6Header);
        chain_.has_l4_header = true;
        while (chain_.has_l4_header && is_ip6_extension(chain_.upper)) {
            if (const Ip6ChainFault fault = step(); fault != Ip6ChainFault::none) {
                return fail(fault, error_);
            }
        }
        return chain_;
    }

private:
    [[nodiscard]] std::size_t position() const noexcept { return chain_.upper_offset; }

    Ip6Chain fail(Ip6ChainFault fault, std::size_t error) noexcept {
        chain_.fault = fault;
        chain_.error_offset = narrow(error);
        chain_.has_l4_header = false;
        return chain_;
    }

    Ip6ChainFault step() noexcept {
        error_ = chain_.next_header_offset;
        if (chain_.headers == Ip6Chain::most_headers) {
            return Ip6ChainFault::too_many_headers;
        }
        ++chain_.headers;
        const auto* header = view<Ip6ExtensionHeader>(after(packet_, position()));
        if (header == nullptr) {
            return cut();
        }
        const IpProtocol kind = chain_.upper;
        const std::size_t length = kind == IpProtocol::fragment ? sizeof(Ip6FragmentHeader)
                                   : kind == IpProtocol::ah     ? header->authentication_length()
                                                                : header->length();
        if (length > packet_.size() - position()) {
            return cut();
        }
        if (position() + length > sizeof(Ip6Header) + Ip6Chain::most_bytes) {
            return Ip6ChainFault::too_long;
        }
        if (const Ip6ChainFault fault = note(kind); fault != Ip6ChainFault::none) {
            return fault;
        }
        chain_.next_header_offset = chain_.upper_offset;
        chain_.upper = header->next_header();
        chain_.upper_offset = narrow(position() + length);
        return Ip6ChainFault::none;
    }

    /// All headers belong in the first fragment; anything else that is cut was cut by accident or
    /// by force.
    [[nodiscard]] Ip6ChainFault cut() const noexcept {
        return more_fragments_ ? Ip6ChainFault::incomplete_first_fragment
                               : Ip6ChainFault::truncated;
    }

    Ip6ChainFault note(IpProtocol kind) noexcept {
        switch (kind) {
            case IpProtocol::hop_by_hop:
                if (chain_.headers != 1) {
                    return Ip6ChainFault::hop_by_hop_order;
                }
                chain_.hop_by_hop_offset = narrow(position());
                return Ip6ChainFault::none;
            case IpProtocol::routing:
                // The first: what follows it is not yet for whoever looks at this packet.
                if (chain_.routing_offset == 0) {
                    chain_.routing_offset = narrow(position());
                }
                return Ip6ChainFault::none;
            case IpProtocol::fragment:
                return note_fragment();
            default:
                return Ip6ChainFault::none;
        }
    }

    Ip6ChainFault note_fragment() noexcept {
        if (chain_.has_fragment_header()) {
            return Ip6ChainFault::second_fragment_header;
        }
        const auto bytes = after(packet_, position());
        const auto* fragment = view<Ip6FragmentHeader>(bytes);
        if (fragment == nullptr) {
            return cut();
        }
        const std::size_t piece = length_ - position() - sizeof(Ip6FragmentHeader);
        if (fragment->more_fragments() && piece % 8 != 0) {
            error_ = offsetof(Ip6Header, payload_length);
            return Ip6ChainFault::fragment_length;
        }
        // What stays of the packet before the fragment header counts into the length too.
        const std::size_t before = position() - sizeof(Ip6Header);
        if (before + fragment->offset() + piece > 0xffff) {
            error_ = position() + offsetof(Ip6FragmentHeader, offset_more);
            return Ip6ChainFault::fragment_overrun;
        }
        chain_.fragment_offset = narrow(position());
        more_fragments_ = fragment->more_fragments();
        chain_.has_l4_header = fragment->offset() == 0;
        return Ip6ChainFault::none;
    }

    std::span<const std::byte> packet_;
    /// Of the packet, with what is not at hand.
    std::size_t length_;
    Ip6Chain chain_;
    std::size_t error_ = 0;
    bool more_fragments_ = false;
};

}  // namespace

std::string_view name(Ip6ChainFault fault) noexcept {
    switch (fault) {
        case Ip6ChainFault::none:
            return "none";
        case Ip6ChainFault::truncated:
            return "extension-truncated";
        case Ip6ChainFault::incomplete_first_fragment:
            return "incomplete-first-fragment";
        case Ip6ChainFault::hop_by_hop_order:
            return "hop-by-hop-order";
        case Ip6ChainFault::too_many_headers:
            return "too-many-extensions";
        case Ip6ChainFault::too_long:
            return "extensions-too-long";
        case Ip6ChainFault::second_fragment_header:
            return "second-fragment-header";
        case Ip6ChainFault::fragment_length:
            return "fragment-length";
        case Ip6ChainFault::fragment_overrun:
            return "fragment-overrun";
    }
    return {};
}

Ip6Chain walk_ip6(std::span<const std::byte> packet) noexcept {
    return Walk(packet, packet.size()).run();
}

Ip6Chain walk_ip6(std::span<const std::byte> packet, std::size_t length) noexcept {
    return Walk(packet, std::max(length, packet.size())).run();
}

Ip6OptionsCursor::Ip6OptionsCursor(std::span<const std::byte> packet, std::size_t offset) noexcept
    : packet_(packet), position_(offset + sizeof(Ip6ExtensionHeader)) {
    const auto* header = view<Ip6ExtensionHeader>(after(packet, offset));
    if (header == nullptr || header->length() > packet.size() - offset) {
        fail(offset + offsetof(Ip6ExtensionHeader, length_units));
        return;
    }
    end_ = offset + header->length();
}

std::nullopt_t Ip6OptionsCursor::fail(std::size_t offset) noexcept {
    malformed_ = true;
    error_offset_ = narrow(offset);
    end_ = 0;
    return std::nullopt;
}

std::optional<Ip6Option> Ip6OptionsCursor::next() noexcept {
    while (position_ < end_) {
        const std::size_t at = position_;
        const auto type = static_cast<Ip6OptionType>(packet_[at]);
        if (++options_ > most_options) {
            return fail(at);
        }
        if (type == Ip6OptionType::pad_1) {
            ++position_;
            continue;
        }
        if (end_ - at < 2) {
            return fail(at);
        }
        const std::size_t length = 2 + static_cast<std::size_t>(packet_[at + 1]);
        if (length > end_ - at) {
            return fail(at + 1);
        }
        position_ += length;
        if (type != Ip6OptionType::pad_n) {
            return Ip6Option{type, narrow(at), packet_.subspan(at, length)};
        }
    }
    end_ = 0;
    return std::nullopt;
}

}  // namespace vnet::wire
