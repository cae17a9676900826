// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>

#include "graph/driver.hpp"
#include "graph/stable_array.hpp"
#include "vnet/device/link_bytes.hpp"
#include "vnet/device/rx_queue.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::device {

/// Taps that may be there at once.
inline constexpr unsigned max_taps = 4096;

/// What workers need to write to a tap. Made by control; immutable while workers know it.
struct TapTarget {
    int fd = -1;
    interface::Index interface = 0;
};

/// Reads a tap's packets, each straight into a buffer. A worker sleeps on its descriptor.
class TapQueue final : public graph::Source {
public:
    /// Packets read in one poll, at most: reading costs a system call each.
    static constexpr unsigned burst = 32;

    /// `fd` must outlive it.
    TapQueue(interface::Table& table, const TapTarget& target, const InputPath& path);
    ~TapQueue() override;
    TapQueue(const TapQueue&) = delete;
    TapQueue& operator=(const TapQueue&) = delete;

    graph::NodeId node() const noexcept override { return path_.input; }
    graph::QueueId id() const noexcept override { return {target_.interface, 0}; }
    unsigned poll(graph::Dispatch& dispatch) noexcept override;
    int wait_fd() const noexcept override { return target_.fd; }
    void disarm() noexcept override { next_read_tsc_ = 0; }

private:
    /// The buffers behind the first of one packet.
    static constexpr unsigned most_tails =
        (ethernet_bytes + vlan_bytes + jumbo_mtu) / graph::buffer_bytes;
    bool refill(graph::PacketPool& pool) noexcept;
    unsigned may_follow(graph::PacketPool& pool) noexcept;
    void chain(graph::Packet& packet, uint32_t length) noexcept;

    interface::Table& table_;
    const TapTarget target_;
    const InputPath path_;
    /// An empty read costs hundreds of clocks: a worker that is busy with other queues does not try
    /// each round.
    const uint64_t pause_tsc_;
    uint64_t next_read_tsc_ = 0;
    /// Buffers to read into; the first `used_` are gone.
    std::array<graph::Packet*, burst> spare_;
    unsigned used_ = burst;
    /// Buffers for what does not fit in one, while the MTU is longer than that; the first
    /// `tails_used_` are gone.
    std::array<graph::Packet*, most_tails> tails_;
    unsigned tails_used_ = most_tails;
};

/// Writes packets to taps. What the kernel does not take is dropped and counted.
class TapTx {
public:
    enum class Drop : graph::Edge { full, down, refused };
    static constexpr auto info = graph::node<Drop>(
        "tap-tx", {{Drop::full, "tx-full", "the tap's queue in the kernel did not take the packet"},
                   {Drop::down, "tap-down", "the tap or its host interface is down or gone"},
                   {Drop::refused, "refused", "the kernel refused the packet"}});

    explicit TapTx(interface::Table& table) : table_(table), taps_(max_taps) {}

    /// Control thread: from now on workers write to it; nullptr: no longer, once a grace period is
    /// over.
    void set(uint32_t unit, const TapTarget* target) noexcept {
        taps_[unit].store(target, std::memory_order_release);
    }

    void operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    interface::Table& table_;
    graph::StableArray<std::atomic<const TapTarget*>> taps_;
};

}  // namespace vnet::device
