// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "graph/packet.hpp"
#include "plugins/bridge/host_table.hpp"
#include "vnet/wire/ethernet.hpp"

namespace bridge {

/// What a frame of ARP (RFC 826) or neighbor discovery (RFC 4861) lets a bridge know.
struct Words {
    enum class Kind : uint8_t { nothing, arp, nd };
    Kind kind = Kind::nothing;
    /// The frame's sender tells that `address` is his, and how.
    bool says = false;
    /// The frame's sender, who has an address of his own, asks all for who has `target`. Who asks
    /// whether an address is free does not: the one who has it shall hear that.
    bool asks = false;
    vnet::wire::Ip6Address address;
    HostFacts facts;
    vnet::wire::Ip6Address target;
};

/// Whether a frame of this type may have words, by its Ethernet type alone.
inline bool may_have_words(vnet::wire::Be16 type) noexcept {
    return type == vnet::wire::to_be(vnet::wire::EtherType::arp) ||
           type == vnet::wire::to_be(vnet::wire::EtherType::ip6);
}

/// Understands a frame without tags. Nothing is said by a malformed one, or by one that speaks of
/// another MAC address than the one that it comes from; of neighbor discovery nothing by one with
/// extension headers or a bad checksum, and only advertisements tell of an address: nothing else
/// says whether its host is a router. A solicitation with a nonce asks for an answer that only its
/// target can give (RFC 3971), so it does not count as asking.
Words words_of(std::span<const std::byte> frame) noexcept;

/// Makes the answer of the host with `facts` out of a frame for which words_of() says `asks`; it is
/// to leave by where it came. False, and the frame as it was, where the buffer has no room for it.
bool answer(graph::Packet& packet, const HostFacts& facts) noexcept;

}  // namespace bridge
