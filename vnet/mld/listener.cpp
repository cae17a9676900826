// SPDX-License-Identifier: Apache-2.0
#include "vnet/mld/listener.hpp"

#include <rte_random.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "vnet/interface/link_frame.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_extensions.hpp"

namespace vnet::mld {

namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::MldRecordType;

/// RFC 3810 9.1, 9.11, 9.12.
constexpr unsigned robustness = 2;
constexpr milliseconds unsolicited_interval{1000};
constexpr seconds old_querier_time{robustness * 125 + 10};
/// As many records as every link carries in one packet.
constexpr size_t most_records = 60;

/// A hop-by-hop header with a router alert for MLD (RFC 2711 2.1), padded.
constexpr std::array<uint8_t, 8> router_alert = {
    uint8_t(wire::IpProtocol::icmp6),    0, uint8_t(wire::Ip6OptionType::router_alert), 2, 0, 0,
    uint8_t(wire::Ip6OptionType::pad_n), 0};

wire::MldRecord record(MldRecordType type, wire::Ip6Address group) {
    wire::MldRecord one;
    one.type_number = uint8_t(type);
    one.group = group;
    return one;
}

bool is_due(const std::optional<Clock::time_point>& when, Clock::time_point now) {
    return when && *when <= now;
}
}  // namespace

Listener::Listener(const Parts& parts, graph::NodeId output, Now clock)
    : engine_(parts.engine),
      interfaces_(parts.interfaces),
      addresses_(parts.addresses),
      output_(output),
      clock_(std::move(clock)) {
    parts.groups.observe([this](interface::Index interface, wire::Ip6Address group, bool joined) {
        changed(interface, group, joined);
    });
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::link_up) {
            report_anew(interface.index);
        } else if (change == interface::Change::removing) {
            links_.erase(interface.index);
        }
    });
    // RFC 3590 4: switches may have passed over what came from the unspecified address.
    addresses_.observe_use(
        [this](interface::Index interface, const wire::Ip6Prefix& own, bool used) {
            if (used && own.address().is_link_local()) {
                report_anew(interface);
            }
        });
    timer_ = engine_.control().every(milliseconds(100), [this] { tick(clock_()); });
}

bool Listener::is_reported(wire::Ip6Address group) noexcept {
    return group != wire::Ip6Address::all_nodes() &&
           group.multicast_scope() > wire::Ip6Scope::interface_local;
}

std::vector<Listener::State> Listener::list() const {
    std::vector<State> all;
    for (const auto& [interface, link] : links_) {
        all.push_back(
            {interface, link.old_until ? 1U : 2U, link.querier, link.queries, link.reports});
    }
    return all;
}

void Listener::changed(interface::Index interface, wire::Ip6Address group, bool joined) {
    if (!is_reported(group)) {
        return;
    }
    Link& link = links_[interface];
    Group& state = link.groups[group];
    state.joined = joined;
    state.changes = robustness;
    state.change_due = clock_();
    state.answer_due.reset();
    look(interface, link, clock_());
}

void Listener::report_anew(interface::Index interface) {
    const auto found = links_.find(interface);
    if (found == links_.end()) {
        return;
    }
    for (auto& [group, state] : found->second.groups) {
        if (state.joined) {
            state.changes = robustness;
            state.change_due = clock_();
        }
    }
    look(interface, found->second, clock_());
}

void Listener::take(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        take(*packet);
        graph::free_packet(packet);
    }
}

void Listener::take(const graph::Packet& packet) {
    const graph::Metadata& meta = packet.meta();
    const auto found = links_.find(meta.rx_interface);
    const std::span<const std::byte> bytes = packet.from_offset(meta.l3_offset);
    const auto* ip = wire::view<wire::Ip6Header>(bytes);
    const wire::MldQuery query =
        wire::read_mld_query(bytes, size_t(meta.l4_offset - meta.l3_offset));
    if (found == links_.end() || ip == nullptr || query.fault != wire::MldFault::none) {
        return;
    }
    Link& link = found->second;
    link.querier = ip->source;
    ++link.queries;
    if (query.version == 1) {
        link.old_until = clock_() + old_querier_time;
    }
    answer(link, query);
}

Clock::time_point Listener::within(milliseconds most) const {
    return clock_() + milliseconds(rte_rand_max(uint64_t(most.count()) + 1));
}

/// RFC 3810 6.2, RFC 2710 4: after a time by chance, and not later than was planned already.
void Listener::answer(Link& link, const wire::MldQuery& query) {
    const auto no_later = [&](std::optional<Clock::time_point>& due) {
        const Clock::time_point when = within(query.max_response);
        due = due ? std::min(*due, when) : when;
    };
    if (query.group.is_unspecified() && !link.old_until) {
        no_later(link.answer_due);
        return;
    }
    for (auto& [group, state] : link.groups) {
        if (state.joined && (query.group.is_unspecified() || query.group == group)) {
            no_later(state.answer_due);
        }
    }
}

void Listener::tick(Clock::time_point now) {
    for (auto& [interface, link] : links_) {
        look(interface, link, now);
    }
}

/// Sends what is due, in as few packets as hold it.
void Listener::look(interface::Index index, Link& link, Clock::time_point now) {
    if (is_due(link.old_until, now)) {
        link.old_until.reset();
    }
    const bool all = is_due(link.answer_due, now);
    if (all) {
        link.answer_due.reset();
    }
    std::vector<wire::MldRecord> records;
    for (auto at = link.groups.begin(); at != link.groups.end();) {
        auto& [group, state] = *at;
        if (state.changes != 0 && state.change_due <= now) {
            --state.changes;
            state.change_due = within(unsolicited_interval);
            records.push_back(record(
                state.joined ? MldRecordType::to_exclude : MldRecordType::to_include, group));
        } else if (state.joined && (all || is_due(state.answer_due, now))) {
            records.push_back(record(MldRecordType::is_exclude, group));
        }
        if (all || is_due(state.answer_due, now)) {
            state.answer_due.reset();
        }
        at = state.joined || state.changes != 0 ? std::next(at) : link.groups.erase(at);
    }
    const interface::Interface* interface = interfaces_.get(index);
    if (records.empty() || interface == nullptr || !interface->up || !interface->link) {
        return;
    }
    link.old_until ? send_old(index, link, records) : send(index, link, records);
}

void Listener::send(interface::Index interface, Link& link,
                    const std::vector<wire::MldRecord>& records) {
    for (size_t begin = 0; begin < records.size(); begin += most_records) {
        const auto some =
            std::span(records).subspan(begin, std::min(most_records, records.size() - begin));
        wire::MldReport report;
        report.records = wire::Be16(uint16_t(some.size()));
        std::vector<std::byte> message(sizeof(report) + some.size_bytes());
        std::memcpy(message.data(), &report, sizeof(report));
        std::memcpy(message.data() + sizeof(report), some.data(), some.size_bytes());
        send(interface, link, wire::mld_routers, message);
    }
}

/// Version 1 has a message for each group, and says nothing of groups left but to routers.
void Listener::send_old(interface::Index interface, Link& link,
                        const std::vector<wire::MldRecord>& records) {
    for (const wire::MldRecord& one : records) {
        const bool left = MldRecordType(one.type_number) == MldRecordType::to_include;
        wire::MldMessage report;
        report.type_number =
            uint8_t(left ? wire::Icmp6Type::listener_done : wire::Icmp6Type::listener_report);
        report.group = one.group;
        std::vector<std::byte> message(sizeof(report));
        std::memcpy(message.data(), &report, sizeof(report));
        send(interface, link, left ? wire::Ip6Address::all_routers() : one.group, message);
    }
}

wire::Ip6Address Listener::source_on(interface::Index interface) const {
    for (const wire::Ip6Prefix& own : addresses_.of(interface)) {
        if (own.address().is_link_local() && !addresses_.is_tentative(interface, own.address())) {
            return own.address();
        }
    }
    return {};
}

void Listener::send(interface::Index interface, Link& link, wire::Ip6Address destination,
                    std::span<std::byte> message) {
    graph::Packet* packet = engine_.pool().allocate();
    if (packet == nullptr) {
        return;
    }
    wire::EthernetHeader ethernet;
    ethernet.destination = destination.multicast_mac();
    ethernet.source = interfaces_.get(interface)->mac;
    ethernet.type = wire::Be16(uint16_t(wire::EtherType::ip6));
    wire::Ip6Header ip;
    ip.payload_length = wire::Be16(uint16_t(router_alert.size() + message.size()));
    ip.next_header_number = uint8_t(wire::IpProtocol::hop_by_hop);
    ip.hop_limit = 1;
    ip.source = source_on(interface);
    ip.destination = destination;
    wire::view<wire::Icmp6Header>(message)->checksum =
        wire::l4_checksum(ip.source, destination, wire::IpProtocol::icmp6, message);
    packet->resize(uint32_t(sizeof(ethernet) + sizeof(ip) + router_alert.size() + message.size()));
    std::byte* at = packet->data();
    const auto put = [&at](const void* bytes, size_t size) {
        std::memcpy(at, bytes, size);
        at += size;
    };
    put(&ethernet, sizeof(ethernet));
    put(&ip, sizeof(ip));
    put(router_alert.data(), router_alert.size());
    put(message.data(), message.size());
    packet->meta().tx_interface = interface;
    packet->meta().l3_offset = sizeof(ethernet);
    packet->meta().flags |= graph::packet_flag::local_origin;
    if (!interface::fit_to_link(*interfaces_.get(interface)->device, *packet)) {
        graph::free_packet(packet);
        return;
    }
    link.reports += engine_.inject(packet, output_) ? 1 : 0;
}

}  // namespace vnet::mld
