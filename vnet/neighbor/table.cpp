// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::neighbor {

std::string_view name(State state) {
    switch (state) {
        case State::incomplete:
            return "incomplete";
        case State::reachable:
            return "reachable";
        case State::probing:
            return "probing";
        case State::fixed:
            return "fixed";
    }
    return {};
}

Table::Table(graph::Engine& engine, interface::Table& interfaces, ip4::Addresses& addresses,
             ip4::Fib& fib, fib::NextHops& next_hops, NextHopSlot next_hop_slot,
             icmp4::ErrorSlot error_slot, Nodes nodes, Settings settings,
             std::function<Clock::time_point()> clock)
    : engine_(engine),
      interfaces_(interfaces),
      addresses_(addresses),
      fib_(fib),
      next_hops_(next_hops),
      next_hop_slot_(next_hop_slot),
      error_slot_(error_slot),
      nodes_(nodes),
      settings_(settings),
      clock_(std::move(clock)) {
    // Control's own drops are counted under a node of their own, so that they are shown like all
    // others.
    graph::NodeSpec spec;
    spec.name = "neighbor-control";
    spec.kind = graph::NodeKind::input;
    spec.edges = {"ip4-lookup", "interface-output", "icmp4-error"};
    spec.drops = {
        {"hold-full", "more packets than are held for unresolved neighbours"},
        {"table-full", "more neighbours than the table holds or may be asked for at one time"},
        {"not-on-link", "an ARP packet from an address that is not in the interface's networks"},
        {"address-conflict",
         "an ARP packet of another station from an address of the router (RFC 5227)"},
        {"own-packet", "an ARP packet that the router sent itself, come back"},
        {"unreachable",
         "the neighbour did not answer, or its interface is down; the sender is told"},
        {"no-buffer", "no packet buffer was free for an ARP packet"}};
    const auto node = engine_.graph().add(spec);
    first_drop_ = node.ok() ? engine_.graph().nodes()[*node].first_drop : 0;

    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::down || change == interface::Change::removing) {
            const bool removing = change == interface::Change::removing;
            forget([&](const Key& key, const Entry& entry) {
                return key.interface == interface.index &&
                       (removing || entry.state != State::fixed);
            });
        } else if (change == interface::Change::link_up || change == interface::Change::mac) {
            for (const wire::Ip4Prefix& prefix : addresses_.of(interface.index)) {
                announce(interface.index, prefix.address());
            }
        }
    });
    addresses_.observe(
        [this](interface::Index interface, const wire::Ip4Prefix& prefix, bool added) {
            if (added) {
                announce(interface, prefix.address());
            } else {
                defended_.erase({interface, prefix.address().value()});
                forget([&](const Key& key, const Entry&) {
                    return key.interface == interface &&
                           !addresses_.on_link(interface, wire::Ip4Address(key.address));
                });
            }
        });
    timer_ = engine_.control().every(std::chrono::milliseconds(100), [this] { tick(clock_()); });
}

Table::~Table() {
    forget([](const Key&, const Entry&) { return true; });
}

void Table::count(Drop reason) {
    engine_.count_drop(graph::DropId(first_drop_ + unsigned(reason)));
}

void Table::count(Drop reason, graph::Packet& packet) {
    engine_.count_drop(graph::DropId(first_drop_ + unsigned(reason)), packet);
}

void Table::drop(graph::Packet* packet, Drop reason) {
    count(reason, *packet);
    graph::free_packet(packet);
}

void Table::schedule(const Key& key, Entry& entry, Clock::time_point due) {
    due_.erase({entry.due, key});
    entry.due = due;
    due_.insert({due, key});
}

// ---- packets that wait for a neighbour ----

void Table::take_unresolved(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        take_unresolved(packet);
    }
}

void Table::take_unresolved(graph::Packet* packet) {
    const NextHop next_hop = next_hop_slot_.of(*packet);
    const auto* ip = wire::view<wire::Ip4Header>(packet->from_offset(packet->meta().l3_offset));
    const interface::Interface* interface = interfaces_.get(next_hop.interface);
    if (ip == nullptr || interface == nullptr || !interface->up) {
        unreachable(packet);
        return;
    }
    const Key key{interface->index,
                  next_hop.address != 0 ? next_hop.address : ip->destination.value()};
    const auto known = entries_.find(key);
    if (known != entries_.end() && known->second->state == State::incomplete) {
        hold(*known->second, packet);
        return;
    }
    if (known != entries_.end()) {
        // Resolved while the packet was on its way here. Where there was no room for the
        // neighbour's own route, it would come back again and again.
        const auto match = fib_.match(ip->destination);
        if (match && match->route.via.kind == ip4::Via::Kind::connected &&
            match->prefix.length() < 32) {
            drop(packet, Drop::table_full);
        } else {
            engine_.inject(packet, nodes_.lookup);
        }
        return;
    }
    if (!addresses_.on_link(key.interface, wire::Ip4Address(key.address))) {
        // Nobody there could be asked: there is no address of ours to ask from.
        unreachable(packet);
        return;
    }
    if (unresolved_ >= settings_.most_unresolved || entries_.size() >= settings_.most) {
        drop(packet, Drop::table_full);
        return;
    }
    const Clock::time_point now = clock_();
    auto& entry = entries_[key];
    entry = std::make_unique<Entry>();
    entry->since = now;
    ++unresolved_;
    hold(*entry, packet);
    ask(key, *entry, now);
}

void Table::hold(Entry& entry, graph::Packet* packet) {
    if (!entry.held.empty() && entry.held.size() >= settings_.held_each) {
        drop(entry.held.front(), Drop::held_full);
        entry.held.pop_front();
        --held_;
    }
    if (held_ >= settings_.held_in_all || settings_.held_each == 0) {
        drop(packet, Drop::held_full);
        return;
    }
    entry.held.push_back(packet);
    ++held_;
}

void Table::ask(const Key& key, Entry& entry, Clock::time_point now) {
    ++entry.tries;
    schedule(key, entry, now + settings_.retransmit_time);
    const wire::Ip4Address address(key.address);
    const auto own = addresses_.on_link(key.interface, address);
    if (!own) {
        return;
    }
    auto arp = wire::ArpHeader::make(wire::ArpOperation::request);
    arp.sender_mac = interfaces_.get(key.interface)->mac;
    arp.sender_ip = *own;
    arp.target_ip = address;
    // A neighbour that was there is asked alone (RFC 1122 2.3.2.1), but for the last try.
    const bool alone = entry.state == State::probing && entry.tries < settings_.tries;
    send_arp(key.interface, arp, alone ? entry.mac : wire::MacAddress::broadcast());
}

void Table::tick(Clock::time_point now) {
    while (!due_.empty() && due_.begin()->first <= now) {
        const Key key = due_.begin()->second;
        Entry& entry = *entries_.at(key);
        if (entry.state == State::reachable) {
            entry.state = State::probing;
            entry.tries = 0;
        }
        if (entry.tries >= settings_.tries) {
            erase(key);
            continue;
        }
        ask(key, entry, now);
    }
}

void Table::unreachable(graph::Packet* packet) {
    count(Drop::unreachable, *packet);
    if (packet->meta().has(graph::packet_flag::local_origin)) {
        graph::free_packet(packet);
        return;
    }
    icmp4::ask(error_slot_, *packet, wire::Icmp4Type::unreachable,
               uint8_t(wire::Icmp4Unreachable::host));
    engine_.inject(packet, nodes_.icmp_error);
}

void Table::erase(const Key& key) {
    const auto found = entries_.find(key);
    Entry& entry = *found->second;
    due_.erase({entry.due, key});
    held_ -= entry.held.size();
    for (graph::Packet* packet : entry.held) {
        unreachable(packet);
    }
    if (entry.state == State::incomplete) {
        --unresolved_;
    } else {
        next_hops_.lost(key.interface, wire::Ip4Address(key.address));
        (void)fib_.remove({wire::Ip4Address(key.address), 32}, ip4::RouteSource::neighbor);
        next_hops_.release(key.interface, wire::Ip4Address(key.address));
        tell(key, entry, Change::removed);
    }
    entries_.erase(found);
}

void Table::forget(const Which& which) {
    std::vector<Key> gone;
    for (const auto& [key, entry] : entries_) {
        if (which(key, *entry)) {
            gone.push_back(key);
        }
    }
    for (const Key& key : gone) {
        erase(key);
    }
}

// ---- ARP ----

void Table::take_arp(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        const auto [header, fault] = wire::check_arp(packet->from_offset(packet->meta().l3_offset));
        const interface::Interface* interface = interfaces_.get(packet->meta().rx_interface);
        if (fault != wire::ArpFault::none || interface == nullptr || !interface->up) {
            drop(packet, Drop::not_on_link);
            continue;
        }
        const wire::ArpHeader arp = *header;
        const interface::Index index = interface->index;
        const bool for_us = addresses_.owner(arp.target_ip) == index;
        if (!arp.is_probe()) {
            if (arp.sender_mac == interface->mac) {
                drop(packet, Drop::own_packet);
                continue;
            }
            if (const interface::Index owner = addresses_.owner(arp.sender_ip); owner != 0) {
                if (owner == index) {
                    defend(index, arp.sender_ip);
                }
                drop(packet, Drop::address_conflict);
                continue;
            }
            if (!addresses_.on_link(index, arp.sender_ip)) {
                drop(packet, Drop::not_on_link);
                continue;
            }
            // RFC 826: an entry that is there is updated in any case, a new one is made where we
            // are meant.
            learn({index, arp.sender_ip.value()}, arp.sender_mac, for_us && arp.is_request());
        }
        graph::free_packet(packet);
        if (for_us && arp.is_request()) {
            answer(arp, index);
        }
    }
}

void Table::learn(const Key& key, const wire::MacAddress& mac, bool create) {
    const auto known = entries_.find(key);
    if (known != entries_.end()) {
        if (known->second->state != State::fixed) {
            confirmed(key, *known->second, mac, State::reachable);
        }
        return;
    }
    if (!create) {
        return;
    }
    if (entries_.size() >= settings_.most) {
        count(Drop::table_full);
        return;
    }
    auto& entry = entries_[key];
    entry = std::make_unique<Entry>();
    ++unresolved_;
    confirmed(key, *entry, mac, State::reachable);
}

void Table::confirmed(const Key& key, Entry& entry, const wire::MacAddress& mac, State state) {
    const Clock::time_point now = clock_();
    const wire::Ip4Address address(key.address);
    const bool added = entry.state == State::incomplete;
    const bool changed =
        entry.mac != mac || (entry.state == State::fixed) != (state == State::fixed);
    if (added) {
        --unresolved_;
        next_hops_.acquire(key.interface, address);
    }
    if (entry.state == State::incomplete || entry.mac != mac) {
        entry.since = now;
    }
    entry.mac = mac;
    entry.state = state;
    entry.tries = 0;
    if (state == State::fixed) {
        due_.erase({entry.due, key});
    } else {
        schedule(key, entry, now + settings_.reachable_time);
    }
    next_hops_.resolved(key.interface, address, mac);
    if (added || changed) {
        tell(key, entry, added ? Change::added : Change::changed);
    }
    // Its own route, so that packets to it find its path and not the network's.
    if (!fib_.find({address, 32}, ip4::RouteSource::neighbor) &&
        !fib_.add({address, 32}, ip4::RouteSource::neighbor,
                  {ip4::Via::Kind::next_hop, key.interface, address})
             .ok()) {
        count(Drop::table_full);
    }
    held_ -= entry.held.size();
    for (graph::Packet* packet : entry.held) {
        engine_.inject(packet, nodes_.lookup);
    }
    entry.held.clear();
}

void Table::answer(const wire::ArpHeader& request, interface::Index interface) {
    auto arp = wire::ArpHeader::make(wire::ArpOperation::reply);
    arp.sender_mac = interfaces_.get(interface)->mac;
    arp.sender_ip = request.target_ip;
    arp.target_mac = request.sender_mac;
    arp.target_ip = request.sender_ip;
    send_arp(interface, arp, request.sender_mac);
}

void Table::announce(interface::Index interface, wire::Ip4Address address) {
    const interface::Interface* on = interfaces_.get(interface);
    if (on == nullptr || !on->up) {
        return;
    }
    auto arp = wire::ArpHeader::make(wire::ArpOperation::request);
    arp.sender_mac = on->mac;
    arp.sender_ip = address;
    arp.target_ip = address;
    send_arp(interface, arp, wire::MacAddress::broadcast());
}

void Table::defend(interface::Index interface, wire::Ip4Address address) {
    // Somebody uses our address: say once more whose it is, but not so often that two who both
    // insist flood the link (RFC 5227 2.4 c).
    const Clock::time_point now = clock_();
    const auto [last, first_time] = defended_.try_emplace({interface, address.value()}, now);
    if (first_time || now - last->second >= settings_.defend_interval) {
        last->second = now;
        announce(interface, address);
    }
}

void Table::send_arp(interface::Index interface, const wire::ArpHeader& arp,
                     const wire::MacAddress& destination) {
    graph::Packet* packet = engine_.pool().allocate();
    if (packet == nullptr) {
        count(Drop::no_buffer);
        return;
    }
    wire::EthernetHeader ethernet;
    ethernet.destination = destination;
    ethernet.source = interfaces_.get(interface)->mac;
    ethernet.type = wire::to_be(wire::EtherType::arp);
    packet->resize(sizeof(ethernet) + sizeof(arp));
    std::memcpy(packet->data(), &ethernet, sizeof(ethernet));
    std::memcpy(packet->data() + sizeof(ethernet), &arp, sizeof(arp));
    packet->meta().tx_interface = interface;
    packet->meta().l3_offset = sizeof(ethernet);
    packet->meta().flags |= graph::packet_flag::local_origin;
    engine_.inject(packet, nodes_.output);
}

// ---- the API ----

absl::Status Table::add_fixed(const std::string& name, wire::Ip4Address address,
                              const wire::MacAddress& mac) {
    auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (!mac.is_unicast()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a neighbour's address; give a unicast MAC address", mac));
    }
    const interface::Index index = (*interface)->index;
    if (!addresses_.on_link(index, address)) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is in no network of interface '{}'; add an address in its network first", address,
            name));
    }
    if (addresses_.owner(address) != 0) {
        return absl::InvalidArgumentError(
            fmt::format("{} is an address of the router itself", address));
    }
    const Key key{index, address.value()};
    if (!entries_.contains(key) && entries_.size() >= settings_.most) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for neighbour {} of interface '{}': there are {}", address, name,
                        settings_.most));
    }
    auto& entry = entries_[key];
    if (entry == nullptr) {
        entry = std::make_unique<Entry>();
        ++unresolved_;
    } else if (entry->state == State::fixed && entry->mac == mac) {
        return absl::AlreadyExistsError(
            fmt::format("neighbour {} of interface '{}' is at {} already", address, name, mac));
    }
    confirmed(key, *entry, mac, State::fixed);
    return absl::OkStatus();
}

absl::Status Table::remove(const std::string& name, wire::Ip4Address address) {
    auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const Key key{(*interface)->index, address.value()};
    if (!entries_.contains(key)) {
        return absl::NotFoundError(
            fmt::format("interface '{}' has no neighbour {}", name, address));
    }
    erase(key);
    return absl::OkStatus();
}

Table::Neighbor Table::describe(const Key& key, const Entry& entry) {
    return {key.interface,    wire::Ip4Address(key.address), entry.mac, entry.state, entry.since,
            entry.held.size()};
}

void Table::tell(const Key& key, const Entry& entry, Change change) const {
    for (const Observer& observer : observers_) {
        observer(describe(key, entry), change);
    }
}

size_t Table::count(State state) const {
    return size_t(std::count_if(entries_.begin(), entries_.end(), [state](const auto& entry) {
        return entry.second->state == state;
    }));
}

std::vector<Table::Neighbor> Table::list() const {
    std::vector<Neighbor> all;
    for (const auto& [key, entry] : entries_) {
        all.push_back(describe(key, *entry));
    }
    std::sort(all.begin(), all.end(), [](const Neighbor& a, const Neighbor& b) {
        return std::tie(a.interface, a.address) < std::tie(b.interface, b.address);
    });
    return all;
}

}  // namespace vnet::neighbor
