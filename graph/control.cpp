// SPDX-License-Identifier: Apache-2.0
#include "graph/control.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace graph {

namespace {

/// A running timer. The event loop holds it only weakly: dropping the Handle ends it.
struct Timer : std::enable_shared_from_this<Timer> {
    Timer(boost::asio::io_context& context, std::chrono::nanoseconds timer_period,
          std::function<void()> timer_work)
        : timer(context), period(timer_period), work(std::move(timer_work)) {}
    boost::asio::steady_timer timer;
    std::chrono::nanoseconds period;
    std::function<void()> work;

    void wait(std::chrono::steady_clock::time_point when, bool again) {
        timer.expires_at(when);
        timer.async_wait([weak = weak_from_this(), when,
                          again](const boost::system::error_code& error) {
            auto self = weak.lock();
            if (error || self == nullptr) {
                return;
            }
            self->work();
            if (again) {
                // From when it was due, so that it keeps its rate; but it does not catch up on what
                // it missed.
                self->wait(std::max(when + self->period, std::chrono::steady_clock::now()), true);
            }
        });
    }
};

struct Watch : std::enable_shared_from_this<Watch> {
    Watch(boost::asio::io_context& context, int fd, std::function<void()> watch_work)
        : descriptor(context, dup(fd)), work(std::move(watch_work)) {}
    boost::asio::posix::stream_descriptor descriptor;
    std::function<void()> work;

    void wait() {
        descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                              [weak = weak_from_this()](const boost::system::error_code& error) {
                                  auto self = weak.lock();
                                  if (error || self == nullptr) {
                                      return;
                                  }
                                  self->work();
                                  self->wait();
                              });
    }
};

}  // namespace

void Control::run() {
    context_.run();
}

void Control::poll() {
    context_.restart();
    context_.poll();
}

Control::Handle Control::every(std::chrono::nanoseconds period, std::function<void()> work) {
    auto timer = std::make_shared<Timer>(context_, period, std::move(work));
    timer->wait(std::chrono::steady_clock::now() + period, true);
    return Handle(timer);
}

Control::Handle Control::after(std::chrono::nanoseconds delay, std::function<void()> work) {
    auto timer = std::make_shared<Timer>(context_, delay, std::move(work));
    timer->wait(std::chrono::steady_clock::now() + delay, false);
    return Handle(timer);
}

Control::Handle Control::on_readable(int fd, std::function<void()> work) {
    auto watch = std::make_shared<Watch>(context_, fd, std::move(work));
    watch->wait();
    return Handle(watch);
}

void Control::on_signals(std::vector<int> signals, std::function<void(int)> work) {
    signals_ = std::make_unique<boost::asio::signal_set>(context_);
    for (const int signal : signals) {
        signals_->add(signal);
    }
    on_signal_ = std::move(work);
    wait_for_signal();
}

void Control::wait_for_signal() {
    signals_->async_wait([this](const boost::system::error_code& error, int signal) {
        if (!error) {
            on_signal_(signal);
            wait_for_signal();
        }
    });
}

}  // namespace graph
