// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <span>

#include "graph/engine.hpp"
#include "vnet/interface/device.hpp"

namespace vnet::device {

/// Where packets end that are sent by an interface of kind "null": nothing transmits them.
struct NullTx {
    static constexpr auto info = graph::node("null-tx");
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        graph::free_packets(packets);
    }
};

/// Makes interfaces of kind "null": always linked, nothing comes in, and what goes out is counted
/// by the interface and gone. For measuring, and for traffic that shall be let through and no
/// further. Owned by the router. Control thread.
class Nulls {
public:
    /// Registers the node.
    static absl::StatusOr<std::unique_ptr<Nulls>> create(graph::Engine& engine);

    /// For interface::Table::add.
    std::unique_ptr<interface::Device> create() const;

private:
    explicit Nulls(graph::NodeId tx_node) : tx_node_(tx_node) {}
    graph::NodeId tx_node_;
};

}  // namespace vnet::device
