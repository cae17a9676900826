// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/sweep.hpp"

namespace nat44 {

using vnet::flow::Removal;

namespace {

/// A worker that takes no order now is asked again then.
constexpr auto patience = std::chrono::milliseconds(100);

}  // namespace

Sweep::Sweep(vnet::flow::Flows& flows, graph::Engine& engine, vnet::flow::Search::Wanted stale)
    : flows_(flows), engine_(engine), stale_(std::move(stale)) {}

void Sweep::start() {
    removal_.emplace(flows_, engine_, vnet::flow::Search(flows_, stale_));
    is_fresh_ = true;
    next_ = engine_.control().after(std::chrono::nanoseconds(0), [this] { step(); });
}

void Sweep::step() {
    if (is_fresh_) {
        // No worker makes more of them behind the place that is looked at.
        engine_.rcu().synchronize();
        is_fresh_ = false;
    }
    const Removal::Step done = removal_->step();
    if (done == Removal::Step::done) {
        removal_.reset();
        return;
    }
    next_ = engine_.control().after(
        done == Removal::Step::waiting ? patience : std::chrono::nanoseconds(0),
        [this] { step(); });
}

}  // namespace nat44
