// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/arp.hpp"

#include <cstring>

#include "vnet/neighbor/cache_body.hpp"

template class vnet::neighbor::Cache<vnet::ip4::Family>;

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

Arp::Arp(const Parts& parts, icmp4::ErrorSlot error_slot, const Nodes& nodes,
         const Settings& settings, Now clock)
    : Cache(parts, nodes, settings, std::move(clock), "neighbor-control",
            {"ip4-lookup", "ip4-lookup-vrf", "interface-output", "icmp4-error"}),
      error_slot_(error_slot) {
    interfaces().observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::link_up || change == interface::Change::mac) {
            for (const wire::Ip4Prefix& prefix : addresses().of(interface.index)) {
                announce(interface.index, prefix.address());
            }
        }
    });
    addresses().observe(
        [this](interface::Index interface, const wire::Ip4Prefix& prefix, bool added) {
            if (added) {
                announce(interface, prefix.address());
            } else {
                defended_.erase({interface, prefix.address()});
                forget_off_link(interface);
            }
        });
}

Arp::~Arp() {
    forget_all();
}

void Arp::tell_unreachable(graph::Packet* packet) {
    icmp4::ask(error_slot_, *packet, wire::Icmp4Type::unreachable,
               uint8_t(wire::Icmp4Unreachable::host));
    give_back(packet, nodes().icmp_error);
}

void Arp::ask(const Key& key, const std::optional<wire::MacAddress>& alone) {
    auto arp = wire::ArpHeader::make(wire::ArpOperation::request);
    arp.sender_mac = interfaces().get(key.interface)->mac;
    arp.sender_ip = own_address(key);
    arp.target_ip = key.address;
    send_arp(key.interface, arp, alone.value_or(wire::MacAddress::broadcast()));
}

void Arp::take_arp(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        const auto [header, fault] = wire::check_arp(packet->from_offset(packet->meta().l3_offset));
        const interface::Interface* interface = interfaces().get(packet->meta().rx_interface);
        if (fault != wire::ArpFault::none || interface == nullptr || !interface->up) {
            drop(packet, Drop::not_on_link);
            continue;
        }
        const wire::ArpHeader arp = *header;
        const interface::Index index = interface->index;
        const bool for_us =
            addresses().owner_on(index, arp.target_ip) || is_answered_for(index, arp.target_ip);
        if (!arp.is_probe()) {
            if (arp.sender_mac == interface->mac) {
                drop(packet, Drop::own_packet);
                continue;
            }
            if (const interface::Index owner = addresses().owner(arp.sender_ip, interface->vrf);
                owner != 0) {
                if (owner == index) {
                    defend(index, arp.sender_ip);
                }
                drop(packet, Drop::address_conflict);
                continue;
            }
            const Key key{index, arp.sender_ip};
            if (!may_be_on_link(key)) {
                drop(packet, Drop::not_on_link);
                continue;
            }
            // RFC 826: an entry that is there is updated in any case, a new one is made where we
            // are meant. Only who answers what he was asked is there: all else anybody can say.
            const bool is_answer = for_us && arp.is_reply() && is_questioned(key);
            learn(key, arp.sender_mac, for_us && arp.is_request(), is_answer);
        }
        graph::free_packet(packet);
        if (for_us && arp.is_request()) {
            answer(arp, index);
        }
    }
}

bool Arp::is_answered_for(interface::Index interface, wire::Ip4Address address) {
    std::erase_if(answers_for_, [](const auto& answers) { return answers.expired(); });
    return std::any_of(answers_for_.begin(), answers_for_.end(), [&](const auto& answers) {
        const auto alive = answers.lock();
        return alive != nullptr && (*alive)(interface, address);
    });
}

void Arp::answer(const wire::ArpHeader& request, interface::Index interface) {
    auto arp = wire::ArpHeader::make(wire::ArpOperation::reply);
    arp.sender_mac = interfaces().get(interface)->mac;
    arp.sender_ip = request.target_ip;
    arp.target_mac = request.sender_mac;
    arp.target_ip = request.sender_ip;
    send_arp(interface, arp, request.sender_mac);
}

void Arp::announce(interface::Index interface, wire::Ip4Address address) {
    const interface::Interface* on = interfaces().get(interface);
    if (on == nullptr || !on->up) {
        return;
    }
    auto arp = wire::ArpHeader::make(wire::ArpOperation::request);
    arp.sender_mac = on->mac;
    arp.sender_ip = address;
    arp.target_ip = address;
    send_arp(interface, arp, wire::MacAddress::broadcast());
}

void Arp::defend(interface::Index interface, wire::Ip4Address address) {
    // Somebody uses our address: say once more whose it is, but not so often that two who both
    // insist flood the link (RFC 5227 2.4 c).
    const Clock::time_point now = this->now();
    const auto [last, first_time] = defended_.try_emplace({interface, address}, now);
    if (first_time || now - last->second >= settings().defend_interval) {
        last->second = now;
        announce(interface, address);
    }
}

void Arp::send_arp(interface::Index interface, const wire::ArpHeader& arp,
                   const wire::MacAddress& destination) {
    graph::Packet* packet =
        make_frame(interface, destination, uint16_t(wire::EtherType::arp), sizeof(arp));
    if (packet == nullptr) {
        return;
    }
    std::memcpy(packet->data() + packet->meta().l3_offset, &arp, sizeof(arp));
    send(packet);
}

}  // namespace vnet::neighbor
