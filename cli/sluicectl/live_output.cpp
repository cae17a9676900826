// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/live_output.hpp"

#include <chrono>

namespace cli {

LiveOutput::LiveOutput(api::grammar::Renderer& renderer, api::grammar::Sink& sink,
                       std::ostream& out)
    : renderer_(renderer),
      sink_(sink),
      out_(out),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

LiveOutput::~LiveOutput() {
    thread_.request_stop();
    thread_.join();
}

bool LiveOutput::add(const google::protobuf::Message& reply) {
    const std::lock_guard lock(mutex_);
    renderer_.add(reply);
    if (!fresh_) {
        fresh_ = true;
        came_.notify_one();
    }
    return out_.good();
}

void LiveOutput::run(const std::stop_token& stop) {
    constexpr auto pause = std::chrono::milliseconds(100);
    std::unique_lock lock(mutex_);
    while (came_.wait(lock, stop, [this] { return fresh_; })) {
        // The rows of a quick list come within the pause and are laid out together.
        came_.wait_for(lock, stop, pause, [] { return false; });
        fresh_ = false;
        sink_.flush();
        out_.flush();
    }
}

}  // namespace cli
