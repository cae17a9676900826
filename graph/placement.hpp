// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "graph/source.hpp"

namespace graph {

/// A source as a worker polls it.
struct Polled {
    std::shared_ptr<Source> source;
    RxMode mode = RxMode::adaptive;
};

/// Which worker polls which source, and how; and what was wished for queues, which outlives the
/// source: an interface that goes down and up again finds its settings. Knows no thread; Engine
/// makes it true. Control thread.
class Placement {
public:
    explicit Placement(unsigned workers) : polled_(workers) {}

    /// Gives a source to the worker that is named, else the one that was wished for its queue, else
    /// the one with the fewest. Returns which. INVALID_ARGUMENT where there is no such worker,
    /// ALREADY_EXISTS where one polls it.
    absl::StatusOr<unsigned> add(std::shared_ptr<Source> source, std::optional<unsigned> worker);
    /// The worker that had it; nothing where nobody had.
    std::optional<unsigned> remove(const Source* source);
    /// Wishes for a queue, now and whenever it comes again.
    void wish_worker(QueueId queue, unsigned worker) { wishes_[queue].worker = worker; }
    /// Takes effect at once where the queue is polled; the answer is by which worker.
    std::optional<unsigned> wish_mode(QueueId queue, RxMode mode);
    /// The interface is gone for good, its wishes with it.
    void forget(uint32_t interface);

    std::optional<unsigned> worker_of(const Source* source) const;
    /// What a worker polls, in the order in which it came.
    const std::vector<Polled>& of(unsigned worker) const { return polled_[worker]; }
    unsigned workers() const { return unsigned(polled_.size()); }

private:
    struct Wish {
        std::optional<unsigned> worker;
        RxMode mode = RxMode::adaptive;
    };
    std::vector<std::vector<Polled>> polled_;
    std::map<QueueId, Wish> wishes_;
};

}  // namespace graph
