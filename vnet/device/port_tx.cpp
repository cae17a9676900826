// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/port_tx.hpp"

#include <rte_ethdev.h>

namespace vnet::device {

namespace {

void drop(std::span<graph::Packet* const> packets, PortTx::Drop reason,
          graph::Dispatch& dispatch) noexcept {
    for (graph::Packet* packet : packets) {
        dispatch.emit(*packet, graph::Hop::drop(graph::Edge(reason)));
    }
}

/// Makes each packet one segment; drops those that do not fit in one. What is left moves to the
/// front.
size_t unchain(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) noexcept {
    size_t kept = 0;
    for (graph::Packet* packet : packets) {
        rte_mbuf* mbuf = packet->mbuf();
        // The bytes of a shared buffer are not ours to write.
        if (mbuf->nb_segs == 1 ||
            (rte_mbuf_refcnt_read(mbuf) == 1 && rte_pktmbuf_linearize(mbuf) == 0)) [[likely]] {
            packets[kept++] = packet;
        } else {
            drop({&packet, 1}, PortTx::Drop::chained, dispatch);
        }
    }
    return kept;
}

}  // namespace

void PortTx::operator()(std::span<graph::Packet*> packets,
                        graph::Dispatch& dispatch) const noexcept {
    size_t begin = 0;
    while (begin < packets.size()) {
        const interface::Index index = packets[begin]->meta().tx_interface;
        size_t end = begin + 1;
        while (end < packets.size() && packets[end]->meta().tx_interface == index) {
            ++end;
        }
        const auto run = packets.subspan(begin, end - begin);
        begin = end;
        const uint32_t unit = index < graph::max_interfaces
                                  ? table_.hot(index).unit.load(std::memory_order_relaxed)
                                  : RTE_MAX_ETHPORTS;
        TxPort* port =
            unit < ports_.size() ? ports_[unit].load(std::memory_order_acquire) : nullptr;
        if (port == nullptr || port->interface != index) [[unlikely]] {
            drop(run, Drop::down, dispatch);
            continue;
        }
        send(*port, port->chains ? run : run.first(unchain(run, dispatch)), dispatch);
    }
}

void PortTx::send(TxPort& port, std::span<graph::Packet*> packets,
                  graph::Dispatch& dispatch) const noexcept {
    const uint16_t queue = uint16_t(dispatch.worker() % port.queues);
    rte_spinlock_t* lock = port.locks != nullptr ? &port.locks[queue].lock : nullptr;
    if (lock != nullptr) {
        rte_spinlock_lock(lock);
    }
    auto** mbufs = reinterpret_cast<rte_mbuf**>(packets.data());
    size_t sent = 0;
    // Some drivers take no more than 32 packets a call: go on for as long as they take any.
    while (sent < packets.size()) {
        const uint16_t taken =
            rte_eth_tx_burst(port.port_id, queue, mbufs + sent, uint16_t(packets.size() - sent));
        if (taken == 0) [[unlikely]] {
            break;
        }
        sent += taken;
    }
    if (lock != nullptr) {
        rte_spinlock_unlock(lock);
    }
    if (sent < packets.size()) [[unlikely]] {
        table_.counters(dispatch.worker(), port.interface).tx_full.add(packets.size() - sent);
        drop(packets.subspan(sent), Drop::full, dispatch);
    }
}

graph::TraceFields PortTx::format(const graph::TraceStep& step) const {
    const interface::Index index = step.at.meta.tx_interface;
    if (index >= graph::max_interfaces) {
        return {};
    }
    return {{"interface", table_.name_of(index)},
            {"dpdk-port", std::to_string(table_.hot(index).unit.load(std::memory_order_relaxed))}};
}

}  // namespace vnet::device
