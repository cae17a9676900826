// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "vnet/fib/fibs.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::fib {

/// Where an address comes from.
enum class Origin : uint8_t {
    /// Somebody asked for it: part of the configuration.
    configured,
    /// A part of the router found it out, as a DHCP client does, and takes it back.
    learned,
};

/// The addresses of the router's interfaces of one family, and the routes that follow from them:
/// the address itself is local, the network is connected, and its IPv4 broadcast address is for the
/// router too. An IPv6 address is tentative until assign() says that nobody else on the link has
/// it; till then its network is connected, and nothing is local. Control thread.
template <class Family>
class Addresses {
public:
    using Address = typename Family::Address;
    using Prefix = typename Family::Prefix;

    Addresses(interface::Table& interfaces, Fibs<Family>& fibs);

    /// Gives an interface an address with the length of its network. Refused: an address that no
    /// host may have, that is the network's own or its broadcast address, that another interface
    /// has, or whose network overlaps another interface's; but for IPv6 link-local ones, which mean
    /// something on their own link only. Interfaces of other VRFs do not count.
    absl::Status add(const std::string& interface, const Prefix& prefix,
                     Origin origin = Origin::configured);
    absl::Status remove(const std::string& interface, const Prefix& prefix);

    /// Of one interface, first given first, tentative ones included.
    const std::vector<Prefix>& of(interface::Index interface) const;
    const std::map<interface::Index, std::vector<Prefix>>& all() const noexcept {
        return addresses_;
    }
    /// The interface of the VRF that has this address; 0: none. For one of the link, owner_on() is
    /// the one to ask.
    interface::Index owner(Address address, interface::Vrf vrf = interface::default_vrf) const;
    bool owner_on(interface::Index interface, Address address) const;
    /// The address of the interface that hosts in the network of `peer` know; none where `peer` can
    /// be no host on that link.
    std::optional<Address> on_link(interface::Index interface, Address peer) const;

    /// The router may use an address that was tentative: it is local from now on. Nothing where the
    /// interface has no such address.
    void assign(interface::Index interface, Address address);
    bool is_tentative(interface::Index interface, Address address) const {
        return tentative_.contains({interface, address});
    }

    bool is_learned(interface::Index interface, Address address) const {
        return learned_.contains({interface, address});
    }

    /// Those of the interface's addresses that stand in the way of its being in a VRF, and why:
    /// ALREADY_EXISTS where an interface there has it or a network that overlaps.
    struct Obstacle {
        Prefix prefix;
        absl::Status status;
    };
    std::vector<Obstacle> obstacles(interface::Index interface, interface::Vrf vrf) const;
    /// Adds the routes of the interface's addresses, but for some, to a VRF that it is going to be
    /// in. Where there is no room for them, none are there.
    absl::Status enter(interface::Index interface, interface::Vrf vrf,
                       const std::vector<Prefix>& without = {});
    /// Takes them out of a VRF that it is no longer in.
    void leave(interface::Index interface, interface::Vrf vrf,
               const std::vector<Prefix>& without = {});
    /// Takes from the interface the addresses that it has entered a VRF without, and from that VRF
    /// the routes of those that went with them.
    void give_up(interface::Index interface, interface::Vrf entered,
                 const std::vector<Prefix>& gone);

    /// Calls back after an address came (true) or went (false).
    using Observer = std::function<void(interface::Index, const Prefix&, bool)>;
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }
    /// Calls back after the router began to use an address (true), or gave up one that it used.
    void observe_use(Observer observer) { use_observers_.push_back(std::move(observer)); }

private:
    absl::Status check(const interface::Interface& interface, const Prefix& prefix) const;
    bool is_beside(interface::Index other, interface::Vrf vrf, const Prefix& prefix) const;
    absl::Status check_beside(interface::Index index, const Prefix& prefix,
                              bool same_interface) const;
    Fib<Family>& fib_of(interface::Index interface) {
        return fibs_.of(interfaces_.vrf_of(interface));
    }
    absl::Status add_routes(Fib<Family>& fib, interface::Index interface, const Prefix& prefix);
    void remove_routes(Fib<Family>& fib, interface::Index interface, const Prefix& prefix);
    void remove_network(Fib<Family>& fib, interface::Index interface, const Prefix& prefix);
    void take(interface::Index interface, const Prefix& prefix);
    const Prefix* find(interface::Index interface, Address address) const;
    Prefix host_route(interface::Index interface, Address address) const {
        return {Family::scoped(address, interface), Prefix::longest};
    }
    Prefix network_route(interface::Index interface, const Prefix& prefix) const {
        return {Family::scoped(prefix.normalised().address(), interface), prefix.length()};
    }

    interface::Table& interfaces_;
    Fibs<Family>& fibs_;
    std::map<interface::Index, std::vector<Prefix>> addresses_;
    std::set<std::pair<interface::Index, Address>> tentative_;
    std::set<std::pair<interface::Index, Address>> learned_;
    std::vector<Observer> observers_;
    std::vector<Observer> use_observers_;
};

}  // namespace vnet::fib
