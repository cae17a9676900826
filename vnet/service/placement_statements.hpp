// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/config/writers.hpp"
#include "graph/source.hpp"
#include "vnet/router.hpp"

namespace vnet::service {

/// The queues of an interface that workers poll, in order of their numbers.
std::vector<graph::QueueId> polled_queues(const graph::Engine& engine, interface::Index interface);

/// What was asked of receive queues, as it was typed: for the running configuration, and for
/// interfaces that are down, whose queues nobody knows yet, or have none. When an interface comes
/// up with queues, what was asked of others than those, or is refused then, is forgotten with a
/// warning. Forgets an interface when it is deleted. Control thread.
class PlacementStatements {
public:
    /// A queue, or all queues of an interface.
    using Queues = std::pair<interface::Index, std::optional<uint32_t>>;

    /// The router outlives it.
    static std::shared_ptr<PlacementStatements> create(Router& router);

    /// What is said of all queues takes the place of what was said of each.
    void keep_mode(const Queues& queues, graph::RxMode mode);
    /// Whether anything was asked.
    bool forget_mode(const Queues& queues);
    void keep_worker(graph::QueueId queue, uint32_t worker) { workers_[queue] = worker; }
    bool forget_worker(graph::QueueId queue) { return workers_.erase(queue) != 0; }
    /// As they were named; none: all workers.
    void keep_handoff(interface::Index interface, std::vector<uint32_t> workers) {
        handoff_[interface] = std::move(workers);
    }
    void forget_handoff(interface::Index interface) { handoff_.erase(interface); }

    /// The mode that was asked for a queue; adaptive where none was.
    graph::RxMode mode(graph::QueueId queue) const;

    void write(const api::config::Emit& emit) const;

private:
    explicit PlacementStatements(Router& router) : router_(router) {}
    void forget(interface::Index interface);
    using Modes = std::map<Queues, graph::RxMode>;
    Modes::const_iterator find_mode(graph::QueueId queue) const;
    void came_up(const interface::Interface& interface);
    void forget_absent(const interface::Interface& interface,
                       const std::vector<graph::QueueId>& queues);
    void write_modes(const std::string& name, interface::Index index,
                     const api::config::Emit& emit) const;
    void write_workers(const std::string& name, interface::Index index,
                       const api::config::Emit& emit) const;

    Router& router_;
    Modes modes_;
    std::map<graph::QueueId, uint32_t> workers_;
    std::map<interface::Index, std::vector<uint32_t>> handoff_;
};

}  // namespace vnet::service
