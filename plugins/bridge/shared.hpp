// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/engine.hpp"
#include "plugins/bridge/host_table.hpp"
#include "plugins/bridge/learner.hpp"
#include "plugins/bridge/mac_table.hpp"
#include "plugins/bridge/ports.hpp"

namespace bridge {

/// What workers and control share of all bridges.
struct Shared {
    /// Stations of all bridges that there is room for: 131072. As many IP addresses.
    static constexpr size_t buckets = 65536;
    static constexpr size_t host_buckets = buckets / 2;

    explicit Shared(graph::Engine& engine)
        : ports(engine.contexts()),
          stations(engine.rcu(), buckets),
          hosts(engine.rcu(), host_buckets),
          station_learner(unsigned(engine.workers().size())),
          host_learner(unsigned(engine.workers().size())) {}

    Ports ports;
    MacTable stations;
    HostTable hosts;
    Learner<HeardStation> station_learner;
    Learner<HeardHost> host_learner;
};

}  // namespace bridge
