// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/igmp.hpp"

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::wire {
namespace {

using std::chrono::milliseconds;

/// RFC 3376 4.1.1: tenths of a second, or from 128 on a number of four bits and a power of two.
milliseconds response_time(std::uint8_t code) noexcept {
    constexpr unsigned first_float = 0x80;
    const unsigned mantissa = (code & 0xfU) | 0x10U;
    const unsigned exponent = code >> 4 & 7U;
    return milliseconds(100) * (code < first_float ? code : mantissa << (exponent + 3));
}

IgmpFault check(const Ip4Header& ip, std::span<const std::byte> message) noexcept {
    const auto* query = view<IgmpMessage>(message);
    if (query == nullptr) {
        return IgmpFault::truncated;
    }
    if (!InternetSum().add(message).is_valid()) {
        return IgmpFault::bad_checksum;
    }
    if (query->type() != IgmpType::query) {
        return IgmpFault::no_query;
    }
    // Of versions 1 and 2 there is nothing behind; anything between them and 3 is of none (RFC 3376
    // 7.1).
    const auto rest = after(message, sizeof(*query));
    if (const auto* tail = view<IgmpQueryTail>(rest);
        !rest.empty() && (tail == nullptr || rest.size() - sizeof(*tail) <
                                                 tail->sources.value() * sizeof(Ip4Address))) {
        return IgmpFault::truncated;
    }
    if (ip.ttl != 1) {
        return IgmpFault::ttl;
    }
    const bool is_general = query->group == Ip4Address();
    return is_general ? (ip.destination == all_systems ? IgmpFault::none : IgmpFault::group)
                      : (query->group.is_multicast() ? IgmpFault::none : IgmpFault::group);
}

}  // namespace

IgmpQuery read_igmp_query(std::span<const std::byte> packet) noexcept {
    IgmpQuery query;
    const auto* ip = view<Ip4Header>(packet);
    const auto message =
        ip == nullptr ? std::span<const std::byte>() : after(packet, ip->header_length());
    query.fault = ip == nullptr ? IgmpFault::truncated : check(*ip, message);
    if (query.fault != IgmpFault::none) {
        return query;
    }
    const auto& fixed = *view<IgmpMessage>(message);
    query.version = message.size() > sizeof(fixed) ? 3 : fixed.max_response != 0 ? 2 : 1;
    query.group = fixed.group;
    query.querier = ip->source;
    // Version 1 says no time, which is ten seconds (RFC 2236 4).
    query.max_response = query.version == 3   ? response_time(fixed.max_response)
                         : query.version == 2 ? milliseconds(100) * fixed.max_response
                                              : milliseconds(10'000);
    return query;
}

}  // namespace vnet::wire
