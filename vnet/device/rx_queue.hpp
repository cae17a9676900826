// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include <array>

#include "graph/arc.hpp"
#include "graph/source.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::device {

/// Where an input node's packets go: the arc "device-input" and, where no feature is on, the node
/// behind it.
struct InputPath {
    graph::NodeId input = graph::no_node;
    graph::NodeId next = graph::no_node;
    graph::ArcId arc = 0;

    /// Queues packets that all came in by one interface, metadata set. The frame changes hands.
    void send(graph::Frame* frame, graph::Dispatch& dispatch) const noexcept {
        // All have one interface, hence one set of features: what is true of the first is true of
        // all.
        const graph::Hop straight = graph::Hop::node(next);
        const graph::Hop hop = dispatch.start_arc(arc, *frame->packets[0], straight);
        if (hop != straight) [[unlikely]] {
            for (graph::Packet* packet : frame->used()) {
                packet->meta().arc = arc;
            }
        }
        dispatch.enqueue(frame, hop.index());
    }
};

/// One receive queue of a started DPDK port. Where the driver has receive interrupts for it, a
/// worker sleeps on them; where it receives from a socket, on that; otherwise it looks by its
/// timer. Made and destroyed by control while no worker polls it.
class RxQueue final : public graph::Source {
public:
    RxQueue(interface::Table& table, interface::Index interface, const InputPath& path,
            uint16_t port_id, uint16_t queue, bool interrupts, int socket = -1);
    ~RxQueue() override;
    RxQueue(const RxQueue&) = delete;
    RxQueue& operator=(const RxQueue&) = delete;

    graph::NodeId node() const noexcept override { return path_.input; }
    unsigned poll(graph::Dispatch& dispatch) noexcept override;
    graph::QueueId id() const noexcept override { return {interface_, queue_}; }
    int wait_fd() const noexcept override { return epoll_fd_ >= 0 ? epoll_fd_ : socket_; }
    bool arm() noexcept override;
    void disarm() noexcept override;

private:
    static constexpr unsigned stash_size = 32;
    unsigned receive(rte_mbuf** into) noexcept;
    void look_for_buffers(graph::Dispatch& dispatch) noexcept;

    interface::Table& table_;
    const interface::Index interface_;
    const InputPath path_;
    const uint16_t port_id_;
    const uint16_t queue_;
    const int socket_;
    int epoll_fd_ = -1;
    unsigned empty_polls_ = 0;
    unsigned stashed_ = 0;
    std::array<rte_mbuf*, stash_size> stash_;
};

}  // namespace vnet::device
