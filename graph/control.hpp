// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace graph {

/// The control thread's event loop: timers, signals, descriptors, work posted from other threads.
/// Whatever changes state runs here, so that it needs no locks. Everything but post() and stop() is
/// for the control thread. Whoever holds a Handle goes before the Control.
class Control {
public:
    /// A timer or watched descriptor; ends when it is destroyed, which its own callback may do.
    class Handle {
    public:
        Handle() = default;
        explicit Handle(std::shared_ptr<void> state) : state_(std::move(state)) {}
        void cancel() { state_.reset(); }

    private:
        std::shared_ptr<void> state_;
    };

    boost::asio::io_context& context() noexcept { return context_; }
    /// Runs until stop().
    void run();
    /// Runs what is ready and returns once nothing is; for tests.
    void poll();
    void stop() { context_.stop(); }
    /// From any thread: runs `work` on the control thread, soon.
    void post(std::function<void()> work) { boost::asio::post(context_, std::move(work)); }
    /// Runs `work` again and again.
    [[nodiscard]] Handle every(std::chrono::nanoseconds period, std::function<void()> work);
    /// Runs `work` once.
    [[nodiscard]] Handle after(std::chrono::nanoseconds delay, std::function<void()> work);
    /// Runs `work` whenever the descriptor is readable. The descriptor stays the caller's, and
    /// becomes non-blocking.
    [[nodiscard]] Handle on_readable(int fd, std::function<void()> work);
    /// Runs `work` with the signal's number, each time one of them comes. Takes the place of an
    /// earlier call.
    void on_signals(std::vector<int> signals, std::function<void(int)> work);

private:
    void wait_for_signal();

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
        context_.get_executor()};
    std::unique_ptr<boost::asio::signal_set> signals_;
    std::function<void(int)> on_signal_;
};

}  // namespace graph
