// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/search.hpp"

#include <algorithm>

namespace vnet::flow {

namespace {

/// Looked at before others have their turn: some 100 us.
constexpr size_t places_a_look = 4096;
/// Sessions that a worker ends in one go: at 1M sessions one takes some 500 clocks, with what its
/// owner does.
constexpr size_t ended_a_step = 128;

}  // namespace

Search::Search(const Flows& flows, Wanted wanted, std::optional<unsigned> worker)
    : flows_(&flows), wanted_(std::move(wanted)), worker_(worker), place_{worker.value_or(0), 1} {}

bool Search::at_end() const noexcept {
    return flows_->at_end(place_) || (worker_ && place_.worker != *worker_);
}

template <class Take>
void Search::look(const Take& take) {
    flows_->look(place_, places_a_look, [&](const Flows::Found& one) {
        // A look may reach into the next worker's table.
        if ((!worker_ || *worker_ == one.worker) && wanted_(one)) {
            take(one);
        }
    });
}

std::vector<Flows::Found> Search::look() {
    std::vector<Flows::Found> found;
    look([&](const Flows::Found& one) { found.push_back(one); });
    return found;
}

size_t Search::count() {
    size_t found = 0;
    look([&](const Flows::Found&) { ++found; });
    return found;
}

Removal::Removal(Flows& flows, graph::Engine& engine, Search search)
    : flows_(&flows), engine_(&engine), search_(std::move(search)) {}

Removal::Step Removal::step() {
    // What no worker could be told of yet comes first.
    if (flows_->ending() != 0) {
        flows_->end({});
        engine_->finish_injected();
        return flows_->ending() == 0 ? Step::more : Step::waiting;
    }
    if (at_ == found_.size()) {
        if (search_.at_end()) {
            return Step::done;
        }
        found_ = search_.look();
        at_ = 0;
        return Step::more;
    }
    const size_t count = std::min(ended_a_step, found_.size() - at_);
    const auto first = found_.begin() + ptrdiff_t(at_);
    flows_->end({&*first, count});
    at_ += count;
    ended_ += count;
    engine_->finish_injected();
    return Step::more;
}

}  // namespace vnet::flow
