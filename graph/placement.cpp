// SPDX-License-Identifier: Apache-2.0
#include "graph/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace graph {

absl::StatusOr<unsigned> Placement::add(std::shared_ptr<Source> source,
                                        std::optional<unsigned> worker) {
    if (worker && *worker >= polled_.size()) {
        return absl::InvalidArgumentError(fmt::format(
            "there is no worker {}; there are {}, counted from 0", *worker, polled_.size()));
    }
    if (const auto polled_by = worker_of(source.get())) {
        return absl::AlreadyExistsError(fmt::format(
            "worker {} polls that source already; detach it before it moves", *polled_by));
    }
    Wish wish;
    if (const auto found = wishes_.find(source->id()); found != wishes_.end()) {
        wish = found->second;
    }
    const auto fewest =
        std::min_element(polled_.begin(), polled_.end(),
                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
    const unsigned index =
        worker.value_or(wish.worker.value_or(unsigned(fewest - polled_.begin())));
    polled_[index].push_back({std::move(source), wish.mode});
    return index;
}

std::optional<unsigned> Placement::remove(const Source* source) {
    const auto worker = worker_of(source);
    if (worker) {
        auto& polled = polled_[*worker];
        polled.erase(std::find_if(polled.begin(), polled.end(),
                                  [&](const Polled& p) { return p.source.get() == source; }));
    }
    return worker;
}

std::optional<unsigned> Placement::wish_mode(QueueId queue, RxMode mode) {
    wishes_[queue].mode = mode;
    for (unsigned worker = 0; worker < polled_.size(); ++worker) {
        for (Polled& polled : polled_[worker]) {
            if (polled.source->id() == queue) {
                polled.mode = mode;
                return worker;
            }
        }
    }
    return std::nullopt;
}

void Placement::forget(uint32_t interface) {
    std::erase_if(wishes_, [&](const auto& wish) { return wish.first.interface == interface; });
}

std::optional<unsigned> Placement::worker_of(const Source* source) const {
    for (unsigned worker = 0; worker < polled_.size(); ++worker) {
        for (const Polled& polled : polled_[worker]) {
            if (polled.source.get() == source) {
                return worker;
            }
        }
    }
    return std::nullopt;
}

}  // namespace graph
