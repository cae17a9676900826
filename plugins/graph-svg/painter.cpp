// SPDX-License-Identifier: Apache-2.0
#include "plugins/graph-svg/painter.hpp"

#include <fmt/format.h>

#include <utility>

#include "plugins/graph-svg/draw.hpp"

namespace graph_svg {

Painter::Painter() : thread_([this] { run(); }) {}

Painter::~Painter() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

absl::Status Painter::draw(std::string dot, OnDrawn on_drawn) {
    {
        const std::lock_guard lock(mutex_);
        if (orders_.size() >= most_waiting) {
            return absl::ResourceExhaustedError(fmt::format(
                "{} drawings of the graph wait already; ask again in a moment", most_waiting));
        }
        orders_.push_back({std::move(dot), std::move(on_drawn)});
    }
    changed_.notify_one();
    return absl::OkStatus();
}

void Painter::run() {
    while (true) {
        Order order;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stop_ || !orders_.empty(); });
            if (stop_) {
                return;
            }
            order = std::move(orders_.front());
            orders_.pop_front();
        }
        order.on_drawn(graph_svg::draw(order.dot));
    }
}

}  // namespace graph_svg
