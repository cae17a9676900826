// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/next_hops.hpp"

#include <cstring>

#include "vnet/wire/ethernet.hpp"

namespace vnet::fib {

Adjacency ethernet_adjacency(const interface::Interface& interface, graph::NodeId rewrite_node,
                             const wire::MacAddress& destination, uint16_t ether_type) {
    wire::EthernetHeader header;
    header.destination = destination;
    header.source = interface.mac;
    header.type = wire::Be16(ether_type);
    Adjacency adjacency;
    adjacency.next = rewrite_node;
    adjacency.action = Action::forward;
    adjacency.interface = interface.index;
    adjacency.mtu = interface.mtu;
    adjacency.rewrite_length = sizeof(header);
    std::memcpy(adjacency.rewrite.data() + Adjacency::rewrite_capacity - sizeof(header), &header,
                sizeof(header));
    return adjacency;
}

NextHops::NextHops(ForwardingTable& forwarding, interface::Table& interfaces, Nodes nodes)
    : forwarding_(forwarding), interfaces_(interfaces), nodes_(nodes) {
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::mtu || change == interface::Change::mac) {
            refresh(interface.index);
        }
    });
}

Adjacency NextHops::describe(const Key& key, const NextHop& hop) const {
    const interface::Interface* interface = interfaces_.get(hop.interface);
    Adjacency adjacency;
    if (hop.interface == 0) {
        adjacency.next = nodes_.unreachable;
        adjacency.action = Action::unreachable;
        return adjacency;
    }
    if (interface != nullptr && hop.resolved) {
        adjacency = ethernet_adjacency(*interface, nodes_.rewrite, hop.mac,
                                       static_cast<uint16_t>(wire::EtherType::ip4));
    } else {
        adjacency.next = nodes_.resolve;
        adjacency.action = Action::resolve;
        adjacency.interface = hop.interface;
        adjacency.mtu = interface == nullptr ? 0 : interface->mtu;
    }
    adjacency.next_hop = key.address;
    return adjacency;
}

PathIndex NextHops::acquire(interface::Index interface, wire::Ip4Address address) {
    const Key key{interface, address.value()};
    NextHop& hop = hops_[key];
    if (hop.holders++ == 0) {
        hop.interface = interface;
        hop.path = forwarding_.make(describe(key, hop));
    }
    return hop.path;
}

void NextHops::release(interface::Index interface, wire::Ip4Address address) {
    const auto found = hops_.find(Key{interface, address.value()});
    if (found == hops_.end() || --found->second.holders > 0) {
        return;
    }
    forwarding_.release(found->second.path);
    hops_.erase(found);
}

void NextHops::place(wire::Ip4Address address, interface::Index interface) {
    const auto found = hops_.find(Key{0, address.value()});
    if (found == hops_.end()) {
        return;
    }
    NextHop& hop = found->second;
    const auto there = hops_.find(Key{interface, address.value()});
    hop.interface = interface;
    hop.resolved = interface != 0 && there != hops_.end() && there->second.resolved;
    hop.mac = hop.resolved ? there->second.mac : wire::MacAddress();
    turn(found->first, hop);
}

/// Calls for the next hop itself, and for the recursive one that was found there.
template <class Change>
void NextHops::change(interface::Index interface, wire::Ip4Address address, Change&& change) {
    for (const Key key : {Key{interface, address.value()}, Key{0, address.value()}}) {
        const auto found = hops_.find(key);
        if (found != hops_.end() && found->second.interface == interface && change(found->second)) {
            turn(key, found->second);
        }
    }
}

void NextHops::resolved(interface::Index interface, wire::Ip4Address address,
                        const wire::MacAddress& mac) {
    change(interface, address, [&mac](NextHop& hop) {
        const bool is_news = !hop.resolved || hop.mac != mac;
        hop.resolved = true;
        hop.mac = mac;
        return is_news;
    });
}

void NextHops::lost(interface::Index interface, wire::Ip4Address address) {
    change(interface, address, [](NextHop& hop) { return std::exchange(hop.resolved, false); });
}

void NextHops::refresh(interface::Index interface) {
    for (const auto& [key, hop] : hops_) {
        if (hop.interface == interface) {
            turn(key, hop);
        }
    }
}

void NextHops::turn(const Key& key, const NextHop& hop) {
    // A hop that found no room holds path 0, which is everybody's "no route".
    if (hop.path != 0) {
        forwarding_.turn(hop.path, describe(key, hop));
    }
}

}  // namespace vnet::fib
