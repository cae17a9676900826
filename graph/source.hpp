// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/dispatch.hpp"

namespace graph {

/// One place that packets come from: a receive queue, a generator's stream. Polled by one worker at
/// a time; control decides which, and moves it only between two of the worker's rounds.
class Source {
public:
    virtual ~Source() = default;
    /// The input node that its packets are counted for.
    virtual NodeId node() const noexcept = 0;
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
};

}  // namespace graph
