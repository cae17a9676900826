// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "graph/control.hpp"
#include "graph/engine.hpp"
#include "vnet/flow/search.hpp"

namespace nat44 {

/// Ends sessions that are no longer to be, in the background: some at a time, between which control
/// does other work. It looks at all of them in passes, which have numbers from 1 on. Control
/// thread.
class Sweep {
public:
    /// `stale` says which they are, at any time. All outlive it.
    Sweep(vnet::flow::Flows& flows, graph::Engine& engine, vnet::flow::Search::Wanted stale);
    Sweep(const Sweep&) = delete;
    Sweep& operator=(const Sweep&) = delete;

    /// Has all sessions looked at. A pass that goes on is finished first, so that who asks again
    /// and again does not keep it at the first ones. What makes them stale is published before
    /// control does other work. Answers the number of the first pass that looks at all of them with
    /// that.
    uint64_t start();
    bool is_running() const noexcept { return removal_.has_value(); }
    /// Passes up to this one are over: workers have ended what was stale.
    uint64_t completed() const noexcept { return completed_; }

private:
    void begin();
    void step();

    vnet::flow::Flows& flows_;
    graph::Engine& engine_;
    const vnet::flow::Search::Wanted stale_;
    std::optional<vnet::flow::Removal> removal_;
    uint64_t begun_ = 0;
    uint64_t completed_ = 0;
    /// It has not looked yet.
    bool is_fresh_ = false;
    /// Another pass is to follow.
    bool is_due_again_ = false;
    graph::Control::Handle next_;
};

}  // namespace nat44
