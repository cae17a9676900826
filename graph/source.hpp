// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string_view>

#include "graph/counter.hpp"
#include "graph/dispatch.hpp"

namespace graph {

/// When the worker that polls a source may sleep. A worker with several sources does what the most
/// wakeful of them wants.
enum class RxMode : uint8_t {
    /// Looks for some microseconds longer, then sleeps until the source's descriptor tells, or by a
    /// timer where there is none.
    adaptive,
    /// Sleeps as soon as it finds nothing.
    interrupt,
    /// Never sleeps.
    polling,
};

/// The word that stands for a mode.
constexpr std::string_view name(RxMode mode) noexcept {
    switch (mode) {
        case RxMode::adaptive:
            return "adaptive";
        case RxMode::interrupt:
            return "interrupt";
        case RxMode::polling:
            return "polling";
    }
    return {};
}

/// Names a source to people and to settings: the interface its packets come in by, and which of its
/// queues.
struct QueueId {
    uint32_t interface = no_interface;
    uint32_t queue = 0;
    auto operator<=>(const QueueId&) const = default;
};

/// One place that packets come from: a receive queue, a generator's stream. Polled by one worker at
/// a time; control decides which, and moves it only between two of the worker's rounds.
class Source {
public:
    virtual ~Source() = default;
    /// The input node that its packets are counted for.
    virtual NodeId node() const noexcept = 0;
    /// Which queue it is. Constant.
    virtual QueueId id() const noexcept { return {}; }
    /// Takes at most one vector of packets and enqueues them. Returns how many.
    virtual unsigned poll(Dispatch& dispatch) noexcept = 0;
    /// A descriptor that is readable when there is something to poll; -1: there is none, and a
    /// sleeping worker looks by a timer.
    virtual int wait_fd() const noexcept { return -1; }
    /// The worker is about to sleep: make wait_fd() tell. False: there is something already, do not
    /// sleep.
    virtual bool arm() noexcept { return true; }
    /// The worker is awake again.
    virtual void disarm() noexcept {}

    /// Packets that it brought. Written by the worker that polls it, read by any thread.
    Counter brought;
};

}  // namespace graph
