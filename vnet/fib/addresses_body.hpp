// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of addresses.hpp, for the one file of each family that makes its Addresses.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "vnet/fib/addresses.hpp"

namespace vnet::fib {

template <class Family>
Addresses<Family>::Addresses(interface::Table& interfaces, Fibs<Family>& fibs)
    : interfaces_(interfaces), fibs_(fibs) {
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::removing) {
            // Who observes may take others with one that goes.
            while (!of(interface.index).empty()) {
                const Prefix last = of(interface.index).back();
                take(interface.index, last);
            }
            fibs_.forget_interface(interface.index);
        }
    });
}

template <class Family>
const std::vector<typename Family::Prefix>& Addresses<Family>::of(
    interface::Index interface) const {
    static const std::vector<Prefix> none;
    const auto found = addresses_.find(interface);
    return found == addresses_.end() ? none : found->second;
}

template <class Family>
const typename Family::Prefix* Addresses<Family>::find(interface::Index interface,
                                                       Address address) const {
    const std::vector<Prefix>& own = of(interface);
    const auto found = std::find_if(
        own.begin(), own.end(), [&](const Prefix& prefix) { return prefix.address() == address; });
    return found == own.end() ? nullptr : &*found;
}

template <class Family>
interface::Index Addresses<Family>::owner(Address address, interface::Vrf vrf) const {
    for (const auto& [index, prefixes] : addresses_) {
        if (owner_on(index, address) && interfaces_.vrf_of(index) == vrf) {
            return index;
        }
    }
    return 0;
}

template <class Family>
bool Addresses<Family>::owner_on(interface::Index interface, Address address) const {
    return find(interface, address) != nullptr;
}

template <class Family>
std::optional<typename Family::Address> Addresses<Family>::on_link(interface::Index interface,
                                                                   Address peer) const {
    for (const Prefix& prefix : of(interface)) {
        if (Family::is_host(prefix, peer)) {
            return prefix.address();
        }
    }
    return std::nullopt;
}

template <class Family>
absl::Status Addresses<Family>::check(const interface::Interface& interface,
                                      const Prefix& prefix) const {
    const Address address = prefix.address();
    if (!address.valid_source() || prefix.length() == 0) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be an interface's address; give a host's unicast address with "
                        "its prefix length",
                        prefix));
    }
    if (!Family::is_host(prefix, address)) {
        return absl::InvalidArgumentError(
            fmt::format("{} is the {} address of its network; give a host's address in {}", prefix,
                        Family::what_is(prefix, address), prefix.normalised()));
    }
    for (const auto& [index, prefixes] : addresses_) {
        const bool counts = index == interface.index || is_beside(index, interface.vrf, prefix);
        if (auto status =
                counts ? check_beside(index, prefix, index == interface.index) : absl::OkStatus();
            !status.ok()) {
            return status;
        }
    }
    return absl::OkStatus();
}

/// Whether the addresses of `other` may not overlap a prefix of another interface of the VRF.
template <class Family>
bool Addresses<Family>::is_beside(interface::Index other, interface::Vrf vrf,
                                  const Prefix& prefix) const {
    return !Family::is_of_link(prefix.address()) && interfaces_.vrf_of(other) == vrf;
}

template <class Family>
absl::Status Addresses<Family>::check_beside(interface::Index index, const Prefix& prefix,
                                             bool same_interface) const {
    const Address address = prefix.address();
    for (const Prefix& other : of(index)) {
        if (other.address() == address) {
            return absl::AlreadyExistsError(fmt::format("interface '{}' has the address {} already",
                                                        interfaces_.name_of(index), other));
        }
        const bool same_network = other.normalised() == prefix.normalised();
        if ((other.contains(address) || prefix.contains(other.address())) &&
            !(same_interface && same_network)) {
            return absl::AlreadyExistsError(
                fmt::format("{} overlaps {} of interface '{}'; give a network of its own", prefix,
                            other, interfaces_.name_of(index)));
        }
    }
    return absl::OkStatus();
}

template <class Family>
absl::Status Addresses<Family>::add_routes(Fib<Family>& fib, interface::Index interface,
                                           const Prefix& prefix) {
    absl::Status status;
    // One that is new is tentative, where addresses are.
    const bool is_used =
        !Family::detects_duplicates ||
        (owner_on(interface, prefix.address()) && !is_tentative(interface, prefix.address()));
    if (is_used) {
        status = fib.add(host_route(interface, prefix.address()), RouteSource::address,
                         {ViaKind::local, interface, {}});
    }
    if (status.ok() && prefix.length() < Prefix::longest) {
        status = fib.add(network_route(interface, prefix), RouteSource::address,
                         {ViaKind::connected, interface, {}});
    }
    if constexpr (Family::has_broadcast) {
        if (status.ok() && prefix.broadcast()) {
            status = fib.add(host_route(interface, *prefix.broadcast()), RouteSource::address,
                             {ViaKind::broadcast, interface, {}});
        }
    }
    return status;
}

template <class Family>
void Addresses<Family>::remove_routes(Fib<Family>& fib, interface::Index interface,
                                      const Prefix& prefix) {
    (void)fib.remove(host_route(interface, prefix.address()), RouteSource::address);
    const auto& left = of(interface);
    const bool shared = std::any_of(left.begin(), left.end(), [&](const Prefix& other) {
        return other.normalised() == prefix.normalised();
    });
    if (!shared) {
        remove_network(fib, interface, prefix);
    }
}

template <class Family>
void Addresses<Family>::remove_network(Fib<Family>& fib, interface::Index interface,
                                       const Prefix& prefix) {
    if (prefix.length() < Prefix::longest) {
        (void)fib.remove(network_route(interface, prefix), RouteSource::address);
    }
    if constexpr (Family::has_broadcast) {
        if (prefix.broadcast()) {
            (void)fib.remove(host_route(interface, *prefix.broadcast()), RouteSource::address);
        }
    }
}

template <class Family>
std::vector<typename Addresses<Family>::Obstacle> Addresses<Family>::obstacles(
    interface::Index interface, interface::Vrf vrf) const {
    std::vector<Obstacle> all;
    for (const Prefix& prefix : of(interface)) {
        absl::Status status;
        for (const auto& [other, prefixes] : addresses_) {
            if (status.ok() && other != interface && is_beside(other, vrf, prefix)) {
                status = check_beside(other, prefix, false);
            }
        }
        if (!status.ok()) {
            all.push_back({prefix, std::move(status)});
        }
    }
    return all;
}

namespace {
template <class Prefix>
bool is_among(const std::vector<Prefix>& prefixes, const Prefix& prefix) {
    return std::find(prefixes.begin(), prefixes.end(), prefix) != prefixes.end();
}
}  // namespace

template <class Family>
absl::Status Addresses<Family>::enter(interface::Index interface, interface::Vrf vrf,
                                      const std::vector<Prefix>& without) {
    for (const Prefix& prefix : of(interface)) {
        absl::Status status = is_among(without, prefix)
                                  ? absl::OkStatus()
                                  : add_routes(fibs_.of(vrf), interface, prefix);
        if (!status.ok()) {
            leave(interface, vrf, without);
            return status;
        }
    }
    return absl::OkStatus();
}

template <class Family>
void Addresses<Family>::leave(interface::Index interface, interface::Vrf vrf,
                              const std::vector<Prefix>& without) {
    Fib<Family>& fib = fibs_.of(vrf);
    for (const Prefix& prefix : of(interface)) {
        // Others there may have the very routes of those that it is without.
        if (!is_among(without, prefix)) {
            (void)fib.remove(host_route(interface, prefix.address()), RouteSource::address);
            remove_network(fib, interface, prefix);
        }
    }
}

template <class Family>
void Addresses<Family>::give_up(interface::Index interface, interface::Vrf entered,
                                const std::vector<Prefix>& gone) {
    const std::vector<Prefix> before = of(interface);
    for (const Prefix& prefix : gone) {
        if (is_among(of(interface), prefix)) {
            take(interface, prefix);
        }
    }
    for (const Prefix& prefix : before) {
        if (!is_among(gone, prefix) && !is_among(of(interface), prefix)) {
            remove_routes(fibs_.of(entered), interface, prefix);
        }
    }
}

template <class Family>
absl::Status Addresses<Family>::add(const std::string& name, const Prefix& prefix, Origin origin) {
    auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (auto status = check(**interface, prefix); !status.ok()) {
        return status;
    }
    const interface::Index index = (*interface)->index;
    if (auto status = add_routes(fib_of(index), index, prefix); !status.ok()) {
        remove_routes(fib_of(index), index, prefix);
        return status;
    }
    addresses_[index].push_back(prefix);
    if (origin == Origin::learned) {
        learned_.insert({index, prefix.address()});
    }
    if (Family::detects_duplicates) {
        tentative_.insert({index, prefix.address()});
    }
    Family::note(interfaces_.hot(index), of(index));
    for (const Observer& observer : observers_) {
        observer(index, prefix, true);
    }
    if (!Family::detects_duplicates) {
        for (const Observer& observer : use_observers_) {
            observer(index, prefix, true);
        }
    }
    return absl::OkStatus();
}

template <class Family>
absl::Status Addresses<Family>::remove(const std::string& name, const Prefix& prefix) {
    auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const auto& own = of((*interface)->index);
    if (std::find(own.begin(), own.end(), prefix) == own.end()) {
        return absl::NotFoundError(
            own.empty() ? fmt::format("interface '{}' has no {} address", name, Family::name)
                        : fmt::format("interface '{}' does not have {}; it has: {}", name, prefix,
                                      fmt::join(own, ", ")));
    }
    take((*interface)->index, prefix);
    return absl::OkStatus();
}

template <class Family>
void Addresses<Family>::take(interface::Index interface, const Prefix& prefix) {
    const bool was_used = tentative_.erase({interface, prefix.address()}) == 0;
    learned_.erase({interface, prefix.address()});
    auto& own = addresses_[interface];
    own.erase(std::find(own.begin(), own.end(), prefix));
    Family::note(interfaces_.hot(interface), own);
    if (was_used) {
        for (const Observer& observer : use_observers_) {
            observer(interface, prefix, false);
        }
    }
    for (const Observer& observer : observers_) {
        observer(interface, prefix, false);
    }
    remove_routes(fib_of(interface), interface, prefix);
    if (of(interface).empty()) {
        addresses_.erase(interface);
    }
}

template <class Family>
void Addresses<Family>::assign(interface::Index interface, Address address) {
    const Prefix* const prefix = find(interface, address);
    // Where the table has no room the address stays tentative, and is tried again with the next
    // detection.
    if (prefix == nullptr || !is_tentative(interface, address) ||
        !fib_of(interface)
             .add(host_route(interface, address), RouteSource::address,
                  {ViaKind::local, interface, {}})
             .ok()) {
        return;
    }
    tentative_.erase({interface, address});
    for (const Observer& observer : use_observers_) {
        observer(interface, *prefix, true);
    }
}

}  // namespace vnet::fib
