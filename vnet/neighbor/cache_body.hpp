// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of cache.hpp, for the one file of each family that makes its Cache.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "vnet/neighbor/cache.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::neighbor {

template <class Family>
Cache<Family>::Cache(const Parts& parts, const Nodes& nodes, const Settings& settings, Now clock,
                     std::string node, std::vector<std::string> edges)
    : parts_(parts), nodes_(nodes), settings_(settings), clock_(std::move(clock)) {
    graph::NodeSpec spec;
    spec.name = std::move(node);
    spec.kind = graph::NodeKind::input;
    spec.edges = std::move(edges);
    spec.drops = {
        {"hold-full", "more packets than are held for unresolved neighbours"},
        {"table-full", "more neighbours than the table holds or may be asked for at one time"},
        {"not-on-link", "heard from an address that is not in the interface's networks"},
        {"address-conflict",
         "another station uses an address of the router (RFC 5227, RFC 4862 5.4)"},
        {"own-packet", "sent by the router itself, and come back"},
        {"unreachable",
         "the neighbour did not answer, or its interface is down; the sender is told"},
        {"no-buffer", "no packet buffer was free for what the router has to say"}};
    const auto added = engine().graph().add(spec);
    first_drop_ = added.ok() ? engine().graph().nodes()[*added].first_drop : 0;

    interfaces().observe([this](const interface::Interface& interface, interface::Change change) {
        // Behind a link that is lost nobody is reached, and who was there may be elsewhere: without
        // it, packets would go to nowhere until the next probe has failed. They ask anew instead,
        // because a link that is back is noticed a second later at most.
        if (change == interface::Change::down || change == interface::Change::link_down ||
            change == interface::Change::removing) {
            const bool removing = change == interface::Change::removing;
            forget([&](const Key& key, const Entry& entry) {
                return key.interface == interface.index &&
                       (removing || entry.state != State::fixed);
            });
        }
    });
    timer_ = engine().control().every(std::chrono::milliseconds(100), [this] { tick(now()); });
}

template <class Family>
void Cache<Family>::count_drop(Drop reason) {
    engine().count_drop(graph::DropId(first_drop_ + unsigned(reason)));
}

template <class Family>
void Cache<Family>::count_drop(Drop reason, graph::Packet& packet) {
    engine().count_drop(graph::DropId(first_drop_ + unsigned(reason)), packet);
}

template <class Family>
void Cache<Family>::drop(graph::Packet* packet, Drop reason) {
    count_drop(reason, *packet);
    graph::free_packet(packet);
}

template <class Family>
void Cache<Family>::schedule(const Key& key, Entry& entry, Clock::time_point due) {
    due_.erase({entry.due, key});
    entry.due = due;
    due_.insert({due, key});
}

// ---- packets that wait for a neighbour ----

template <class Family>
void Cache<Family>::take_unresolved(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        take_unresolved(packet);
    }
}

template <class Family>
void Cache<Family>::take_unresolved(graph::Packet* packet) {
    const NextHop next_hop = parts_.next_hop_slot.of(*packet);
    const std::optional<Address> destination =
        Family::destination(packet->from_offset(packet->meta().l3_offset));
    const interface::Interface* interface = interfaces().get(next_hop.interface);
    if (!destination || interface == nullptr || !interface->up) {
        unreachable(packet);
        return;
    }
    const Key key{interface->index, next_hop.address.is_unspecified()
                                        ? *destination
                                        : Family::from_next_hop(next_hop.address)};
    const auto known = entries_.find(key);
    if (known != entries_.end() && known->second->state == State::incomplete) {
        hold(*known->second, packet);
        return;
    }
    if (known != entries_.end()) {
        // Resolved while the packet was on its way here. Where there was no room for the
        // neighbour's own route, it would come back again and again; but not with a next hop other
        // than its destination, which may even be of another VRF.
        if (*destination != key.address) {
            go_on(packet);
            return;
        }
        const auto match = fib_of(key.interface).match(Family::scoped(*destination, key.interface));
        if (match && match->route.via.kind == fib::ViaKind::connected &&
            match->prefix.length() < Family::Prefix::longest) {
            drop(packet, Drop::table_full);
        } else {
            go_on(packet);
        }
        return;
    }
    if (!may_be_on_link(key)) {
        unreachable(packet);
        return;
    }
    if (!has_room_to_ask()) {
        drop(packet, Drop::table_full);
        return;
    }
    Entry& entry = begin(key);
    hold(entry, packet);
    ask(key, entry, clock_());
}

/// An entry for who is asked for from now on.
template <class Family>
typename Cache<Family>::Entry& Cache<Family>::begin(const Key& key) {
    auto& entry = entries_[key];
    entry = std::make_unique<Entry>();
    entry->since = clock_();
    ++unresolved_;
    return *entry;
}

template <class Family>
void Cache<Family>::seek(interface::Index index, Address address) {
    const Key key{index, address};
    const interface::Interface* interface = interfaces().get(index);
    if (interface != nullptr && interface->up && !entries_.contains(key) && may_be_on_link(key) &&
        has_room_to_ask()) {
        ask(key, begin(key), clock_());
    }
}

template <class Family>
void Cache<Family>::hold(Entry& entry, graph::Packet* packet) {
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

template <class Family>
void Cache<Family>::ask(const Key& key, Entry& entry, Clock::time_point now) {
    ++entry.tries;
    schedule(key, entry, now + settings_.retransmit_time);
    // A neighbour that was there is asked alone (RFC 1122 2.3.2.1, RFC 4861 7.3.3), but for the
    // last try.
    const bool alone = entry.state == State::probing && entry.tries < settings_.tries;
    ask(key, alone ? std::optional(entry.mac) : std::nullopt);
}

template <class Family>
void Cache<Family>::tick(Clock::time_point now) {
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

template <class Family>
void Cache<Family>::unreachable(graph::Packet* packet) {
    count_drop(Drop::unreachable, *packet);
    if (packet->meta().has(graph::packet_flag::local_origin)) {
        graph::free_packet(packet);
        return;
    }
    tell_unreachable(packet);
}

template <class Family>
void Cache<Family>::erase(const Key& key) {
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
        parts_.next_hops.lost(key.interface, key.address);
        (void)fib_of(key.interface).remove(route_to(key), fib::RouteSource::neighbor);
        parts_.next_hops.release(key.interface, key.address);
        tell(key, entry, Change::removed);
    }
    unproven_.erase(entry.number);
    entries_.erase(found);
}

template <class Family>
void Cache<Family>::forget(const Which& which) {
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

template <class Family>
void Cache<Family>::forget_all() {
    forget([](const Key&, const Entry&) { return true; });
}

template <class Family>
void Cache<Family>::forget_off_link(interface::Index interface) {
    forget([&](const Key& key, const Entry&) {
        return key.interface == interface && !may_be_on_link(key);
    });
}

// ---- what was heard ----

template <class Family>
void Cache<Family>::learn(const Key& key, const wire::MacAddress& mac, bool create,
                          bool confirmed) {
    const auto known = entries_.find(key);
    if (known != entries_.end()) {
        Entry& entry = *known->second;
        const bool is_news = entry.state == State::incomplete || entry.mac != mac;
        // That it is where it was is no answer to the question whether it is reached.
        if (entry.state != State::fixed && (confirmed || is_news)) {
            set(key, entry, mac, confirmed ? State::reachable : State::probing);
        }
        return;
    }
    if (!create) {
        return;
    }
    if (!unproven_.empty() &&
        (unproven_.size() >= settings_.most_unproven || entries_.size() >= settings_.most)) {
        // Who invents hosts crowds out what he invented, not those who answer.
        const Key oldest = unproven_.begin()->second;
        erase(oldest);
    }
    if (entries_.size() >= settings_.most) {
        count_drop(Drop::table_full);
        return;
    }
    auto& entry = entries_[key];
    entry = std::make_unique<Entry>();
    ++unresolved_;
    set(key, *entry, mac, confirmed ? State::reachable : State::probing);
}

template <class Family>
void Cache<Family>::note_proof(const Key& key, Entry& entry) {
    if (entry.state != State::probing) {
        entry.is_proven = true;
        unproven_.erase(entry.number);
    } else if (!entry.is_proven && entry.number == 0) {
        entry.number = ++last_number_;
        unproven_.emplace(entry.number, key);
    }
}

template <class Family>
void Cache<Family>::confirm(const Key& key) {
    const auto known = entries_.find(key);
    if (known != entries_.end() && known->second->state == State::probing) {
        set(key, *known->second, known->second->mac, State::reachable);
    }
}

template <class Family>
std::optional<wire::MacAddress> Cache<Family>::mac_of(const Key& key) const {
    const auto known = entries_.find(key);
    return known == entries_.end() || known->second->state == State::incomplete
               ? std::nullopt
               : std::optional(known->second->mac);
}

template <class Family>
bool Cache<Family>::is_asked_for(const Key& key) const {
    const auto known = entries_.find(key);
    return known != entries_.end() && known->second->state == State::incomplete;
}

template <class Family>
void Cache<Family>::set(const Key& key, Entry& entry, const wire::MacAddress& mac, State state) {
    const Clock::time_point now = clock_();
    const bool added = entry.state == State::incomplete;
    const bool changed =
        entry.mac != mac || (entry.state == State::fixed) != (state == State::fixed);
    if (added) {
        --unresolved_;
        parts_.next_hops.acquire(key.interface, key.address);
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
        schedule(key, entry, state == State::probing ? now : now + settings_.reachable_time);
    }
    note_proof(key, entry);
    parts_.next_hops.resolved(key.interface, key.address, mac);
    if (added || changed) {
        tell(key, entry, added ? Change::added : Change::changed);
    }
    // Its own route, so that packets to it find its path and not the network's.
    add_route(fib_of(key.interface), key);
    held_ -= entry.held.size();
    for (graph::Packet* packet : entry.held) {
        go_on(packet);
    }
    entry.held.clear();
}

template <class Family>
void Cache<Family>::go_on(graph::Packet* packet) {
    std::optional<graph::NodeId> node;
    if (!packet->meta().has(graph::packet_flag::local_origin)) {
        for (auto chooser = choosers_.begin(); !node && chooser != choosers_.end(); ++chooser) {
            node = (*chooser)(*packet);
        }
    }
    engine().inject(packet, node.value_or(nodes_.lookup));
}

// ---- routes ----

template <class Family>
void Cache<Family>::add_route(fib::Fib<Family>& fib, const Key& key) {
    if (!fib.find(route_to(key), fib::RouteSource::neighbor) &&
        !fib.add(route_to(key), fib::RouteSource::neighbor,
                 {fib::ViaKind::next_hop, key.interface, key.address})
             .ok()) {
        count_drop(Drop::table_full);
    }
}

template <class Family>
void Cache<Family>::enter(interface::Index interface, interface::Vrf vrf) {
    for (const auto& [key, entry] : entries_) {
        if (key.interface == interface && entry->state != State::incomplete) {
            add_route(parts_.fibs.of(vrf), key);
        }
    }
}

template <class Family>
void Cache<Family>::leave(interface::Index interface, interface::Vrf vrf) {
    for (const auto& [key, entry] : entries_) {
        if (key.interface == interface) {
            (void)parts_.fibs.of(vrf).remove(route_to(key), fib::RouteSource::neighbor);
        }
    }
}

// ---- what is sent ----

template <class Family>
graph::Packet* Cache<Family>::make_frame(interface::Index interface,
                                         const wire::MacAddress& destination, uint16_t ether_type,
                                         uint32_t bytes) {
    graph::Packet* packet = engine().pool().allocate();
    if (packet == nullptr) {
        count_drop(Drop::no_buffer);
        return nullptr;
    }
    wire::EthernetHeader ethernet;
    ethernet.destination = destination;
    ethernet.source = interfaces().get(interface)->mac;
    ethernet.type = wire::Be16(ether_type);
    packet->resize(uint32_t(sizeof(ethernet)) + bytes);
    std::memcpy(packet->data(), &ethernet, sizeof(ethernet));
    packet->meta().tx_interface = interface;
    packet->meta().l3_offset = sizeof(ethernet);
    packet->meta().flags |= graph::packet_flag::local_origin;
    return packet;
}

template <class Family>
void Cache<Family>::send(graph::Packet* packet) {
    engine().inject(packet, nodes_.output);
}

// ---- the API ----

template <class Family>
absl::Status Cache<Family>::add_fixed(const std::string& name, Address address,
                                      const wire::MacAddress& mac) {
    auto interface = interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (!mac.is_unicast()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a neighbour's address; give a unicast MAC address", mac));
    }
    const interface::Index index = (*interface)->index;
    const Key key{index, address};
    if (!may_be_on_link(key)) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is in no network of interface '{}'; add an address in its network first", address,
            name));
    }
    if (Family::is_of_link(address) ? addresses().owner_on(index, address)
                                    : addresses().owner(address, (*interface)->vrf) != 0) {
        return absl::InvalidArgumentError(
            fmt::format("{} is an address of the router itself", address));
    }
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
    set(key, *entry, mac, State::fixed);
    return absl::OkStatus();
}

template <class Family>
absl::Status Cache<Family>::remove(const std::string& name, Address address) {
    auto interface = interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const Key key{(*interface)->index, address};
    if (!entries_.contains(key)) {
        return absl::NotFoundError(
            fmt::format("interface '{}' has no neighbour {}", name, address));
    }
    erase(key);
    return absl::OkStatus();
}

template <class Family>
Neighbor<typename Family::Address> Cache<Family>::describe(const Key& key, const Entry& entry) {
    return {key.interface, key.address, entry.mac, entry.state, entry.since, entry.held.size()};
}

template <class Family>
void Cache<Family>::tell(const Key& key, const Entry& entry, Change change) const {
    for (const Observer& observer : observers_) {
        observer(describe(key, entry), change);
    }
}

template <class Family>
size_t Cache<Family>::count(State state) const {
    return size_t(std::count_if(entries_.begin(), entries_.end(), [state](const auto& entry) {
        return entry.second->state == state;
    }));
}

template <class Family>
std::vector<Neighbor<typename Family::Address>> Cache<Family>::list() const {
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
