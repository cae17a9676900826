// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/addresses.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vnet::ip4 {

Addresses::Addresses(interface::Table& interfaces, Fib& fib) : interfaces_(interfaces), fib_(fib) {
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::removing) {
            const std::vector<wire::Ip4Prefix> gone = of(interface.index);
            for (const wire::Ip4Prefix& prefix : gone) {
                take(interface.index, prefix);
            }
            fib_.forget_interface(interface.index);
        }
    });
}

const std::vector<wire::Ip4Prefix>& Addresses::of(interface::Index interface) const {
    static const std::vector<wire::Ip4Prefix> none;
    const auto found = addresses_.find(interface);
    return found == addresses_.end() ? none : found->second;
}

interface::Index Addresses::owner(wire::Ip4Address address) const {
    for (const auto& [index, prefixes] : addresses_) {
        for (const wire::Ip4Prefix& prefix : prefixes) {
            if (prefix.address() == address) {
                return index;
            }
        }
    }
    return 0;
}

std::optional<wire::Ip4Address> Addresses::on_link(interface::Index interface,
                                                   wire::Ip4Address peer) const {
    for (const wire::Ip4Prefix& prefix : of(interface)) {
        if (prefix.is_host(peer)) {
            return prefix.address();
        }
    }
    return std::nullopt;
}

absl::Status Addresses::check(const interface::Interface& interface,
                              const wire::Ip4Prefix& prefix) const {
    const wire::Ip4Address address = prefix.address();
    if (!address.valid_source() || address.is_multicast() || prefix.length() == 0) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be an interface's address; give a host's unicast address with "
                        "its prefix length",
                        prefix));
    }
    if (!prefix.is_host(address)) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is the {} address of its network; give a host's address in {}", prefix,
            prefix.is_broadcast(address) ? "broadcast" : "network", prefix.normalised()));
    }
    for (const auto& [index, prefixes] : addresses_) {
        for (const wire::Ip4Prefix& other : prefixes) {
            const bool same_interface = index == interface.index;
            if (other.address() == address) {
                return absl::AlreadyExistsError(
                    fmt::format("interface '{}' has the address {} already",
                                interfaces_.name_of(index), other));
            }
            const bool same_network = other.normalised() == prefix.normalised();
            if ((other.contains(address) || prefix.contains(other.address())) &&
                !(same_interface && same_network)) {
                return absl::AlreadyExistsError(
                    fmt::format("{} overlaps {} of interface '{}'; give a network of its own",
                                prefix, other, interfaces_.name_of(index)));
            }
        }
    }
    return absl::OkStatus();
}

absl::Status Addresses::add_routes(interface::Index interface, const wire::Ip4Prefix& prefix) {
    const Via local{Via::Kind::local, interface, {}};
    auto status = fib_.add({prefix.address(), 32}, RouteSource::address, local);
    if (status.ok() && prefix.length() < 32) {
        status = fib_.add(prefix.normalised(), RouteSource::address,
                          {Via::Kind::connected, interface, {}});
    }
    if (status.ok() && prefix.broadcast()) {
        status = fib_.add({*prefix.broadcast(), 32}, RouteSource::address,
                          {Via::Kind::broadcast, interface, {}});
    }
    if (!status.ok()) {
        remove_routes(interface, prefix);
    }
    return status;
}

void Addresses::remove_routes(interface::Index interface, const wire::Ip4Prefix& prefix) {
    (void)fib_.remove({prefix.address(), 32}, RouteSource::address);
    const auto& left = of(interface);
    const bool shared = std::any_of(left.begin(), left.end(), [&](const wire::Ip4Prefix& other) {
        return other.normalised() == prefix.normalised();
    });
    if (shared) {
        return;
    }
    if (prefix.length() < 32) {
        (void)fib_.remove(prefix.normalised(), RouteSource::address);
    }
    if (prefix.broadcast()) {
        (void)fib_.remove({*prefix.broadcast(), 32}, RouteSource::address);
    }
}

absl::Status Addresses::add(const std::string& name, const wire::Ip4Prefix& prefix) {
    auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (auto status = check(**interface, prefix); !status.ok()) {
        return status;
    }
    const interface::Index index = (*interface)->index;
    if (auto status = add_routes(index, prefix); !status.ok()) {
        return status;
    }
    auto& own = addresses_[index];
    own.push_back(prefix);
    interfaces_.hot(index).ip4_address.store(own.front().address().value(),
                                             std::memory_order_relaxed);
    for (const auto& observer : observers_) {
        observer(index, prefix, true);
    }
    return absl::OkStatus();
}

absl::Status Addresses::remove(const std::string& name, const wire::Ip4Prefix& prefix) {
    auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const auto& own = of((*interface)->index);
    if (std::find(own.begin(), own.end(), prefix) == own.end()) {
        return absl::NotFoundError(own.empty()
                                       ? fmt::format("interface '{}' has no address", name)
                                       : fmt::format("interface '{}' does not have {}; it has: {}",
                                                     name, prefix, fmt::join(own, ", ")));
    }
    take((*interface)->index, prefix);
    return absl::OkStatus();
}

void Addresses::take(interface::Index interface, const wire::Ip4Prefix& prefix) {
    auto& own = addresses_[interface];
    own.erase(std::find(own.begin(), own.end(), prefix));
    interfaces_.hot(interface).ip4_address.store(own.empty() ? 0 : own.front().address().value(),
                                                 std::memory_order_relaxed);
    const bool last = own.empty();
    for (const auto& observer : observers_) {
        observer(interface, prefix, false);
    }
    remove_routes(interface, prefix);
    if (last) {
        addresses_.erase(interface);
    }
}

void Addresses::observe(
    std::function<void(interface::Index, const wire::Ip4Prefix&, bool)> observer) {
    observers_.push_back(std::move(observer));
}

}  // namespace vnet::ip4
