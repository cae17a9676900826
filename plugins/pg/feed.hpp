// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "graph/counter.hpp"
#include "graph/source.hpp"
#include "plugins/pg/pacer.hpp"
#include "vnet/device/rx_queue.hpp"
#include "vnet/interface/table.hpp"

namespace pg {

/// Where a feed's packets come in.
struct Entrance {
    vnet::interface::Table* table = nullptr;
    vnet::interface::Index interface = 0;
    vnet::device::InputPath path;
    /// Its number among the feeds of the interface, as if that had so many queues.
    uint32_t queue = 0;
};

/// How many packets, how fast.
struct Pace {
    /// Packets until the end; 0: there is none.
    uint64_t packets = 0;
    /// Packets a second; 0: as fast as the worker polls.
    uint64_t rate = 0;
    /// Packets in one poll, at most; 1 to graph::vector_size.
    unsigned vector = 256;
};

/// Packets that seem to be received on an interface: what a stream and a replay have in common.
/// Polled by one worker; changed by control while none polls it.
class Feed : public graph::Source {
public:
    /// `done_fd`: an eventfd that is written to when the last packet is out; -1: none.
    Feed(const Entrance& entrance, const Pace& pace, int done_fd);

    graph::NodeId node() const noexcept final { return entrance_.path.input; }
    graph::QueueId id() const noexcept final { return {entrance_.interface, entrance_.queue}; }
    unsigned poll(graph::Dispatch& dispatch) noexcept final;

    // ---- control thread ----

    /// Begins anew; no worker may poll it.
    void rewind() noexcept;
    /// The pause since it was last polled does not count; no worker may poll it.
    void resume() noexcept { pacer_.restart(); }
    vnet::interface::Index interface() const noexcept { return entrance_.interface; }
    const Pace& pace() const noexcept { return pace_; }
    uint64_t sent() const noexcept { return sent_.read(); }
    /// Times that no buffer or frame was free.
    uint64_t starved() const noexcept { return starved_.read(); }
    /// All its packets are out.
    bool done() const noexcept { return done_.load(std::memory_order_acquire); }

    /// "stream" or "replay"
    virtual std::string_view kind() const = 0;
    /// What it sends, for people.
    virtual std::string what() const = 0;

protected:
    /// Gives these empty packets their bytes, in one segment. `mac` is the interface's, as in
    /// interface::Hot.
    virtual void fill(std::span<graph::Packet* const> packets, uint64_t mac) noexcept = 0;
    virtual void begin_anew() noexcept = 0;

private:
    const Entrance entrance_;
    const Pace pace_;
    const int done_fd_;
    Pacer pacer_;
    graph::Counter sent_;
    graph::Counter starved_;
    std::atomic<bool> done_{false};
};

}  // namespace pg
