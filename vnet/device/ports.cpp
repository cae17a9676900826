// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/ports.hpp"

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <sys/socket.h>

#include <optional>

#include "vnet/device/port.hpp"

namespace vnet::device {

namespace {

std::string because(const std::string& reason) {
    return reason.empty() ? std::string() : ": " + reason;
}

/// The first port of a device; nothing where it has none.
std::optional<uint16_t> port_of(const std::string& device) {
    uint16_t port_id = 0;
    if (rte_eth_dev_get_port_by_name(device.c_str(), &port_id) == 0) {
        return port_id;
    }
    RTE_ETH_FOREACH_DEV(port_id) {
        rte_eth_dev_info info;
        if (rte_eth_dev_info_get(port_id, &info) == 0 && device == rte_dev_name(info.device)) {
            return port_id;
        }
    }
    return std::nullopt;
}

}  // namespace

Ports::Ports(graph::Engine& engine, interface::Table& table, graph::ArcId device_input)
    : engine_(engine), table_(table), tx_(std::make_shared<PortTx>(table)) {
    path_.arc = device_input;
}

absl::StatusOr<std::unique_ptr<Ports>> Ports::create(graph::Engine& engine, interface::Table& table,
                                                     graph::ArcId device_input) {
    std::unique_ptr<Ports> ports(new Ports(engine, table, device_input));
    ports->path_.next = engine.graph().find("ethernet-input");
    if (ports->path_.next == graph::no_node) {
        return absl::FailedPreconditionError(
            "the node 'ethernet-input' must be there before ports are");
    }
    graph::NodeSpec input;
    input.name = "port-rx";
    input.kind = graph::NodeKind::input;
    auto rx_node = engine.graph().add(std::move(input));
    if (!rx_node.ok()) {
        return rx_node.status();
    }
    auto tx_node = engine.graph().add<PortTx>(std::shared_ptr<const PortTx>(ports->tx_));
    if (!tx_node.ok()) {
        return tx_node.status();
    }
    ports->path_.input = *rx_node;
    ports->tx_node_ = *tx_node;
    engine.graph().link("interface-output", "port-tx");
    engine.graph().link("interface-tx", "port-tx");
    return ports;
}

absl::StatusOr<std::unique_ptr<interface::Device>> Ports::create(interface::Index index,
                                                                 const PortOptions& options) {
    auto devargs = parse_devargs(options.devargs);
    if (!devargs.ok()) {
        return devargs.status();
    }
    const std::string& name = devargs->name;
    const std::string host(devargs->host_interface());
    for (const auto& [device, taken] : devices_) {
        if (device == name) {
            return absl::AlreadyExistsError(
                fmt::format("device '{}' is in use by another interface; delete that first or give "
                            "another number",
                            name));
        }
        // AF_XDP has a device for each queue of one host interface.
        if (!host.empty() && taken == host && devargs->driver != "net_af_xdp") {
            return absl::AlreadyExistsError(
                fmt::format("host interface '{}' is in use by device '{}' already", host, device));
        }
    }
    if (devargs->driver == "net_af_xdp" && spent_.contains(devargs->host_queue())) {
        return absl::UnavailableError(
            fmt::format("queue {0} of host interface '{1}' had an AF_XDP port that was deleted, "
                        "and DPDK's driver does not give it "
                        "back; start the router again, or use net_af_packet0,iface={1}",
                        devargs->argument("start_queue", "0"), host));
    }
    if (auto status = prepare(*devargs); !status.ok()) {
        return status;
    }
    return plug_in(index, *devargs, options);
}

absl::StatusOr<std::unique_ptr<interface::Device>> Ports::plug_in(interface::Index index,
                                                                  const Devargs& devargs,
                                                                  const PortOptions& options) {
    const DpdkLog::Capture capture(log_);
    const auto before = open_sockets(AF_PACKET);
    if (rte_dev_probe(devargs.text.c_str()) != 0) {
        const std::string reason = capture.reason();
        if (reason.starts_with("failed to parse device")) {
            return absl::InvalidArgumentError(
                fmt::format("device '{}' is of no driver that is here; drivers are net_af_packet, "
                            "net_af_xdp, net_memif, net_vhost, "
                            "net_virtio_user, net_pcap, net_null, net_ring, each with a number "
                            "behind, or give a PCI address",
                            devargs.name));
        }
        if (devargs.is_pci()) {
            return absl::UnavailableError(
                fmt::format("device '{}' cannot be used{}; it must be there, bound to vfio-pci, "
                            "and sluiced be started with --pci",
                            devargs.name, because(reason)));
        }
        return absl::UnavailableError(fmt::format(
            "device '{}' cannot be made{}; check its arguments", devargs.text, because(reason)));
    }
    const auto port_id = port_of(devargs.name);
    if (!port_id) {
        rte_eal_hotplug_remove(devargs.is_pci() ? "pci" : "vdev", devargs.name.c_str());
        return absl::InvalidArgumentError(
            fmt::format("device '{}' is no network device", devargs.name));
    }
    auto port = std::make_unique<Port>(*this, index, devargs, options, *port_id,
                                       opened_since(before, AF_PACKET));
    if (auto status = port->configure(); !status.ok()) {
        return status;
    }
    return port;
}

}  // namespace vnet::device
