// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vnet/interface/table.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/wire/ip4.hpp"

namespace vnet::ip4 {

/// The IPv4 addresses of the router's interfaces, and the routes that follow from them: the address
/// itself is local, the network is connected, and its broadcast address is for the router too.
/// Control thread.
class Addresses {
public:
    Addresses(interface::Table& interfaces, Fib& fib);

    /// Gives an interface an address with the length of its network. Refused: an address that no
    /// host may have, that is the network's own or its broadcast address, that another interface
    /// has, or whose network overlaps another interface's.
    absl::Status add(const std::string& interface, const wire::Ip4Prefix& prefix);
    absl::Status remove(const std::string& interface, const wire::Ip4Prefix& prefix);

    /// Of one interface, first given first.
    const std::vector<wire::Ip4Prefix>& of(interface::Index interface) const;
    const std::map<interface::Index, std::vector<wire::Ip4Prefix>>& all() const noexcept {
        return addresses_;
    }
    /// The interface that has this address; 0: none.
    interface::Index owner(wire::Ip4Address address) const;
    /// The address of the interface that hosts in the network of `peer` know; none where `peer` can
    /// be no host on that link.
    std::optional<wire::Ip4Address> on_link(interface::Index interface,
                                            wire::Ip4Address peer) const;

    /// Calls back after an address came (true) or went (false).
    void observe(std::function<void(interface::Index, const wire::Ip4Prefix&, bool)> observer);

private:
    absl::Status check(const interface::Interface& interface, const wire::Ip4Prefix& prefix) const;
    absl::Status add_routes(interface::Index interface, const wire::Ip4Prefix& prefix);
    void remove_routes(interface::Index interface, const wire::Ip4Prefix& prefix);
    void take(interface::Index interface, const wire::Ip4Prefix& prefix);

    interface::Table& interfaces_;
    Fib& fib_;
    std::map<interface::Index, std::vector<wire::Ip4Prefix>> addresses_;
    std::vector<std::function<void(interface::Index, const wire::Ip4Prefix&, bool)>> observers_;
};

}  // namespace vnet::ip4
