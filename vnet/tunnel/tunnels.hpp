// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "graph/mailbox.hpp"
#include "vnet/tunnel/decaps.hpp"
#include "vnet/tunnel/exits.hpp"
#include "vnet/tunnel/underlay.hpp"

namespace vnet::tunnel {

/// What tunnels of one underlay are built on.
template <class Family>
struct Side {
    Side(const graph::Graph& graph, ip4::LocalTable& local) : decaps(graph, local) {}

    /// Who takes packets out of tunnels.
    Decaps decaps;
    /// The way in; made when there are routes.
    std::unique_ptr<Underlay<Family>> underlay;
    /// ICMP errors about packets of tunnels, on their way to control.
    std::unique_ptr<graph::Mailbox> errors;
};

/// What kinds of tunnels are built on: the underlays of both families. Owned by the Router; control
/// thread.
struct Tunnels {
    Tunnels(const graph::Graph& graph, Exits ways_out, ip4::LocalTable& local4,
            ip4::LocalTable& local6)
        : exits(std::move(ways_out)), ip4(graph, local4), ip6(graph, local6) {}

    template <class Family>
    Side<Family>& of() noexcept {
        if constexpr (std::is_same_v<Family, vnet::ip4::Family>) {
            return ip4;
        } else {
            return ip6;
        }
    }

    const Exits exits;
    Side<vnet::ip4::Family> ip4;
    Side<vnet::ip6::Family> ip6;
};

}  // namespace vnet::tunnel
