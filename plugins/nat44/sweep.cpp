// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/sweep.hpp"

#include <utility>

namespace nat44 {

using vnet::flow::Removal;

namespace {

/// A worker that takes no order now is asked again then.
constexpr auto patience = std::chrono::milliseconds(100);

}  // namespace

Sweep::Sweep(vnet::flow::Flows& flows, graph::Engine& engine, vnet::flow::Search::Wanted stale)
    : flows_(flows), engine_(engine), stale_(std::move(stale)) {}

uint64_t Sweep::start() {
    if (!is_running()) {
        begin();
    } else if (!is_fresh_) {
        is_due_again_ = true;
        return begun_ + 1;
    }
    return begun_;
}

void Sweep::begin() {
    ++begun_;
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
        completed_ = begun_;
        removal_.reset();
        if (std::exchange(is_due_again_, false)) {
            begin();
        }
        return;
    }
    next_ = engine_.control().after(
        done == Removal::Step::waiting ? patience : std::chrono::nanoseconds(0),
        [this] { step(); });
}

}  // namespace nat44
