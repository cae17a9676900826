// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "graph/mailbox.hpp"
#include "vnet/fib/addresses.hpp"
#include "vnet/fib/fib.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/neighbor/cache.hpp"

namespace vnet {

/// What the router has of one address family: `Neighbors` is neighbor::Arp or neighbor::Nd. Made by
/// the Router in this order; control thread, but for the tables that workers look up in.
template <class Family, class Neighbors>
struct Network {
    explicit Network(graph::Rcu& rcu) : table(rcu) {}

    /// What workers look routes up in.
    typename Family::Table table;
    /// Who takes what is addressed to the router.
    ip4::LocalTable local;
    /// Packets that wait for a neighbour, and what is heard from neighbours, on their way to
    /// control.
    std::unique_ptr<graph::Mailbox> unresolved;
    std::unique_ptr<graph::Mailbox> heard;
    std::unique_ptr<fib::NextHops<typename Family::Address>> next_hops;
    std::unique_ptr<fib::Fib<Family>> fib;
    std::unique_ptr<fib::Addresses<Family>> addresses;
    std::unique_ptr<Neighbors> neighbors;

    /// In the opposite order.
    void reset() {
        neighbors.reset();
        addresses.reset();
        fib.reset();
        next_hops.reset();
    }
};

}  // namespace vnet
