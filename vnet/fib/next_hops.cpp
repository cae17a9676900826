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
    const interface::Interface* interface = interfaces_.get(key.interface);
    Adjacency adjacency;
    if (interface != nullptr && hop.resolved) {
        adjacency = ethernet_adjacency(*interface, nodes_.rewrite, hop.mac,
                                       static_cast<uint16_t>(wire::EtherType::ip4));
    } else {
        adjacency.next = nodes_.resolve;
        adjacency.action = Action::resolve;
        adjacency.interface = key.interface;
        adjacency.mtu = interface == nullptr ? 0 : interface->mtu;
    }
    adjacency.next_hop = key.address;
    return adjacency;
}

PathIndex NextHops::acquire(interface::Index interface, wire::Ip4Address address) {
    const Key key{interface, address.value()};
    NextHop& hop = hops_[key];
    if (hop.holders++ == 0) {
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

void NextHops::resolved(interface::Index interface, wire::Ip4Address address,
                        const wire::MacAddress& mac) {
    const auto found = hops_.find(Key{interface, address.value()});
    if (found == hops_.end() || (found->second.resolved && found->second.mac == mac)) {
        return;
    }
    found->second.resolved = true;
    found->second.mac = mac;
    turn(found->first, found->second);
}

void NextHops::lost(interface::Index interface, wire::Ip4Address address) {
    const auto found = hops_.find(Key{interface, address.value()});
    if (found == hops_.end() || !found->second.resolved) {
        return;
    }
    found->second.resolved = false;
    turn(found->first, found->second);
}

void NextHops::refresh(interface::Index interface) {
    for (const auto& [key, hop] : hops_) {
        if (key.interface == interface) {
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
