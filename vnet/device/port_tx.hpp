// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_config.h>
#include <rte_spinlock.h>

#include <array>
#include <atomic>
#include <memory>
#include <span>

#include "graph/driver.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::device {

/// What workers need to transmit on a port. Made by control; immutable while workers know it, but
/// for the locks.
struct TxPort {
    struct alignas(64) Lock {
        rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
    };
    uint16_t port_id = 0;
    interface::Index interface = 0;
    uint16_t queues = 1;
    /// The driver takes packets of several segments.
    bool chains = false;
    /// One for each queue where workers have to share them; none otherwise.
    std::unique_ptr<Lock[]> locks;
};

/// Sends packets on DPDK ports, each worker on its own queue where the port has enough of them.
/// What a queue does not take is dropped and counted, never waited for.
class PortTx {
public:
    enum class Drop : graph::Edge { full, down, chained };
    static constexpr auto info = graph::node<Drop>(
        "port-tx",
        {{Drop::full, "tx-full", "the transmit queue of the port did not take the packet"},
         {Drop::down, "port-down", "the port is stopped or gone"},
         {Drop::chained, "chained",
          "the packet has several buffers, and the port takes one only"}});

    explicit PortTx(interface::Table& table) : table_(table) {}

    /// Control thread: from now on workers send on it; nullptr: no longer, once a grace period is
    /// over.
    void set(uint16_t port_id, TxPort* port) noexcept {
        ports_[port_id].store(port, std::memory_order_release);
    }

    void operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    void send(TxPort& port, std::span<graph::Packet*> packets,
              graph::Dispatch& dispatch) const noexcept;

    interface::Table& table_;
    std::array<std::atomic<TxPort*>, RTE_MAX_ETHPORTS> ports_{};
};

}  // namespace vnet::device
