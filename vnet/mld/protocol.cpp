// SPDX-License-Identifier: Apache-2.0
#include "vnet/mld/protocol.hpp"

#include <algorithm>
#include <array>

#include "vnet/membership/listener_body.hpp"
#include "vnet/mld/listener.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/mld.hpp"

namespace vnet::mld {

using membership::RecordType;

namespace {
/// As many records as every link carries in one packet.
constexpr size_t most_records = 60;

/// A hop-by-hop header with a router alert for MLD (RFC 2711 2.1), padded.
constexpr std::array<uint8_t, 8> router_alert = {
    uint8_t(wire::IpProtocol::icmp6),    0, uint8_t(wire::Ip6OptionType::router_alert), 2, 0, 0,
    uint8_t(wire::Ip6OptionType::pad_n), 0};

template <class Part>
void append(std::vector<std::byte>& bytes, const Part& part) {
    const auto more = std::as_bytes(std::span(&part, 1));
    bytes.insert(bytes.end(), more.begin(), more.end());
}
}  // namespace

bool Protocol::is_reported(Address group) noexcept {
    return group != Address::all_nodes() &&
           group.multicast_scope() > wire::Ip6Scope::interface_local;
}

void Protocol::observe_source(std::function<void(interface::Index)> observer) {
    addresses_.observe_use([observer = std::move(observer)](interface::Index interface,
                                                            const wire::Ip6Prefix& own, bool used) {
        if (used && own.address().is_link_local()) {
            observer(interface);
        }
    });
}

std::optional<membership::Query<wire::Ip6Address>> Protocol::read(const graph::Packet& packet) {
    const graph::Metadata& meta = packet.meta();
    const std::span<const std::byte> bytes = packet.from_offset(meta.l3_offset);
    const auto* ip = wire::view<wire::Ip6Header>(bytes);
    const wire::MldQuery query =
        wire::read_mld_query(bytes, size_t(meta.l4_offset - meta.l3_offset));
    if (ip == nullptr || query.fault != wire::MldFault::none) {
        return std::nullopt;
    }
    return membership::Query<Address>{query.version, query.group, ip->source, query.max_response};
}

/// Version 1 has a message for each group, and says nothing of groups left but to routers.
std::vector<std::vector<std::byte>> Protocol::frames(const interface::Interface& interface,
                                                     unsigned version,
                                                     std::span<const Record> records) const {
    std::vector<std::vector<std::byte>> all;
    if (version == 1) {
        for (const Record& one : records) {
            const bool left = one.type == RecordType::to_include;
            wire::MldMessage report;
            report.type_number =
                uint8_t(left ? wire::Icmp6Type::listener_done : wire::Icmp6Type::listener_report);
            report.group = one.group;
            std::vector<std::byte> message;
            append(message, report);
            all.push_back(frame(interface, left ? Address::all_routers() : one.group, message));
        }
        return all;
    }
    for (size_t begin = 0; begin < records.size(); begin += most_records) {
        const auto some = records.subspan(begin, std::min(most_records, records.size() - begin));
        wire::MldReport report;
        report.records = wire::Be16(uint16_t(some.size()));
        std::vector<std::byte> message;
        append(message, report);
        for (const Record& one : some) {
            wire::MldRecord record;
            record.type_number = uint8_t(one.type);
            record.group = one.group;
            append(message, record);
        }
        all.push_back(frame(interface, wire::mld_routers, message));
    }
    return all;
}

wire::Ip6Address Protocol::source_on(interface::Index interface) const {
    for (const wire::Ip6Prefix& own : addresses_.of(interface)) {
        if (own.address().is_link_local() && !addresses_.is_tentative(interface, own.address())) {
            return own.address();
        }
    }
    return {};
}

std::vector<std::byte> Protocol::frame(const interface::Interface& interface, Address destination,
                                       std::span<std::byte> message) const {
    wire::EthernetHeader ethernet;
    ethernet.destination = destination.multicast_mac();
    ethernet.source = interface.mac;
    ethernet.type = wire::to_be(wire::EtherType::ip6);
    wire::Ip6Header ip;
    ip.payload_length = wire::Be16(uint16_t(router_alert.size() + message.size()));
    ip.next_header_number = uint8_t(wire::IpProtocol::hop_by_hop);
    ip.hop_limit = 1;
    ip.source = source_on(interface.index);
    ip.destination = destination;
    wire::view<wire::Icmp6Header>(message)->checksum =
        wire::l4_checksum(ip.source, destination, wire::IpProtocol::icmp6, message);
    std::vector<std::byte> bytes;
    append(bytes, ethernet);
    append(bytes, ip);
    append(bytes, router_alert);
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
}

}  // namespace vnet::mld

template class vnet::membership::Listener<vnet::mld::Protocol>;
