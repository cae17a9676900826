// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/nd.hpp"

#include "vnet/wire/nd_options.hpp"

namespace vnet::wire {
namespace {

constexpr std::uint8_t required_hop_limit = 255;

NdFault check_solicitation(const Ip6Header& ip, const NeighborSolicitation& message) noexcept {
    if (message.target.is_multicast() || !message.target.valid_destination()) {
        return NdFault::target;
    }
    return ip.source.is_unspecified() && !ip.destination.is_solicited_node() ? NdFault::destination
                                                                             : NdFault::none;
}

NdFault check_advertisement(const Ip6Header& ip, const NeighborAdvertisement& message) noexcept {
    if (message.target.is_multicast() || !message.target.valid_destination()) {
        return NdFault::target;
    }
    return ip.destination.is_multicast() && message.solicited() ? NdFault::destination
                                                                : NdFault::none;
}

NdFault check_redirect(const NdRedirect& message) noexcept {
    if (message.destination.is_multicast()) {
        return NdFault::destination;
    }
    return message.target.is_link_local() || message.target == message.destination
               ? NdFault::none
               : NdFault::target;
}

NdFault check_addresses(const Ip6Header& ip, Icmp6Type type,
                        std::span<const std::byte> message) noexcept {
    const bool from_router = type == Icmp6Type::router_advertisement || type == Icmp6Type::redirect;
    const bool solicits =
        type == Icmp6Type::router_solicitation || type == Icmp6Type::neighbor_solicitation;
    if (from_router ? !ip.source.is_link_local()
                    : !ip.source.valid_source() && !(solicits && ip.source.is_unspecified())) {
        return NdFault::source;
    }
    switch (type) {
        case Icmp6Type::neighbor_solicitation:
            return check_solicitation(ip, *view<NeighborSolicitation>(message));
        case Icmp6Type::neighbor_advertisement:
            return check_advertisement(ip, *view<NeighborAdvertisement>(message));
        case Icmp6Type::redirect:
            return check_redirect(*view<NdRedirect>(message));
        default:
            return NdFault::none;
    }
}

}  // namespace

std::string_view name(NdFault fault) noexcept {
    switch (fault) {
        case NdFault::none:
            return "none";
        case NdFault::type:
            return "type";
        case NdFault::truncated:
            return "truncated";
        case NdFault::hop_limit:
            return "hop-limit";
        case NdFault::code:
            return "code";
        case NdFault::source:
            return "source";
        case NdFault::destination:
            return "destination";
        case NdFault::target:
            return "target";
        case NdFault::option:
            return "option";
        case NdFault::unspecified_link_address:
            return "unspecified-link-address";
    }
    return {};
}

std::size_t nd_fixed_bytes(Icmp6Type type) noexcept {
    switch (type) {
        case Icmp6Type::router_solicitation:
            return sizeof(RouterSolicitation);
        case Icmp6Type::router_advertisement:
            return sizeof(RouterAdvertisement);
        case Icmp6Type::neighbor_solicitation:
            return sizeof(NeighborSolicitation);
        case Icmp6Type::neighbor_advertisement:
            return sizeof(NeighborAdvertisement);
        case Icmp6Type::redirect:
            return sizeof(NdRedirect);
        default:
            return 0;
    }
}

NdFault check_nd(const Ip6Header& ip, std::span<const std::byte> message) noexcept {
    const auto* header = view<Icmp6Header>(message);
    if (header == nullptr) {
        return NdFault::truncated;
    }
    const std::size_t fixed = nd_fixed_bytes(header->type());
    if (fixed == 0) {
        return NdFault::type;
    }
    if (message.size() < fixed) {
        return NdFault::truncated;
    }
    if (ip.hop_limit != required_hop_limit) {
        return NdFault::hop_limit;
    }
    if (header->code != 0) {
        return NdFault::code;
    }
    if (const NdFault fault = check_addresses(ip, header->type(), message);
        fault != NdFault::none) {
        return fault;
    }
    bool names_sender = false;
    NdOptionsCursor options(message.subspan(fixed));
    while (const auto option = options.next()) {
        names_sender |= option->type == NdOptionType::source_link_address;
    }
    if (options.malformed()) {
        return NdFault::option;
    }
    return names_sender && ip.source.is_unspecified() ? NdFault::unspecified_link_address
                                                      : NdFault::none;
}

}  // namespace vnet::wire
