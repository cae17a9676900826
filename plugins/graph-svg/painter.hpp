// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace graph_svg {

/// Draws graphs on a thread of its own, one after the other, so that nobody waits for a layout.
class Painter {
public:
    /// Called on the painter's thread.
    using OnDrawn = std::function<void(absl::StatusOr<std::string> svg)>;
    static constexpr size_t most_waiting = 4;

    Painter();
    /// Finishes the drawing at hand; those that wait are not called.
    ~Painter();
    Painter(const Painter&) = delete;
    Painter& operator=(const Painter&) = delete;

    /// Any thread. RESOURCE_EXHAUSTED while most_waiting others wait.
    absl::Status draw(std::string dot, OnDrawn on_drawn);

private:
    struct Order {
        std::string dot;
        OnDrawn on_drawn;
    };
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Order> orders_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace graph_svg
