// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/icmp4/error.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/ip4/family.hpp"
#include "vnet/ip6/family.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/icmp6.hpp"

namespace vnet::tunnel {

/// What differs between the underlays of both families: nodes and headers.
template <class Family>
struct Names;

template <>
struct Names<ip4::Family> {
    using Header = wire::Ip4Header;
    static constexpr const char* input = "tunnel4-input";
    static constexpr const char* errors = "tunnel4-errors";
    static constexpr const char* local = "ip4-local";
    static constexpr const char* rewrite = "ip4-rewrite";
    static constexpr wire::EtherType ether_type = wire::EtherType::ip4;
    static constexpr const char* deliver = "ip4-deliver";

    /// Whole, and nothing between the header and what it carries.
    static bool is_plain(const Header& ip) noexcept { return ip.is_plain_whole(); }
    static wire::IpProtocol protocol(const Header& ip) noexcept { return ip.protocol(); }
    /// A group of the link's own, which is for no tunnel.
    static bool is_of_link(wire::Ip4Address group) noexcept { return group.is_local_multicast(); }
    /// Of the whole packet.
    static uint32_t length(const Header& ip) noexcept { return ip.total_length.value(); }
};

template <>
struct Names<ip6::Family> {
    using Header = wire::Ip6Header;
    static constexpr const char* input = "tunnel6-input";
    static constexpr const char* errors = "tunnel6-errors";
    static constexpr const char* local = "ip6-local";
    static constexpr const char* rewrite = "ip6-rewrite";
    static constexpr wire::EtherType ether_type = wire::EtherType::ip6;
    static constexpr const char* deliver = "ip6-deliver";

    /// An extension header is no protocol that a tunnel has.
    static bool is_plain(const Header&) noexcept { return true; }
    static wire::IpProtocol protocol(const Header& ip) noexcept { return ip.next_header(); }
    static bool is_of_link(wire::Ip6Address group) noexcept {
        return group.multicast_scope() <= wire::Ip6Scope::interface_local;
    }
    static uint32_t length(const Header& ip) noexcept {
        return uint32_t(sizeof(Header)) + ip.payload_length.value();
    }
};

}  // namespace vnet::tunnel
