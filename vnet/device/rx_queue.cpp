// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/rx_queue.hpp"

#include <rte_epoll.h>
#include <rte_ethdev.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cstring>

namespace vnet::device {

namespace {
/// Some drivers give no more than so many packets a call, however many there are.
constexpr unsigned driver_burst = 32;
constexpr unsigned prefetch_ahead = 4;
/// Empty polls for each time that one asks whether it was for want of buffers, which a driver does
/// not say. A queue that waits for buffers is polled all the time, since its descriptor tells of
/// packets.
constexpr unsigned polls_for_a_look = 256;
}  // namespace

RxQueue::RxQueue(interface::Table& table, interface::Index interface, const InputPath& path,
                 uint16_t port_id, uint16_t queue, bool interrupts, int socket)
    : table_(table),
      interface_(interface),
      path_(path),
      port_id_(port_id),
      queue_(queue),
      socket_(socket) {
    if (!interrupts || rte_eth_dev_rx_intr_enable(port_id, queue) != 0) {
        return;
    }
    rte_eth_dev_rx_intr_disable(port_id, queue);
    // A set of our own: what the driver wants done with its descriptor stays between it and DPDK,
    // and the descriptor that the worker waits on never changes.
    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd_ >= 0 &&
        rte_eth_dev_rx_intr_ctl_q(port_id, queue, epoll_fd_, RTE_INTR_EVENT_ADD, nullptr) != 0) {
        close(epoll_fd_);
        epoll_fd_ = -1;
    }
}

RxQueue::~RxQueue() {
    rte_pktmbuf_free_bulk(stash_.data(), stashed_);
    if (epoll_fd_ >= 0) {
        rte_eth_dev_rx_intr_ctl_q(port_id_, queue_, epoll_fd_, RTE_INTR_EVENT_DEL, nullptr);
        close(epoll_fd_);
    }
}

unsigned RxQueue::receive(rte_mbuf** into) noexcept {
    unsigned count = stashed_;
    if (count != 0) [[unlikely]] {
        std::memcpy(into, stash_.data(), count * sizeof(*into));
        stashed_ = 0;
    }
    unsigned more = 0;
    do {
        more =
            rte_eth_rx_burst(port_id_, queue_, into + count, uint16_t(graph::vector_size - count));
        count += more;
    } while (more >= driver_burst && count < graph::vector_size);
    return count;
}

unsigned RxQueue::poll(graph::Dispatch& dispatch) noexcept {
    graph::Frame* frame = dispatch.take_frame();
    if (frame == nullptr) [[unlikely]] {
        return 0;
    }
    const unsigned count = receive(reinterpret_cast<rte_mbuf**>(frame->packets));
    if (count == 0) {
        dispatch.give_frame(frame);
        if (++empty_polls_ % polls_for_a_look == 0) {
            look_for_buffers(dispatch);
        }
        return 0;
    }
    frame->size = uint16_t(count);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < count && i < prefetch_ahead; ++i) {
        graph::detail::prefetch_packet(frame->packets[i]);
    }
    for (unsigned i = 0; i < count; ++i) {
        if (i + prefetch_ahead < count) {
            graph::detail::prefetch_packet(frame->packets[i + prefetch_ahead]);
        }
        bytes += frame->packets[i]->length();
        graph::reset_metadata(*frame->packets[i], interface_);
    }
    interface::Counters& counters = table_.counters(dispatch.worker(), interface_);
    counters.rx_packets.add(count);
    counters.rx_bytes.add(bytes);
    path_.send(frame, dispatch);
    return count;
}

void RxQueue::look_for_buffers(graph::Dispatch& dispatch) noexcept {
    if (graph::Packet* packet = dispatch.pool().allocate()) [[likely]] {
        graph::free_packet(packet);
        return;
    }
    table_.counters(dispatch.worker(), interface_).rx_no_buffer.add(1);
}

bool RxQueue::arm() noexcept {
    if (epoll_fd_ < 0) {
        return true;
    }
    rte_eth_dev_rx_intr_enable(port_id_, queue_);
    // What came between the last poll and this line may not interrupt: look once more. What is
    // found waits for the next poll, which follows at once.
    if (stashed_ == 0) {
        stashed_ = rte_eth_rx_burst(port_id_, queue_, stash_.data(), stash_size);
    }
    return stashed_ == 0;
}

void RxQueue::disarm() noexcept {
    if (epoll_fd_ < 0) {
        return;
    }
    rte_eth_dev_rx_intr_disable(port_id_, queue_);
    // Takes the event back, so that the descriptor is silent until it is armed again.
    rte_epoll_event events[4];
    rte_epoll_wait(epoll_fd_, events, 4, 0);
}

}  // namespace vnet::device
