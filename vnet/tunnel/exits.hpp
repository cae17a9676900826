// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "graph/arc.hpp"
#include "vnet/fib/adjacency.hpp"

namespace vnet::tunnel {

/// Numbers of IPv4 packets that may be cut on their way (RFC 6864 4.3): of those of all workers, as
/// far apart as 16 bits allow.
class Identifications {
public:
    /// Each worker has numbers of its own. A dry run is none of them, and sends nothing.
    explicit Identifications(unsigned workers) : workers_(workers), next_(workers + 1) {
        for (unsigned worker = 0; worker < workers; ++worker) {
            next_[worker].number = uint16_t(worker);
        }
    }
    /// The next one of a worker, which goes on with step() for each packet.
    uint16_t& of(unsigned worker) noexcept {
        return next_[worker < workers_ ? worker : workers_].number;
    }
    uint16_t step() const noexcept { return uint16_t(workers_); }

private:
    struct alignas(64) Next {
        uint16_t number = 0;
    };
    unsigned workers_;
    std::vector<Next> next_;
};

/// How packets leave that were put into tunnels: what all nodes that do so are made with. Owned by
/// Tunnels.
struct Exits {
    const fib::ForwardingTable& forwarding;
    /// "ip4-output" and "ip6-output".
    graph::ArcId ip4_output;
    graph::ArcId ip6_output;
    /// Each worker writes its own.
    mutable Identifications identifications;

    graph::ArcId output_arc(bool is_ip6) const noexcept { return is_ip6 ? ip6_output : ip4_output; }
};

}  // namespace vnet::tunnel
