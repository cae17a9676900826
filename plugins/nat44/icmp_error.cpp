// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/icmp_error.hpp"

#include <algorithm>

#include "plugins/nat44/translation.hpp"

namespace nat44 {

namespace {

using vnet::wire::Be16;
using vnet::wire::Icmp4Header;
using vnet::wire::Icmp4Type;
using vnet::wire::Ip4Header;
using vnet::wire::IpProtocol;

// RFC 792: so much of the quoted packet's data an error has at least, unless there is less.
constexpr size_t least_quoted = 8;

// Of TCP, UDP and ICMP: TCP's checksum is what lies deepest.
constexpr size_t last_touched = offsetof(vnet::wire::TcpHeader, checksum) + sizeof(Be16);

bool is_translated(Icmp4Type type) noexcept {
    return is_error(type) && type != Icmp4Type::redirect;
}

/// Where the headers of a quoted packet lie. `Byte` may be const.
template <class Byte>
struct Found {
    QuoteFault fault = QuoteFault::none;
    std::span<Byte> header;
    /// As much of the quoted packet as is quoted: not what pads it, nor extensions (REQ-3d).
    std::span<Byte> l4;
};

template <class Byte>
Found<Byte> find(std::span<Byte> message) noexcept {
    const std::span<Byte> quote = vnet::wire::after(message, sizeof(Icmp4Header));
    const auto* ip = vnet::wire::view<Ip4Header>(quote);
    if (ip == nullptr) {
        return {QuoteFault::truncated, {}, {}};
    }
    const size_t length = ip->header_length();
    const size_t total = ip->total_length.value();
    if (ip->version() != 4 || length < sizeof(Ip4Header) || total < length) {
        return {QuoteFault::malformed, {}, {}};
    }
    if (length > quote.size()) {
        return {QuoteFault::truncated, {}, {}};
    }
    const auto l4 = vnet::wire::at_most(quote.subspan(length), total - length);
    const bool needed =
        ip->has_l4_header() && (has_ports(ip->protocol()) || ip->protocol() == IpProtocol::icmp);
    if (needed && l4.size() < least_quoted) {
        return {QuoteFault::truncated, {}, {}};
    }
    return {QuoteFault::none, quote.first(length), l4};
}

/// The quoted packet's headers get `to`.
void rewrite(Ip4Header& ip, std::span<std::byte> l4, const Tuple& to) noexcept {
    if (translate<Side::both>(ip, l4, to)) {
        return;
    }
    // TCP whose checksum is not quoted, or half of it, which nobody can make use of.
    auto change = detail::set_addresses<Side::both>(ip, to);
    if (auto* ports = vnet::wire::view<Ports>(l4); ports != nullptr) {
        detail::set_ports<Side::both>(*ports, to, change);
    }
}

}  // namespace

std::string_view name(QuoteFault fault) noexcept {
    switch (fault) {
        case QuoteFault::none:
            return "none";
        case QuoteFault::not_error:
            return "not-error";
        case QuoteFault::checksum:
            return "checksum";
        case QuoteFault::malformed:
            return "malformed";
        case QuoteFault::truncated:
            return "truncated";
        case QuoteFault::quote_checksum:
            return "quote-checksum";
        case QuoteFault::quotes_error:
            return "quotes-error";
        case QuoteFault::not_to_sender:
            return "not-to-sender";
    }
    return {};
}

Quote read_quote(const Ip4Header& outer, std::span<const std::byte> message) noexcept {
    const auto* icmp = vnet::wire::view<Icmp4Header>(message);
    if (icmp == nullptr) {
        return {.fault = QuoteFault::truncated};
    }
    if (!is_translated(icmp->type())) {
        return {.fault = QuoteFault::not_error};
    }
    if (!vnet::wire::InternetSum().add(message).is_valid()) {
        return {.fault = QuoteFault::checksum};
    }
    const auto found = find(message);
    if (found.fault != QuoteFault::none) {
        return {.fault = found.fault};
    }
    const auto* ip = vnet::wire::view<Ip4Header>(found.header);
    const auto tuple = read_tuple(*ip, found.l4);
    if (!vnet::wire::InternetSum().add(found.header).is_valid()) {
        return {.fault = QuoteFault::quote_checksum};
    }
    Quote quote{.protocol = ip->protocol(),
                .has_ports = has_ports(ip->protocol()) && ip->has_l4_header(),
                .tuple = *tuple};
    if (ip->protocol() == IpProtocol::icmp && ip->has_l4_header()) {
        const Icmp4Type type = vnet::wire::view<Icmp4Header>(found.l4)->type();
        if (is_error(type)) {
            return {.fault = QuoteFault::quotes_error};
        }
        quote.has_ports = is_request(type) || is_reply(type);
    }
    // Else it would be handed to whoever the tuple names, whomever it was sent to.
    if (ip->source != outer.destination) {
        return {.fault = QuoteFault::not_to_sender};
    }
    return quote;
}

bool translate_error(Ip4Header& outer, std::span<std::byte> message, vnet::wire::Ip4Address source,
                     const Tuple& quoted) noexcept {
    auto* icmp = vnet::wire::view<Icmp4Header>(message);
    const auto found = find(message);
    if (icmp == nullptr || found.fault != QuoteFault::none) {
        return false;
    }
    // All that can change. It begins at an even offset of the message.
    const size_t touched = found.header.size() + std::min(found.l4.size(), last_touched);
    const auto headers = message.subspan(sizeof(Icmp4Header), touched);
    const Be16 before = vnet::wire::internet_checksum(headers);
    rewrite(*vnet::wire::view<Ip4Header>(found.header), found.l4, quoted);
    // Checksums are complements of the sums: what is new stands in the place of what was.
    icmp->checksum = vnet::wire::ChecksumChange()
                         .add(vnet::wire::internet_checksum(headers), before)
                         .apply(icmp->checksum);
    detail::set_addresses<Side::both>(outer, {{source, {}}, {quoted.source.address, {}}});
    return true;
}

}  // namespace nat44
