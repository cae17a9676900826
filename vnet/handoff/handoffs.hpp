// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <span>
#include <string>

#include "vnet/handoff/node.hpp"

namespace vnet::handoff {

/// Which interfaces share their packets among which workers. Brings the node "worker-handoff".
/// Owned by the router. Control thread.
class Handoffs {
public:
    /// Registers the node and puts it on the arc "device-input".
    static absl::StatusOr<std::unique_ptr<Handoffs>> create(graph::Engine& engine,
                                                            interface::Table& table);
    Handoffs(const Handoffs&) = delete;
    Handoffs& operator=(const Handoffs&) = delete;

    /// Shares the packets that come in by an interface among `workers` (all where none is named) by
    /// their flows. Nothing is lost and the order within a flow is kept, also while it changes:
    /// packets wait in the interface's queues for some microseconds. NOT_FOUND for an unknown
    /// interface, INVALID_ARGUMENT for an unknown worker or where there is one only.
    absl::Status turn_on(const std::string& interface, std::span<const uint32_t> workers);
    /// Each packet stays with the worker that polled it.
    absl::Status turn_off(const std::string& interface);
    /// The workers, a bit each; 0: it is off.
    uint64_t workers(interface::Index index) const { return node_->workers(index); }

private:
    Handoffs(graph::Engine& engine, interface::Table& table);
    void change(interface::Index index, uint64_t workers);

    graph::Engine& engine_;
    interface::Table& table_;
    std::shared_ptr<Node> node_;
};

}  // namespace vnet::handoff
