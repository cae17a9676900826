// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of cache.hpp, for the one file of each family that makes its Cache.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "vnet/interface/link_frame.hpp"
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
    timer_ = engine().control().every(settings.tick, [this] { tick(now()); });
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
    const bool is_next_hop = !next_hop.address.is_unspecified();
    if (known != entries_.end() && known->second->state == State::incomplete) {
        if (is_next_hop) {
            promote(key, *known->second);
        }
        hold(key, *known->second, packet);
        return;
    }
    if (known != entries_.end()) {
        // Resolved while the packet was on its way here, or the route that needs the neighbour's
        // own is younger than the neighbour. Where there is no room for that, it would come back
        // again and again; but not with a next hop other than its destination, which may even be of
        // another VRF.
        if (*destination != key.address) {
            go_on(packet);
            return;
        }
        (void)try_route(fib_of(key.interface), key);
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
    if (!make_room_to_ask(is_next_hop)) {
        drop(packet, Drop::table_full);
        return;
    }
    Entry& entry = begin(key, is_next_hop);
    hold(key, entry, packet);
    ask(key, entry, clock_());
}

/// Room for one more entry. Next hops of routes have some that nobody else has.
template <class Family>
bool Cache<Family>::make_room(bool for_next_hop) {
    if (entries_.size() >= settings_.most) {
        if (!unproven_.empty()) {
            // Who invents hosts crowds out what he invented, not those who answer.
            erase(unproven_.first_to_go());
        } else if (!asked_.others.empty()) {
            give_up(asked_.others.first_to_go());
        }
    }
    return entries_.size() <
           size_t{settings_.most} + (for_next_hop ? settings_.most_unresolved : 0);
}

/// Room for one more that is asked for. A host that is there answers long before a scan has come
/// round: whoever has waited longest gives way (RFC 6583 7.1).
template <class Family>
bool Cache<Family>::make_room_to_ask(bool for_next_hop) {
    if (settings_.most_unresolved == 0) {
        return false;
    }
    const ByAge<Key>& asked = for_next_hop ? asked_.next_hops : asked_.others;
    if (asked.size() >= settings_.most_unresolved) {
        give_up(asked.first_to_go());
    }
    return make_room(for_next_hop);
}

/// Ends the asking without an answer, and tells nobody that the host is unreachable: nobody knows.
template <class Family>
void Cache<Family>::give_up(const Key& key) {
    for (graph::Packet* packet : take_held(key, *entries_.at(key))) {
        drop(packet, Drop::table_full);
    }
    erase(key);
}

/// Who was asked for as a host of a connected network turns out to be a next hop of routes.
template <class Family>
void Cache<Family>::promote(const Key& key, Entry& entry) {
    if (entry.is_next_hop) {
        return;
    }
    if (asked_.next_hops.size() >= settings_.most_unresolved) {
        give_up(asked_.next_hops.first_to_go());
    }
    asked_.others.remove(key, entry.asked_place);
    const bool holds = entry.holding_place != 0;
    holding_.others.remove(key, entry.holding_place);
    entry.is_next_hop = true;
    entry.asked_place = asked_.next_hops.add(key);
    if (holds) {
        entry.holding_place = holding_.next_hops.add(key);
    }
}

// ---- who may be on a link ----

/// The interface's own network that the address is in.
template <class Family>
const typename Family::Prefix* Cache<Family>::own_network(const Key& key) const {
    const auto& own = addresses().of(key.interface);
    const auto found = std::find_if(
        own.begin(), own.end(), [&](const auto& prefix) { return prefix.contains(key.address); });
    return found == own.end() ? nullptr : &*found;
}

/// The route that leads to the address but for those that follow from neighbours, and from the
/// addresses of the interface itself: one of them may be about to go.
template <class Family>
std::optional<typename fib::Fib<Family>::Match> Cache<Family>::way_without_neighbors(
    const Key& key) const {
    return fib_of(key.interface)
        .match(Family::scoped(key.address, key.interface), [&](const auto& route) {
            return route.source != fib::RouteSource::neighbor &&
                   (route.source != fib::RouteSource::address ||
                    route.via.interface != key.interface);
        });
}

/// A route or a group names the interface and the address; the holds that follow from the neighbour
/// itself do not count.
template <class Family>
bool Cache<Family>::is_next_hop_of_routes(const Key& key) const {
    const auto known = entries_.find(key);
    unsigned own = known != entries_.end() && known->second->state != State::incomplete;
    own += fib_of(key.interface).find(route_to(key), fib::RouteSource::neighbor).has_value();
    return parts_.next_hops.holders(key.interface, key.address) > own;
}

template <class Family>
bool Cache<Family>::may_be_on_link(const Key& key) const {
    if (addresses().of(key.interface).empty() || !key.address.valid_source()) {
        return false;
    }
    if (const auto* network = own_network(key)) {
        return Family::is_host(*network, key.address);
    }
    const auto way = way_without_neighbors(key);
    return (way && way->route.via.kind == fib::ViaKind::connected &&
            way->route.via.interface == key.interface) ||
           is_next_hop_of_routes(key);
}

/// Packets to the neighbour find it by a route of its own. One that is only the next hop of a route
/// gets none that leads elsewhere than what there is: it may be an address of another link.
template <class Family>
bool Cache<Family>::needs_route(const Key& key) const {
    if (own_network(key) != nullptr) {
        return true;
    }
    const auto way = way_without_neighbors(key);
    return way && way->interface == key.interface &&
           (way->route.via.kind == fib::ViaKind::connected ||
            way->route.via.next_hop == key.address);
}

template <class Family>
void Cache<Family>::forget_fixed_off_link() {
    for (auto next = fixed_beyond_.begin(); next != fixed_beyond_.end();) {
        const Key key = *next++;
        if (!may_be_on_link(key)) {
            erase(key);
        }
    }
}

/// An entry for who is asked for from now on.
template <class Family>
typename Cache<Family>::Entry& Cache<Family>::begin(const Key& key, bool is_next_hop) {
    auto& entry = entries_[key];
    entry = std::make_unique<Entry>();
    entry->since = clock_();
    entry->is_next_hop = is_next_hop;
    entry->asked_place = asked_.of(*entry).add(key);
    return *entry;
}

template <class Family>
void Cache<Family>::seek(interface::Index index, Address address) {
    const Key key{index, address};
    const interface::Interface* interface = interfaces().get(index);
    if (interface != nullptr && interface->up && !entries_.contains(key) && may_be_on_link(key) &&
        make_room_to_ask(true)) {
        ask(key, begin(key, true), clock_());
    }
}

template <class Family>
void Cache<Family>::hold(const Key& key, Entry& entry, graph::Packet* packet) {
    if (!entry.held.empty() && entry.held.size() >= settings_.held_each) {
        drop_oldest_held(key, entry);
    }
    if (settings_.held_each == 0 || !make_room_to_hold(entry)) {
        drop(packet, Drop::held_full);
        return;
    }
    entry.held.push_back(packet);
    ++held_;
    if (entry.holding_place == 0) {
        entry.holding_place = holding_.of(entry).add(key);
    }
}

/// Room for one more packet: the one that has waited longest gives way. One for a next hop of
/// routes gives way to its like alone.
template <class Family>
bool Cache<Family>::make_room_to_hold(const Entry& entry) {
    if (held_ < settings_.held_in_all) {
        return true;
    }
    const bool of_next_hops = entry.is_next_hop && holding_.others.empty();
    const ByAge<Key>& holding = of_next_hops ? holding_.next_hops : holding_.others;
    if (holding.empty()) {
        return false;
    }
    const Key oldest = holding.first_to_go();
    drop_oldest_held(oldest, *entries_.at(oldest));
    return true;
}

template <class Family>
void Cache<Family>::drop_oldest_held(const Key& key, Entry& entry) {
    drop(entry.held.front(), Drop::held_full);
    entry.held.pop_front();
    --held_;
    if (entry.held.empty()) {
        holding_.of(entry).remove(key, entry.holding_place);
    }
}

template <class Family>
std::deque<graph::Packet*> Cache<Family>::take_held(const Key& key, Entry& entry) {
    holding_.of(entry).remove(key, entry.holding_place);
    held_ -= entry.held.size();
    return std::exchange(entry.held, {});
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
    forget_fixed_off_link();
    while (!due_.empty() && due_.begin()->first <= now) {
        const Key key = due_.begin()->second;
        Entry& entry = *entries_.at(key);
        if (entry.state == State::reachable) {
            entry.state = State::probing;
            entry.tries = 0;
        }
        // What had it on the link may have gone: a route that led there.
        if (entry.tries >= settings_.tries || !may_be_on_link(key)) {
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
    for (graph::Packet* packet : take_held(key, entry)) {
        unreachable(packet);
    }
    asked_.of(entry).remove(key, entry.asked_place);
    if (entry.state != State::incomplete) {
        parts_.next_hops.lost(key.interface, key.address);
        (void)fib_of(key.interface).remove(route_to(key), fib::RouteSource::neighbor);
        parts_.next_hops.release(key.interface, key.address);
        tell(key, entry, Change::removed);
    }
    unproven_.remove(key, entry.unproven_place);
    fixed_beyond_.erase(key);
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
    for (const auto& [key, entry] : entries_) {
        if (key.interface == interface && entry->state == State::fixed &&
            own_network(key) == nullptr) {
            fixed_beyond_.insert(key);
        }
    }
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
    if (!unproven_.empty() && unproven_.size() >= settings_.most_unproven) {
        erase(unproven_.first_to_go());
    }
    if (!make_room(false)) {
        count_drop(Drop::table_full);
        return;
    }
    auto& entry = entries_[key];
    entry = std::make_unique<Entry>();
    set(key, *entry, mac, confirmed ? State::reachable : State::probing);
}

template <class Family>
void Cache<Family>::note_proof(const Key& key, Entry& entry) {
    if (entry.state != State::probing) {
        entry.is_proven = true;
        unproven_.remove(key, entry.unproven_place);
    } else if (!entry.is_proven && entry.unproven_place == 0) {
        entry.unproven_place = unproven_.add(key);
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
bool Cache<Family>::is_questioned(const Key& key) const {
    const auto known = entries_.find(key);
    return known != entries_.end() && known->second->tries > 0;
}

template <class Family>
void Cache<Family>::set(const Key& key, Entry& entry, const wire::MacAddress& mac, State state) {
    const Clock::time_point now = clock_();
    const bool added = entry.state == State::incomplete;
    const bool changed =
        entry.mac != mac || (entry.state == State::fixed) != (state == State::fixed);
    if (added) {
        asked_.of(entry).remove(key, entry.asked_place);
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
    for (graph::Packet* packet : take_held(key, entry)) {
        go_on(packet);
    }
}

template <class Family>
void Cache<Family>::go_on(graph::Packet* packet) {
    std::optional<graph::NodeId> node;
    if (!packet->meta().has(graph::packet_flag::local_origin)) {
        for (auto chooser = choosers_.begin(); !node && chooser != choosers_.end(); ++chooser) {
            node = (*chooser)(*packet);
        }
    }
    if (!node && packet->meta().has(graph::packet_flag::led_to_vrf)) {
        packet->meta().adjacency = fib::no_adjacency;
        node = nodes_.lookup_vrf;
    }
    give_back(packet, node.value_or(nodes_.lookup));
}

template <class Family>
void Cache<Family>::give_back(graph::Packet* packet, graph::NodeId node) {
    engine().inject(packet, node, parts_.next_hop_slot.of(*packet).worker);
}

// ---- routes ----

/// The neighbour has the route that it needs; there is no room for one where not.
template <class Family>
bool Cache<Family>::try_route(fib::Fib<Family>& fib, const Key& key) {
    return !needs_route(key) || fib.find(route_to(key), fib::RouteSource::neighbor) ||
           fib.add(route_to(key), fib::RouteSource::neighbor,
                   {fib::ViaKind::next_hop, key.interface, key.address})
               .ok();
}

template <class Family>
void Cache<Family>::add_route(fib::Fib<Family>& fib, const Key& key) {
    if (!try_route(fib, key)) {
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
    const interface::Interface* to = interfaces().get(packet->meta().tx_interface);
    if (to == nullptr || !interface::fit_to_link(*to->device, *packet)) {
        graph::free_packet(packet);
        return;
    }
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
        return absl::InvalidArgumentError(
            fmt::format("{} is in no network of interface '{}'; add an address in its network "
                        "first, or a route that leads there by the interface",
                        address, name));
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
    } else if (entry->state == State::fixed && entry->mac == mac) {
        return absl::AlreadyExistsError(
            fmt::format("neighbour {} of interface '{}' is at {} already", address, name, mac));
    }
    set(key, *entry, mac, State::fixed);
    if (own_network(key) == nullptr) {
        fixed_beyond_.insert(key);
    }
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
        // One that goes with a route that is gone is forgotten with the next tick.
        if (!fixed_beyond_.contains(key) || may_be_on_link(key)) {
            all.push_back(describe(key, *entry));
        }
    }
    std::sort(all.begin(), all.end(), [](const Neighbor& a, const Neighbor& b) {
        return std::tie(a.interface, a.address) < std::tie(b.interface, b.address);
    });
    return all;
}

}  // namespace vnet::neighbor
