// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/device/tap_nodes.hpp"
#include "vnet/interface/device.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::device {

struct TapOptions {
    /// Name of the kernel's side; empty: the kernel chooses "tap<n>".
    std::string host_interface;
};

/// Makes interfaces of kind "tap": an Ethernet cable between the router and its own host's kernel.
/// Brings the nodes "tap-rx" and "tap-tx". Owned by the router; must outlive the interfaces it
/// made. Control thread.
class Taps {
public:
    /// Registers the nodes; "ethernet-input" must be there. `device_input` is the arc that begins
    /// at "tap-rx".
    static absl::StatusOr<std::unique_ptr<Taps>> create(graph::Engine& engine,
                                                        interface::Table& table,
                                                        graph::ArcId device_input);
    Taps(const Taps&) = delete;
    Taps& operator=(const Taps&) = delete;

    /// Makes the tap, both sides down. It is gone when the interface is deleted or the daemon ends.
    /// For interface::Table::add. INVALID_ARGUMENT, ALREADY_EXISTS, PERMISSION_DENIED, UNAVAILABLE.
    absl::StatusOr<std::unique_ptr<interface::Device>> create(interface::Index index,
                                                              const TapOptions& options);

private:
    friend class Tap;
    Taps(graph::Engine& engine, interface::Table& table);

    graph::Engine& engine_;
    interface::Table& table_;
    InputPath path_;
    graph::NodeId tx_node_ = graph::no_node;
    std::shared_ptr<TapTx> tx_;
    std::vector<bool> units_;
};

}  // namespace vnet::device
