// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/next_hops.hpp"

#include <algorithm>
#include <cstring>

#include "vnet/wire/ethernet.hpp"

namespace vnet::fib {

Adjacency plain_adjacency(const interface::Interface& interface, graph::NodeId rewrite_node) {
    Adjacency adjacency;
    adjacency.next = rewrite_node;
    adjacency.action = Action::forward;
    adjacency.interface = interface.index;
    adjacency.mtu = interface.mtu;
    return adjacency;
}

Adjacency ethernet_adjacency(const interface::Interface& interface, graph::NodeId rewrite_node,
                             const wire::MacAddress& destination, uint16_t ether_type) {
    wire::EthernetHeader header;
    header.destination = destination;
    header.source = interface.mac;
    header.type = wire::Be16(ether_type);
    Adjacency adjacency = plain_adjacency(interface, rewrite_node);
    adjacency.rewrite_length = sizeof(header);
    std::memcpy(adjacency.rewrite.data() + Adjacency::rewrite_capacity - sizeof(header), &header,
                sizeof(header));
    return adjacency;
}

namespace {
wire::EtherType ether_type(wire::Ip4Address) {
    return wire::EtherType::ip4;
}
wire::EtherType ether_type(wire::Ip6Address) {
    return wire::EtherType::ip6;
}
}  // namespace

template <class Address>
NextHops<Address>::NextHops(ForwardingTable& forwarding, interface::Table& interfaces, Nodes nodes)
    : forwarding_(forwarding), interfaces_(interfaces), nodes_(nodes) {
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::mtu || change == interface::Change::mac) {
            refresh(interface.index);
        }
    });
}

/// Whether packets leave by the interface without a link-layer header, so that nobody needs to be
/// asked for an address.
template <class Address>
bool NextHops<Address>::is_plain(interface::Index index) const {
    const interface::Interface* interface = interfaces_.get(index);
    return interface != nullptr && !interface->device->carries_ethernet();
}

template <class Address>
Adjacency NextHops<Address>::describe(const Key& key, const NextHop& hop) const {
    const interface::Interface* interface = interfaces_.get(hop.interface);
    Adjacency adjacency;
    if (hop.interface == 0) {
        adjacency.next = nodes_.unreachable;
        adjacency.action = Action::unreachable;
        return adjacency;
    }
    if (is_plain(hop.interface)) {
        adjacency = plain_adjacency(*interface, nodes_.rewrite);
    } else if (interface != nullptr && hop.resolved) {
        adjacency = ethernet_adjacency(*interface, nodes_.rewrite, hop.mac,
                                       static_cast<uint16_t>(ether_type(key.address)));
    } else {
        adjacency.next = nodes_.resolve;
        adjacency.action = Action::resolve;
        adjacency.interface = hop.interface;
        adjacency.mtu = interface == nullptr ? 0 : interface->mtu;
    }
    adjacency.set_next_hop(key.address);
    return adjacency;
}

template <class Address>
PathIndex NextHops<Address>::acquire(interface::Index interface, Address address) {
    const Key key{interface, address};
    NextHop& hop = hops_[key];
    if (hop.holders++ == 0) {
        const bool is_found = interface == 0 || interface > graph::max_interfaces;
        hop.interface = is_found ? 0 : interface;
        hop.resolved = is_plain(hop.interface);
        if (interface > graph::max_interfaces) {
            highest_vrf_ = std::max(highest_vrf_, interface::Vrf(graph::no_interface - interface));
        }
        hop.path = forwarding_.make(describe(key, hop));
    }
    return hop.path;
}

template <class Address>
void NextHops<Address>::release(interface::Index interface, Address address) {
    const auto found = hops_.find(Key{interface, address});
    if (found == hops_.end() || --found->second.holders > 0) {
        return;
    }
    forwarding_.release(found->second.path);
    hops_.erase(found);
}

template <class Address>
void NextHops<Address>::place(Address address, interface::Index interface, interface::Vrf vrf) {
    const auto found = hops_.find(Key{found_by(vrf), address});
    if (found == hops_.end()) {
        return;
    }
    NextHop& hop = found->second;
    const auto there = hops_.find(Key{interface, address});
    hop.interface = interface;
    const bool is_known = interface != 0 && there != hops_.end() && there->second.resolved;
    hop.resolved = is_known || is_plain(interface);
    hop.mac = is_known ? there->second.mac : wire::MacAddress();
    turn(found->first, hop);
    tell(found->first);
}

/// Calls for the next hop itself, and for the recursive ones that were found there.
template <class Address>
template <class Change>
void NextHops<Address>::change(interface::Index interface, Address address, Change&& change) {
    const auto change_one = [&](const Key& key) {
        const auto found = hops_.find(key);
        if (found != hops_.end() && found->second.interface == interface && change(found->second)) {
            turn(key, found->second);
            tell(key);
        }
    };
    change_one({interface, address});
    for (unsigned vrf = interface::default_vrf; vrf <= highest_vrf_; ++vrf) {
        change_one({found_by(interface::Vrf(vrf)), address});
    }
}

template <class Address>
bool NextHops<Address>::is_resolved(interface::Index interface, Address address) const {
    const auto found = hops_.find(Key{interface, address});
    return found != hops_.end() && found->second.resolved;
}

template <class Address>
unsigned NextHops<Address>::holders(interface::Index interface, Address address) const {
    const auto found = hops_.find(Key{interface, address});
    return found == hops_.end() ? 0 : found->second.holders;
}

template <class Address>
void NextHops<Address>::tell(const Key& key) const {
    for (const Observer& observer : observers_) {
        observer(key.interface, key.address);
    }
}

template <class Address>
void NextHops<Address>::resolved(interface::Index interface, Address address,
                                 const wire::MacAddress& mac) {
    change(interface, address, [&mac](NextHop& hop) {
        const bool is_news = !hop.resolved || hop.mac != mac;
        hop.resolved = true;
        hop.mac = mac;
        return is_news;
    });
}

template <class Address>
void NextHops<Address>::lost(interface::Index interface, Address address) {
    change(interface, address, [](NextHop& hop) { return std::exchange(hop.resolved, false); });
}

template <class Address>
void NextHops<Address>::refresh(interface::Index interface) {
    for (const auto& [key, hop] : hops_) {
        if (hop.interface == interface) {
            turn(key, hop);
        }
    }
}

template <class Address>
void NextHops<Address>::turn(const Key& key, const NextHop& hop) {
    // A hop that found no room holds path 0, which is everybody's "no route".
    if (hop.path != 0) {
        forwarding_.turn(hop.path, describe(key, hop));
    }
}

}  // namespace vnet::fib

template class vnet::fib::NextHops<vnet::wire::Ip4Address>;
template class vnet::fib::NextHops<vnet::wire::Ip6Address>;
