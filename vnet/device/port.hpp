// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_ethdev.h>

#include <chrono>

#include "vnet/device/devargs.hpp"
#include "vnet/device/driver_traits.hpp"
#include "vnet/device/ports.hpp"

namespace vnet::device {

/// One DPDK port. Plugged in by the constructor's caller; unplugged by the destructor.
class Port final : public interface::Device {
public:
    Port(Ports& ports, interface::Index index, Devargs devargs, const PortOptions& options,
         uint16_t port_id, std::vector<OpenSocket> sockets);
    ~Port() override;

    /// Configures the port and its queues. After a failure the port can only be destroyed.
    absl::Status configure();

    std::string_view kind() const override { return "port"; }
    graph::NodeId tx_node() const override { return ports_.tx_node_; }
    uint32_t unit() const override { return port_id_; }
    wire::MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override;
    std::string description() const override { return devargs_.text; }
    absl::Status set_up(bool up) override;
    absl::Status set_mtu(uint32_t mtu) override;
    absl::Status set_mac(const wire::MacAddress& mac) override;
    void set_promiscuous(bool on) override;
    bool link_up() const override;
    void rejoin() override;
    std::vector<std::pair<std::string, uint64_t>> device_counters() const override;
    std::vector<interface::QueueCounters> queue_counters() const override;

private:
    absl::Status check_queues() const;
    int set_queues_up(bool interrupts);
    absl::Status start();
    void stop();
    void discard_old();
    int socket_of(uint16_t queue) const;
    void learn_mac();
    void apply_promiscuous();
    bool needs_scatter(uint32_t mtu) const;
    absl::Status set_up_anew(uint32_t mtu);
    /// "device 'net_null0' <what>: <why>"
    std::string complain(std::string_view what, int error, const std::string& reason) const;

    Ports& ports_;
    const interface::Index index_;
    const Devargs devargs_;
    const PortOptions options_;
    const uint16_t port_id_;
    rte_eth_dev_info info_{};
    DriverTraits traits_;
    wire::MacAddress mac_;
    uint32_t mtu_ = 0;
    uint16_t rx_queues_ = 0;
    bool interrupts_ = false;
    bool started_ = false;
    bool up_ = false;
    bool promiscuous_ = false;
    /// It became that by us.
    bool made_promiscuous_ = false;
    std::chrono::steady_clock::time_point came_up_;
    TxPort tx_;
    std::vector<std::shared_ptr<RxQueue>> sources_;
    /// The driver's own, where it has one for each receive queue.
    std::vector<OpenSocket> sockets_;
};

}  // namespace vnet::device
