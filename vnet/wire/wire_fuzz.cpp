// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "vnet/wire/arp.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/dissect.hpp"
#include "vnet/wire/geneve.hpp"
#include "vnet/wire/gre.hpp"
#include "vnet/wire/igmp.hpp"
#include "vnet/wire/ip4_options.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/mac.hpp"
#include "vnet/wire/mld.hpp"
#include "vnet/wire/nd.hpp"
#include "vnet/wire/nd_options.hpp"

namespace {

using namespace vnet::wire;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void describe_all(std::span<const std::byte> bytes) {
    for (const FirstLayer first : {FirstLayer::ethernet, FirstLayer::ip4, FirstLayer::ip6}) {
        const std::string line = describe(bytes, first);
        require(!line.empty());
        for (const char character : line) {
            require(character >= ' ' && character <= '~');
        }
        require(dissect(bytes, first).size() <= 16);
    }
}

void walk_options(std::span<const std::byte> bytes) {
    Ip4OptionsCursor options(bytes);
    std::size_t end = sizeof(Ip4Header);
    while (const auto option = options.next()) {
        require(option->offset >= end && option->bytes.size() >= 2);
        require(option->bytes.data() == bytes.data() + option->offset);
        end = option->offset + option->bytes.size();
        require(end <= Ip4Header::longest_header && end <= bytes.size());
    }
    require(!options.malformed() || options.error_pointer() < Ip4Header::longest_header);
}

void check_verdicts(std::span<const std::byte> bytes) {
    const auto [arp, arp_fault] = check_arp(bytes);
    require((arp == nullptr) == (arp_fault == ArpFault::truncated));
    require(arp_fault != ArpFault::none || arp->sender_mac.is_unicast());
    if (check_ip4(bytes) == Ip4Fault::none) {
        const auto* header = view<Ip4Header>(bytes);
        require(header->header_length() >= sizeof(Ip4Header));
        require(header->header_length() <= header->total_length.value());
        require(header->total_length.value() <= bytes.size());
    }
    if (check_ip6(bytes) == Ip6Fault::none) {
        require(view<Ip6Header>(bytes)->total_length() <= bytes.size());
    }
}

void read_tunnels(std::span<const std::byte> bytes) {
    if (const auto [fields, fault] = read_gre(bytes); fault == GreFault::none) {
        require(fields.length >= sizeof(GreHeader) && fields.length <= bytes.size());
    }
    if (const auto* header = view<GeneveHeader>(bytes)) {
        const auto behind = after(bytes, sizeof(GeneveHeader));
        const auto own = at_most(behind, header->options_length());
        GeneveOptionsCursor options(own);
        std::size_t used = 0;
        while (const auto option = options.next()) {
            used += sizeof(GeneveOptionHeader) + option->data.size();
            require(used <= own.size());
        }
        require(options.malformed() || used == own.size());
    }
}

void walk_options6(std::span<const std::byte> bytes, std::size_t offset) {
    Ip6OptionsCursor options(bytes, offset);
    std::size_t end = offset + sizeof(Ip6ExtensionHeader);
    std::size_t count = 0;
    while (const auto option = options.next()) {
        require(++count <= Ip6OptionsCursor::most_options);
        require(option->offset >= end && option->bytes.size() >= 2);
        require(option->bytes.data() == bytes.data() + option->offset);
        end = option->offset + option->bytes.size();
        require(end <= bytes.size());
    }
}

void walk_chain(std::span<const std::byte> bytes) {
    const Ip6Chain chain = walk_ip6(bytes);
    require(chain.headers <= Ip6Chain::most_headers);
    require(chain.upper_offset <= bytes.size());
    require(chain.upper_offset <= sizeof(Ip6Header) + Ip6Chain::most_bytes);
    require(chain.fault == Ip6ChainFault::none || !chain.has_l4_header);
    require(chain.fault != Ip6ChainFault::none || chain.has_l4_header ||
            chain.has_fragment_header());
    if (chain.hop_by_hop_offset != 0) {
        walk_options6(bytes, chain.hop_by_hop_offset);
    }
}

/// What the cursor reads, the writer writes again.
void walk_nd_options(std::span<const std::byte> options) {
    NdOptionsCursor cursor(options);
    std::size_t bytes = 0;
    while (const auto option = cursor.next()) {
        require(option->bytes.data() == options.data() + bytes && option->bytes.size() >= 8);
        bytes += option->bytes.size();
        std::byte room[2048];
        NdOptionsWriter writer(room);
        if (const auto mac = option->mac()) {
            writer.link_address(option->type, *mac);
        } else if (const auto mtu = option->mtu()) {
            writer.mtu(*mtu);
        } else if (const auto* prefix = option->prefix_information()) {
            writer.prefix_information({prefix->prefix, prefix->prefix_length}, prefix->flags,
                                      prefix->valid_lifetime_s.value(),
                                      prefix->preferred_lifetime_s.value());
        } else if (option->dns_servers() != nullptr) {
            require(option->dns_server_count() >= 1 && option->dns_server_count() <= 127);
            (void)option->dns_server(option->dns_server_count() - 1);
        } else if (option->route_information() != nullptr) {
            require(option->route_prefix().is_normalised());
        }
        require(!writer.overflowed() && writer.size() <= option->bytes.size());
    }
    require(bytes <= options.size() && (cursor.malformed() || bytes == options.size()));
}

void check_discovery(std::span<const std::byte> bytes) {
    const auto* header = view<Ip6Header>(bytes);
    if (header == nullptr) {
        return;
    }
    const auto message = after(bytes, sizeof(Ip6Header));
    // Options far inside are met at all only behind a right header.
    Ip6Header right = *header;
    right.hop_limit = 255;
    for (const Ip6Header& ip : {*header, right}) {
        if (check_nd(ip, message) == NdFault::none) {
            require(ip.hop_limit == 255);
            walk_nd_options(after(message, nd_fixed_bytes(view<Icmp6Header>(message)->type())));
        }
    }
    walk_nd_options(message);
}

void check_query(std::span<const std::byte> bytes) {
    constexpr std::size_t behind_options = sizeof(Ip6Header) + 8;
    for (const std::size_t offset : {sizeof(Ip6Header), behind_options}) {
        const MldQuery query = read_mld_query(bytes, offset);
        if (query.fault == MldFault::none) {
            require(bytes.size() >= offset + sizeof(MldMessage));
            require(query.group.is_unspecified() || query.group.is_multicast());
            require(query.max_response.count() >= 0 && query.max_response.count() < 8'388'608);
        }
    }
}

void check_membership(std::span<const std::byte> bytes) {
    const IgmpQuery query = read_igmp_query(bytes);
    if (query.fault == IgmpFault::none) {
        require(bytes.size() >= sizeof(Ip4Header) + sizeof(IgmpMessage));
        require(query.group == Ip4Address() || query.group.is_multicast());
        require(query.version >= 1 && query.version <= 3);
        require(query.max_response.count() >= 0 && query.max_response.count() <= 3'174'400);
    }
}

void sum(std::span<const std::byte> bytes) {
    std::uint32_t naive = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        naive += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
        naive = (naive & 0xffff) + (naive >> 16);
    }
    require(internet_checksum(bytes).value() == static_cast<std::uint16_t>(~naive));
}

/// What a parser accepts it writes back letter for letter, or as its one form (MAC and IPv6).
void parse_text(std::string_view text) {
    if (const auto address = Ip4Address::parse(text); address.ok()) {
        require(address->to_string() == text);
    }
    if (const auto prefix = Ip4Prefix::parse(text); prefix.ok()) {
        require(prefix->to_string() == text);
    }
    if (const auto address = Ip6Address::parse(text); address.ok()) {
        require(*Ip6Address::parse(address->to_string()) == *address);
    }
    if (const auto prefix = Ip6Prefix::parse(text); prefix.ok()) {
        require(*Ip6Prefix::parse(prefix->to_string()) == *prefix);
    }
    if (const auto mac = MacAddress::parse(text); mac.ok()) {
        require(*MacAddress::parse(mac->to_string()) == *mac);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    describe_all(bytes);
    walk_options(bytes);
    walk_options(after(bytes, sizeof(EthernetHeader)));
    read_tunnels(bytes);
    check_verdicts(bytes);
    check_verdicts(after(bytes, sizeof(EthernetHeader)));
    for (const auto packet : {bytes, after(bytes, sizeof(EthernetHeader))}) {
        walk_chain(packet);
        check_discovery(packet);
        check_query(packet);
        check_membership(packet);
    }
    sum(bytes);
    parse_text(std::string(data, data + size));
    return 0;
}
