// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "graph/mailbox.hpp"
#include "vnet/fib/addresses.hpp"
#include "vnet/fib/fibs.hpp"
#include "vnet/fib/groups.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/neighbor/cache.hpp"

namespace vnet {

/// What the router has of one address family: `Neighbors` is neighbor::Arp or neighbor::Nd. Made by
/// the Router in this order; control thread, but for the tables that workers look up in.
template <class Family, class Neighbors>
struct Network {
    Network(graph::Rcu& rcu, const interface::Table& interfaces)
        : tables(rcu, interfaces), table(tables.make(interface::default_vrf)) {}

    /// What workers look routes up in, for each VRF.
    fib::Tables<typename Family::Table> tables;
    /// Of the default VRF.
    typename Family::Table& table;
    /// Who takes what is addressed to the router.
    ip4::LocalTable local;
    /// Packets that wait for a neighbour, and what is heard from neighbours, on their way to
    /// control.
    std::unique_ptr<graph::Mailbox> unresolved;
    std::unique_ptr<graph::Mailbox> heard;
    std::unique_ptr<fib::NextHops<typename Family::Address>> next_hops;
    std::unique_ptr<fib::Fibs<Family>> fibs;
    /// Of the default VRF.
    fib::Fib<Family>* fib = nullptr;
    std::unique_ptr<fib::Groups<Family>> groups;
    std::unique_ptr<fib::Addresses<Family>> addresses;
    std::unique_ptr<Neighbors> neighbors;

    void make_fibs(fib::ForwardingTable& forwarding, const typename fib::Fibs<Family>::Ends& ends) {
        fibs = std::make_unique<fib::Fibs<Family>>(tables, forwarding, *next_hops, ends);
        fib = &fibs->of(interface::default_vrf);
    }

    /// In the opposite order.
    void reset() {
        neighbors.reset();
        addresses.reset();
        groups.reset();
        fib = nullptr;
        fibs.reset();
        next_hops.reset();
    }
};

}  // namespace vnet
