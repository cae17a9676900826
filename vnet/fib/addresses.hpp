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

#include "vnet/fib/fib.hpp"
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

    Addresses(interface::Table& interfaces, Fib<Family>& fib);

    /// Gives an interface an address with the length of its network. Refused: an address that no
    /// host may have, that is the network's own or its broadcast address, that another interface
    /// has, or whose network overlaps another interface's; but for IPv6 link-local ones, which mean
    /// something on their own link only.
    absl::Status add(const std::string& interface, const Prefix& prefix,
                     Origin origin = Origin::configured);
    absl::Status remove(const std::string& interface, const Prefix& prefix);

    /// Of one interface, first given first, tentative ones included.
    const std::vector<Prefix>& of(interface::Index interface) const;
    const std::map<interface::Index, std::vector<Prefix>>& all() const noexcept {
        return addresses_;
    }
    /// The interface that has this address; 0: none. For one of the link, owner_on() is the one to
    /// ask.
    interface::Index owner(Address address) const;
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

    /// Calls back after an address came (true) or went (false).
    using Observer = std::function<void(interface::Index, const Prefix&, bool)>;
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }
    /// Calls back after the router began to use an address (true), or gave up one that it used.
    void observe_use(Observer observer) { use_observers_.push_back(std::move(observer)); }

private:
    absl::Status check(const interface::Interface& interface, const Prefix& prefix) const;
    absl::Status add_routes(interface::Index interface, const Prefix& prefix);
    void remove_routes(interface::Index interface, const Prefix& prefix);
    void take(interface::Index interface, const Prefix& prefix);
    const Prefix* find(interface::Index interface, Address address) const;
    Prefix host_route(interface::Index interface, Address address) const {
        return {Family::scoped(address, interface), Prefix::longest};
    }
    Prefix network_route(interface::Index interface, const Prefix& prefix) const {
        return {Family::scoped(prefix.normalised().address(), interface), prefix.length()};
    }

    interface::Table& interfaces_;
    Fib<Family>& fib_;
    std::map<interface::Index, std::vector<Prefix>> addresses_;
    std::set<std::pair<interface::Index, Address>> tentative_;
    std::set<std::pair<interface::Index, Address>> learned_;
    std::vector<Observer> observers_;
    std::vector<Observer> use_observers_;
};

}  // namespace vnet::fib
