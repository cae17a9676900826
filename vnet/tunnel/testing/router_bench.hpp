// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/testing/bench.hpp"
#include "vnet/router.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::tunnel::testing {

/// A whole router for the control side of tunnels, and a bench for their nodes, on which each node
/// of the router is a collector of the same number: what an adjacency leads to is found there.
/// Interface "wan" has 192.0.2.1/24 and 2001:db8::1/64, the neighbours .2 and ::2 behind it are
/// known.
class RouterBench {
public:
    RouterBench();

    Tunnels& tunnels() { return router->tunnels(); }
    interface::Index wan() const {
        return wan_;
    }
    /// Of the router, and of the bench as well: the arcs are there, without features.
    graph::ArcId arc(std::string_view name) const;
    /// Runs what control was to do soon.
    void settle() { engine->control().poll(); }
    /// Packets of these bytes, from their IP header on or, with `l4_offset` 0, as they are.
    std::vector<graph::testing::Result> run(const std::string& node,
                                            const wire::testing::Bytes& bytes, unsigned count,
                                            const graph::Metadata& meta);
    /// The same with a node that puts packets into tunnels; results begin with their outer IP
    /// header, not with the room for a link's.
    std::vector<graph::testing::Result> put_in(const std::string& node,
                                               const wire::testing::Bytes& bytes, unsigned count,
                                               const graph::Metadata& meta);
    /// As "ip4-input" and "ip6-input" leave a packet that came by wan.
    graph::Metadata came(const wire::testing::Bytes& packet) const;
    /// As a rewrite leaves one that goes out by a tunnel.
    graph::Metadata goes(interface::Index tunnel) const;

    std::unique_ptr<graph::Engine> engine;
    std::unique_ptr<Router> router;
    graph::testing::Bench bench;

private:
    interface::Index wan_ = 0;
};

}  // namespace vnet::tunnel::testing
