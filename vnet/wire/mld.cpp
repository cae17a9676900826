// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/mld.hpp"

#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::wire {
namespace {

/// RFC 3810 5.1.3: milliseconds, or from 32768 on a number of 12 bits and a power of two.
std::chrono::milliseconds response_time(std::uint16_t code) noexcept {
    constexpr std::uint32_t first_float = 0x8000;
    const std::uint32_t mantissa = (code & 0xfffU) | 0x1000U;
    const std::uint32_t exponent = code >> 12 & 7U;
    return std::chrono::milliseconds(code < first_float ? code : mantissa << (exponent + 3));
}

bool has_router_alert(std::span<const std::byte> packet, const Ip6Header& ip) noexcept {
    if (ip.next_header() != IpProtocol::hop_by_hop) {
        return false;
    }
    Ip6OptionsCursor options(packet, sizeof(Ip6Header));
    while (const auto option = options.next()) {
        if (option->type == Ip6OptionType::router_alert) {
            return true;
        }
    }
    return false;
}

MldFault check(const Ip6Header& ip, std::span<const std::byte> packet, const MldMessage& message,
               std::span<const std::byte> rest) noexcept {
    // Of version 1 there is nothing behind; anything between the two is of neither (RFC 3810 8.1).
    if (const auto* tail = view<MldQueryTail>(rest);
        !rest.empty() && (tail == nullptr || rest.size() - sizeof(*tail) <
                                                 tail->sources.value() * sizeof(Ip6Address))) {
        return MldFault::truncated;
    }
    if (ip.hop_limit != 1) {
        return MldFault::hop_limit;
    }
    if (!ip.source.is_link_local()) {
        return MldFault::source;
    }
    if (!has_router_alert(packet, ip)) {
        return MldFault::no_router_alert;
    }
    return message.group.is_unspecified() || message.group.is_multicast() ? MldFault::none
                                                                          : MldFault::group;
}

}  // namespace

MldQuery read_mld_query(std::span<const std::byte> packet, std::size_t message_offset) noexcept {
    MldQuery query;
    const auto* ip = view<Ip6Header>(packet);
    const auto bytes = after(packet, message_offset);
    const auto* message = view<MldMessage>(bytes);
    if (ip == nullptr || message == nullptr) {
        query.fault = MldFault::truncated;
        return query;
    }
    const auto rest = after(bytes, sizeof(*message));
    query.fault = check(*ip, packet, *message, rest);
    query.version = rest.empty() ? 1 : 2;
    query.group = message->group;
    query.max_response = query.version == 1
                             ? std::chrono::milliseconds(message->max_response.value())
                             : response_time(message->max_response.value());
    return query;
}

}  // namespace vnet::wire
