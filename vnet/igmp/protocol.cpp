// SPDX-License-Identifier: Apache-2.0
#include "vnet/igmp/protocol.hpp"

#include <algorithm>
#include <array>

#include "vnet/igmp/listener.hpp"
#include "vnet/membership/listener_body.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/igmp.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip4_options.hpp"

namespace vnet::igmp {

using membership::RecordType;
using wire::IgmpType;

namespace {
/// As many records as every link carries in one packet.
constexpr size_t most_records = 60;
/// Internetwork control (RFC 3376 4).
constexpr uint8_t type_of_service = 0xc0;

/// RFC 2113.
constexpr std::array<uint8_t, 4> router_alert = {uint8_t(wire::Ip4OptionType::router_alert), 4, 0,
                                                 0};

template <class Part>
void append(std::vector<std::byte>& bytes, const Part& part) {
    const auto more = std::as_bytes(std::span(&part, 1));
    bytes.insert(bytes.end(), more.begin(), more.end());
}
}  // namespace

bool Protocol::is_reported(Address group) noexcept {
    return group != wire::all_systems;
}

void Protocol::observe_source(std::function<void(interface::Index)> observer) {
    addresses_.observe([this, observer = std::move(observer)](interface::Index interface,
                                                              const wire::Ip4Prefix&, bool added) {
        if (added && addresses_.of(interface).size() == 1) {
            observer(interface);
        }
    });
}

std::optional<membership::Query<wire::Ip4Address>> Protocol::read(const graph::Packet& packet) {
    const wire::IgmpQuery query =
        wire::read_igmp_query(packet.from_offset(packet.meta().l3_offset));
    if (query.fault != wire::IgmpFault::none) {
        return std::nullopt;
    }
    return membership::Query<Address>{query.version, query.group, query.querier,
                                      query.max_response};
}

/// Versions 1 and 2 have a message for each group. A group that is left is told to routers, but not
/// by version 1, which has no word for it.
std::vector<std::vector<std::byte>> Protocol::frames(const interface::Interface& interface,
                                                     unsigned version,
                                                     std::span<const Record> records) const {
    std::vector<std::vector<std::byte>> all;
    if (version < newest) {
        for (const Record& one : records) {
            const bool left = one.type == RecordType::to_include;
            if (left && version == 1) {
                continue;
            }
            wire::IgmpMessage report;
            report.type_number = uint8_t(left           ? IgmpType::leave
                                         : version == 1 ? IgmpType::report_1
                                                        : IgmpType::report_2);
            report.group = one.group;
            std::vector<std::byte> message;
            append(message, report);
            all.push_back(frame(interface, left ? wire::all_routers : one.group, message));
        }
        return all;
    }
    for (size_t begin = 0; begin < records.size(); begin += most_records) {
        const auto some = records.subspan(begin, std::min(most_records, records.size() - begin));
        wire::IgmpReport report;
        report.records = wire::Be16(uint16_t(some.size()));
        std::vector<std::byte> message;
        append(message, report);
        for (const Record& one : some) {
            wire::IgmpRecord record;
            record.type_number = uint8_t(one.type);
            record.group = one.group;
            append(message, record);
        }
        all.push_back(frame(interface, wire::igmp_routers, message));
    }
    return all;
}

wire::Ip4Address Protocol::source_on(interface::Index interface) const {
    const auto own = addresses_.of(interface);
    return own.empty() ? Address() : own.front().address();
}

std::vector<std::byte> Protocol::frame(const interface::Interface& interface, Address destination,
                                       std::span<std::byte> message) const {
    wire::EthernetHeader ethernet;
    ethernet.destination = destination.multicast_mac();
    ethernet.source = interface.mac;
    ethernet.type = wire::to_be(wire::EtherType::ip4);
    wire::Ip4Header ip;
    ip.version_ihl = uint8_t(0x40 | (sizeof(ip) + router_alert.size()) / 4);
    ip.dscp_ecn = type_of_service;
    ip.total_length = wire::Be16(uint16_t(sizeof(ip) + router_alert.size() + message.size()));
    ip.ttl = 1;
    ip.protocol_number = uint8_t(wire::IpProtocol::igmp);
    ip.source = source_on(interface.index);
    ip.destination = destination;
    ip.checksum = wire::InternetSum()
                      .add(wire::bytes_of(ip))
                      .add(std::as_bytes(std::span(router_alert)))
                      .checksum();
    wire::view<wire::IgmpMessage>(message)->checksum = wire::internet_checksum(message);
    std::vector<std::byte> bytes;
    append(bytes, ethernet);
    append(bytes, ip);
    append(bytes, router_alert);
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
}

}  // namespace vnet::igmp

template class vnet::membership::Listener<vnet::igmp::Protocol>;
