// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "graph/control.hpp"
#include "graph/engine.hpp"
#include "vnet/flow/search.hpp"

namespace nat44 {

/// Ends sessions that are no longer to be, in the background: some at a time, between which control
/// does other work. Control thread.
class Sweep {
public:
    /// `stale` says which they are, at any time. All outlive it.
    Sweep(vnet::flow::Flows& flows, graph::Engine& engine, vnet::flow::Search::Wanted stale);
    Sweep(const Sweep&) = delete;
    Sweep& operator=(const Sweep&) = delete;

    /// Looks at all sessions, from the first one on; also where it is looking already. What makes
    /// them stale is published before control does other work.
    void start();
    bool is_running() const noexcept { return removal_.has_value(); }

private:
    void step();

    vnet::flow::Flows& flows_;
    graph::Engine& engine_;
    const vnet::flow::Search::Wanted stale_;
    std::optional<vnet::flow::Removal> removal_;
    /// It has not looked yet.
    bool is_fresh_ = false;
    graph::Control::Handle next_;
};

}  // namespace nat44
