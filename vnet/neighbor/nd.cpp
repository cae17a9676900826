// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/nd.hpp"

#include <rte_random.h>

#include <cstring>

#include "vnet/neighbor/cache_body.hpp"
#include "vnet/wire/nd.hpp"

template class vnet::neighbor::Cache<vnet::ip6::Family>;

namespace vnet::neighbor {

namespace {

std::span<const std::byte> options_of(std::span<const std::byte> message, wire::Icmp6Type type) {
    return message.subspan(wire::nd_fixed_bytes(type));
}

/// The link-layer address that a message gives in an option of this type.
std::optional<wire::MacAddress> link_address(std::span<const std::byte> options,
                                             wire::NdOptionType type) {
    wire::NdOptionsCursor cursor(options);
    while (const auto option = cursor.next()) {
        if (option->type == type) {
            return option->mac();
        }
    }
    return std::nullopt;
}

bool has_nonce(std::span<const std::byte> options, std::span<const std::byte> nonce) {
    wire::NdOptionsCursor cursor(options);
    while (const auto option = cursor.next()) {
        const std::span<const std::byte> bytes = option->bytes;
        if (option->type == wire::NdOptionType::nonce && bytes.size() == nonce.size() + 2 &&
            std::memcmp(bytes.data() + 2, nonce.data(), nonce.size()) == 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

Nd::Nd(const Parts& parts, icmp6::ErrorSlot error_slot, const Nodes& nodes,
       const Settings& settings, Now clock)
    : Cache(parts, nodes, settings, std::move(clock), "nd-control",
            {"ip6-lookup", "ip6-lookup-vrf", "interface-output", "icmp6-error"}),
      error_slot_(error_slot) {
    interfaces().observe([this](const interface::Interface& interface, interface::Change change) {
        const interface::Index index = interface.index;
        if (change == interface::Change::link_up) {
            for (const wire::Ip6Prefix& prefix : addresses().of(index)) {
                detect(index, prefix.address());
            }
        } else if (change == interface::Change::down || change == interface::Change::link_down) {
            // Nobody heard the rest of the questions: what was asked so far proves nothing.
            std::erase_if(detections_,
                          [index](const auto& one) { return one.first.interface == index; });
        } else if (change == interface::Change::mac) {
            for (const wire::Ip6Prefix& prefix : addresses().of(index)) {
                announce({index, prefix.address()});
            }
        }
    });
    addresses().observe(
        [this](interface::Index interface, const wire::Ip6Prefix& prefix, bool added) {
            const Key key{interface, prefix.address()};
            if (added) {
                detect(interface, prefix.address());
                return;
            }
            detections_.erase(key);
            duplicates_.erase(key);
            defended_.erase(key);
            forget_off_link(interface);
        });
}

Nd::~Nd() {
    forget_all();
}

wire::Ip6Address Nd::link_local(interface::Index interface) const {
    for (const wire::Ip6Prefix& prefix : addresses().of(interface)) {
        if (prefix.address().is_link_local() &&
            !addresses().is_tentative(interface, prefix.address())) {
            return prefix.address();
        }
    }
    return {};
}

void Nd::tell_unreachable(graph::Packet* packet) {
    icmp6::ask(error_slot_, *packet, wire::Icmp6Type::unreachable,
               uint8_t(wire::Icmp6Unreachable::address));
    give_back(packet, nodes().icmp_error);
}

void Nd::send_message(interface::Index interface, NdMessage& message, wire::Ip6Address source,
                      wire::Ip6Address destination, const wire::MacAddress& mac) {
    const std::span<const std::byte> bytes = message.packet(source, destination);
    graph::Packet* packet =
        make_frame(interface, mac, uint16_t(wire::EtherType::ip6), uint32_t(bytes.size()));
    if (packet == nullptr) {
        return;
    }
    std::memcpy(packet->data() + packet->meta().l3_offset, bytes.data(), bytes.size());
    send(packet);
}

void Nd::ask(const Key& key, const std::optional<wire::MacAddress>& alone) {
    const interface::Interface* interface = interfaces().get(key.interface);
    // Its link-local address is one that every neighbour can answer (RFC 4861 7.2.2).
    wire::Ip6Address source = link_local(key.interface);
    if (source.is_unspecified()) {
        source = own_address(key);
        if (addresses().is_tentative(key.interface, source)) {
            return;
        }
    }
    wire::NeighborSolicitation solicitation;
    solicitation.target = key.address;
    NdMessage message(solicitation);
    message.options().link_address(wire::NdOptionType::source_link_address, interface->mac);
    const wire::Ip6Address group = key.address.solicited_node();
    send_message(key.interface, message, source, alone ? key.address : group,
                 alone.value_or(group.multicast_mac()));
}

// ---- what is heard ----

void Nd::take_nd(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        take(packet);
    }
}

void Nd::take(graph::Packet* packet) {
    const graph::Metadata& meta = packet->meta();
    const interface::Interface* interface = interfaces().get(meta.rx_interface);
    const auto* ip = wire::view<wire::Ip6Header>(packet->from_offset(meta.l3_offset));
    const std::span<const std::byte> message = packet->from_offset(meta.l4_offset);
    const auto* ethernet = wire::view<wire::EthernetHeader>(packet->from_offset(meta.l2_offset));
    if (interface == nullptr || !interface->up || ip == nullptr || ethernet == nullptr ||
        wire::check_nd(*ip, message) != wire::NdFault::none) {
        drop(packet, Drop::not_on_link);
        return;
    }
    if (ethernet->source == interface->mac) {
        drop(packet, Drop::own_packet);
        return;
    }
    switch (wire::view<wire::Icmp6Header>(message)->type()) {
        case wire::Icmp6Type::neighbor_solicitation:
            take_solicitation(interface->index, *ip, message, ethernet->source);
            break;
        case wire::Icmp6Type::neighbor_advertisement:
            take_advertisement(interface->index, message);
            break;
        case wire::Icmp6Type::router_solicitation:
            take_router_solicitation(interface->index, *ip, message);
            break;
        default:
            break;
    }
    graph::free_packet(packet);
}

void Nd::take_solicitation(interface::Index interface, const wire::Ip6Header& ip,
                           std::span<const std::byte> message, const wire::MacAddress& sender) {
    const Key own{interface, wire::view<wire::NeighborSolicitation>(message)->target};
    const auto options = options_of(message, wire::Icmp6Type::neighbor_solicitation);
    if (!addresses().owner_on(interface, own.address)) {
        // Asked by multicast, many hear what is for one. What it tells of the sender is taken where
        // the sender is known.
        if (const auto mac = link_address(options, wire::NdOptionType::source_link_address);
            mac && !ip.source.is_unspecified()) {
            learn({interface, ip.source}, *mac, false, false);
        }
        return;
    }
    const bool is_detection = ip.source.is_unspecified();
    const auto detection = detections_.find(own);
    if (addresses().is_tentative(interface, own.address)) {
        // Another wants the address at the same time, unless it is our own question come back
        // (RFC 7527). Others are not answered yet.
        if (is_detection && detection != detections_.end() &&
            !has_nonce(options, detection->second.nonce)) {
            found_duplicate(own);
        }
        return;
    }
    if (is_detection) {
        if (detection == detections_.end() || !has_nonce(options, detection->second.nonce)) {
            const wire::Ip6Address all = wire::Ip6Address::all_nodes();
            advertise(own, all, all.multicast_mac(), false);
        }
        return;
    }
    const Key asker{interface, ip.source};
    if (addresses().owner_on(interface, ip.source)) {
        count_drop(Drop::address_conflict);
        defend({interface, ip.source});
        return;
    }
    if (!may_be_on_link(asker)) {
        count_drop(Drop::not_on_link);
        return;
    }
    const auto mac = link_address(options, wire::NdOptionType::source_link_address);
    if (mac) {
        learn(asker, *mac, true, false);
    }
    const auto known = mac ? mac : mac_of(asker);
    advertise(own, ip.source, known.value_or(sender), true);
}

void Nd::take_advertisement(interface::Index interface, std::span<const std::byte> message) {
    const auto& advertisement = *wire::view<wire::NeighborAdvertisement>(message);
    const Key key{interface, advertisement.target};
    if (addresses().owner_on(interface, key.address)) {
        count_drop(Drop::address_conflict);
        if (addresses().is_tentative(interface, key.address)) {
            found_duplicate(key);
        } else {
            defend(key);
        }
        return;
    }
    const auto told = link_address(options_of(message, wire::Icmp6Type::neighbor_advertisement),
                                   wire::NdOptionType::target_link_address);
    if (is_asked_for(key)) {
        if (told) {
            learn(key, *told, false, advertisement.solicited());
        }
        return;
    }
    const auto known = mac_of(key);
    if (!known) {
        return;
    }
    // RFC 4861 7.2.5: another MAC address counts only where it overrides; where it does not, what
    // is known becomes doubtful, and is asked for again when its time has come.
    if (!told || *told == *known) {
        if (advertisement.solicited()) {
            confirm(key);
        }
    } else if (advertisement.overrides()) {
        learn(key, *told, false, advertisement.solicited());
    }
}

void Nd::take_router_solicitation(interface::Index interface, const wire::Ip6Header& ip,
                                  std::span<const std::byte> message) {
    const auto mac = link_address(options_of(message, wire::Icmp6Type::router_solicitation),
                                  wire::NdOptionType::source_link_address);
    if (mac && !ip.source.is_unspecified() && may_be_on_link({interface, ip.source})) {
        learn({interface, ip.source}, *mac, true, false);
    }
    if (on_solicitation_) {
        on_solicitation_(interface);
    }
}

// ---- addresses that are new ----

void Nd::detect(interface::Index interface, wire::Ip6Address address) {
    const Key key{interface, address};
    const interface::Interface* on = interfaces().get(interface);
    if (settings().duplicate_tries == 0) {
        begin_use(key);
        return;
    }
    if (on == nullptr || !on->up || !on->link) {
        return;
    }
    duplicates_.erase(key);
    Detection& detection = detections_[key];
    detection = {};
    const uint64_t random = rte_rand();
    std::memcpy(detection.nonce.data(), &random, detection.nonce.size());
    solicit_self(key, detection);
}

void Nd::solicit_self(const Key& key, Detection& detection) {
    ++detection.tries;
    detection.due = now() + settings().retransmit_time;
    wire::NeighborSolicitation solicitation;
    solicitation.target = key.address;
    NdMessage message(solicitation);
    message.options().nonce(detection.nonce);
    const wire::Ip6Address group = key.address.solicited_node();
    send_message(key.interface, message, wire::Ip6Address(), group, group.multicast_mac());
}

void Nd::tick(Clock::time_point now) {
    Cache::tick(now);
    for (auto at = detections_.begin(); at != detections_.end();) {
        auto& [key, detection] = *at;
        if (detection.due > now) {
            ++at;
        } else if (detection.tries < settings().duplicate_tries) {
            solicit_self(key, detection);
            ++at;
        } else {
            const Key done = key;
            at = detections_.erase(at);
            begin_use(done);
        }
    }
}

void Nd::begin_use(const Key& key) {
    addresses().assign(key.interface, key.address);
    announce(key);
}

void Nd::found_duplicate(const Key& key) {
    detections_.erase(key);
    duplicates_.insert(key);
}

// ---- what is told ----

void Nd::advertise(const Key& own, wire::Ip6Address destination, const wire::MacAddress& mac,
                   bool solicited) {
    wire::NeighborAdvertisement advertisement;
    advertisement.target = own.address;
    advertisement.flags = wire::NeighborAdvertisement::router_flag |
                          wire::NeighborAdvertisement::override_flag |
                          (solicited ? wire::NeighborAdvertisement::solicited_flag : 0);
    NdMessage message(advertisement);
    message.options().link_address(wire::NdOptionType::target_link_address,
                                   interfaces().get(own.interface)->mac);
    send_message(own.interface, message, own.address, destination, mac);
}

void Nd::announce(const Key& own) {
    const interface::Interface* on = interfaces().get(own.interface);
    if (on == nullptr || !on->up || addresses().is_tentative(own.interface, own.address)) {
        return;
    }
    const wire::Ip6Address all = wire::Ip6Address::all_nodes();
    advertise(own, all, all.multicast_mac(), false);
}

void Nd::defend(const Key& own) {
    // Somebody uses our address: say once more whose it is, but not so often that two who both
    // insist flood the link.
    const Clock::time_point now = this->now();
    const auto [last, first_time] = defended_.try_emplace(own, now);
    if (first_time || now - last->second >= settings().defend_interval) {
        last->second = now;
        announce(own);
    }
}

}  // namespace vnet::neighbor
