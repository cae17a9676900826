// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/tap_nodes.hpp"

#include <rte_cycles.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "vnet/device/tun_file.hpp"

namespace vnet::device {

namespace {
/// Pause after an empty read while the worker does not sleep.
constexpr uint64_t pauses_per_second = 100'000;
}  // namespace

TapQueue::TapQueue(interface::Table& table, const TapTarget& target, const InputPath& path)
    : table_(table),
      target_(target),
      path_(path),
      pause_tsc_(rte_get_tsc_hz() / pauses_per_second) {}

TapQueue::~TapQueue() {
    graph::free_packets(std::span(spare_).subspan(used_));
    graph::free_packets(std::span(tails_).subspan(tails_used_));
}

unsigned TapQueue::may_follow(graph::PacketPool& pool) noexcept {
    constexpr uint32_t one_buffer = graph::buffer_bytes - ethernet_bytes - vlan_bytes;
    if (table_.hot(target_.interface).mtu.load(std::memory_order_relaxed) <= one_buffer) {
        return 0;
    }
    // Those that were used are had again, all or none.
    if (tails_used_ != 0 && pool.allocate(std::span(tails_).first(tails_used_))) {
        tails_used_ = 0;
    }
    return most_tails - tails_used_;
}

void TapQueue::chain(graph::Packet& packet, uint32_t length) noexcept {
    uint32_t left = length - packet.tailroom();
    packet.resize(packet.tailroom());
    while (left != 0) {
        graph::Packet& tail = *tails_[tails_used_++];
        const uint32_t here = std::min<uint32_t>(left, tail.tailroom());
        tail.resize(here);
        // So few that no packet has too many.
        (void)rte_pktmbuf_chain(packet.mbuf(), tail.mbuf());
        left -= here;
    }
}

bool TapQueue::refill(graph::PacketPool& pool) noexcept {
    if (used_ == burst && pool.allocate(std::span(spare_))) {
        used_ = 0;
    }
    return used_ != burst;
}

unsigned TapQueue::poll(graph::Dispatch& dispatch) noexcept {
    if (dispatch.now_tsc() < next_read_tsc_) {
        return 0;
    }
    graph::Frame* frame = dispatch.take_frame();
    if (frame == nullptr) [[unlikely]] {
        return 0;
    }
    uint64_t bytes = 0;
    unsigned missed = 0;
    for (unsigned reads = 0; reads < burst; ++reads) {
        if (!refill(dispatch.pool())) [[unlikely]] {
            // No buffer: the kernel keeps the packet, and drops at its own end when its queue is
            // full.
            table_.counters(dispatch.worker(), target_.interface).rx_no_buffer.add(1);
            next_read_tsc_ = dispatch.now_tsc() + pause_tsc_;
            break;
        }
        graph::Packet& packet = *spare_[used_];
        const size_t first_room = packet.tailroom();
        iovec parts[most_tails + 2] = {{packet.data(), first_room}};
        unsigned count = 1;
        size_t room = first_room;
        for (unsigned left = may_follow(dispatch.pool()); left != 0; --left) {
            graph::Packet& tail = *tails_[most_tails - left];
            parts[count++] = {tail.data(), tail.tailroom()};
            room += tail.tailroom();
        }
        // One byte more than there is room for tells a packet that was cut off.
        char excess = 0;
        parts[count++] = {&excess, 1};
        const ssize_t length = readv(target_.fd, parts, int(count));
        if (length <= 0) {
            next_read_tsc_ = dispatch.now_tsc() + pause_tsc_;
            break;
        }
        if (size_t(length) > room) [[unlikely]] {
            ++missed;
            continue;
        }
        if (size_t(length) > first_room) [[unlikely]] {
            chain(packet, uint32_t(length));
        } else {
            packet.resize(uint32_t(length));
        }
        graph::reset_metadata(packet, target_.interface);
        bytes += uint64_t(length);
        frame->packets[frame->size++] = &packet;
        ++used_;
    }
    interface::Counters& counters = table_.counters(dispatch.worker(), target_.interface);
    if (missed != 0) [[unlikely]] {
        counters.rx_missed.add(missed);
    }
    const unsigned count = frame->size;
    if (count == 0) {
        dispatch.give_frame(frame);
        return 0;
    }
    counters.rx_packets.add(count);
    counters.rx_bytes.add(bytes);
    path_.send(frame, dispatch);
    return count;
}

void TapTx::operator()(std::span<graph::Packet*> packets,
                       graph::Dispatch& dispatch) const noexcept {
    // Packets that were written move to the front, to be freed as one.
    size_t written = 0;
    for (graph::Packet* packet : packets) {
        const interface::Index index = packet->meta().tx_interface;
        const uint32_t unit = index < graph::max_interfaces
                                  ? table_.hot(index).unit.load(std::memory_order_relaxed)
                                  : max_taps;
        const TapTarget* tap =
            unit < max_taps ? taps_[unit].load(std::memory_order_acquire) : nullptr;
        if (tap == nullptr || tap->interface != index) [[unlikely]] {
            dispatch.emit(*packet, graph::Hop::drop(graph::Edge(Drop::down)));
            continue;
        }
        const int error = write_packet(tap->fd, *packet);
        if (error == 0) [[likely]] {
            packets[written++] = packet;
            continue;
        }
        const bool full = error == EAGAIN || error == ENOBUFS || error == ENOMEM;
        const bool down = error == EIO || error == EBADFD || error == ENETDOWN;
        if (full) {
            table_.counters(dispatch.worker(), index).tx_full.add(1);
        }
        dispatch.emit(*packet, graph::Hop::drop(graph::Edge(full   ? Drop::full
                                                            : down ? Drop::down
                                                                   : Drop::refused)));
    }
    graph::free_packets(packets.first(written));
}

graph::TraceFields TapTx::format(const graph::TraceStep& step) const {
    const interface::Interface* tap = table_.get(step.at.meta.tx_interface);
    if (tap == nullptr) {
        return {};
    }
    return {{"interface", tap->name}, {"host-interface", tap->device->description()}};
}

}  // namespace vnet::device
