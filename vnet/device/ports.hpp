// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "graph/engine.hpp"
#include "vnet/device/devargs.hpp"
#include "vnet/device/dpdk_log.hpp"
#include "vnet/device/port_tx.hpp"
#include "vnet/device/rx_queue.hpp"
#include "vnet/interface/device.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::device {

struct PortOptions {
    /// DPDK's words for the device: "net_af_packet0,iface=veth0", "0000:01:00.0".
    std::string devargs;
    unsigned rx_queues = 1;
    /// 0: one for each worker, as far as the device has them.
    unsigned tx_queues = 0;
    /// Rounded to what the device takes.
    unsigned rx_descriptors = 1024;
    unsigned tx_descriptors = 1024;
};

/// Makes interfaces of kind "port" out of DPDK devices. Brings the nodes "port-rx" and "port-tx".
/// Owned by the router; must outlive the interfaces it made. Control thread.
class Ports {
public:
    /// Registers the nodes; "ethernet-input" must be there. `device_input` is the arc that begins
    /// at "port-rx".
    static absl::StatusOr<std::unique_ptr<Ports>> create(graph::Engine& engine,
                                                         interface::Table& table,
                                                         graph::ArcId device_input);
    Ports(const Ports&) = delete;
    Ports& operator=(const Ports&) = delete;

    /// Plugs the device in and makes it ready, stopped. The device is unplugged when the interface
    /// is deleted. For interface::Table::add. INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS,
    /// UNAVAILABLE with the driver's own reason.
    absl::StatusOr<std::unique_ptr<interface::Device>> create(interface::Index index,
                                                              const PortOptions& options);

private:
    friend class Port;
    Ports(graph::Engine& engine, interface::Table& table, graph::ArcId device_input);
    absl::StatusOr<std::unique_ptr<interface::Device>> plug_in(interface::Index index,
                                                               const Devargs& devargs,
                                                               const PortOptions& options);

    graph::Engine& engine_;
    interface::Table& table_;
    InputPath path_;
    graph::NodeId tx_node_ = graph::no_node;
    std::shared_ptr<PortTx> tx_;
    DpdkLog log_;
    /// By device name: the host interface it took, or nothing.
    std::map<std::string, std::string> devices_;
    /// Host queues that an AF_XDP port had: its driver works only once on each in the life of a
    /// process.
    std::set<std::string> spent_;
    /// Sockets that memif servers listen on, one entry for each server.
    std::multiset<std::string> listeners_;
};

}  // namespace vnet::device
