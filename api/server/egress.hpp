// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

namespace api {

/// The thread that serialises replies, starts writes and accepts connections, so that the control
/// thread does none of it.
class Egress {
public:
    Egress() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {}
    ~Egress() { stop(); }

    boost::asio::io_context& context() { return context_; }

    /// Runs `function` on the thread, in order. Any thread.
    template <class Function>
    void post(Function&& function) {
        boost::asio::post(context_, std::forward<Function>(function));
    }

    /// Runs what is posted, then ends. Not from the thread itself.
    void stop() {
        work_.reset();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

}  // namespace api
