// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/bounded_sink.hpp"

#include <fmt/format.h>

#include <utility>

namespace cli {

BoundedSink::BoundedSink(spdlog::sink_ptr next, unsigned most_lines,
                         std::function<Clock::time_point()> now)
    : next_(std::move(next)), most_lines_(most_lines), now_(std::move(now)) {}

BoundedSink::~BoundedSink() {
    tell_left_out();
}

void BoundedSink::sink_it_(const spdlog::details::log_msg& line) {
    const auto now = now_();
    if (now - second_ >= std::chrono::seconds(1)) {
        second_ = now;
        lines_ = 0;
        tell_left_out();
    }
    if (lines_ < most_lines_) {
        ++lines_;
        next_->log(line);
    } else {
        ++left_out_;
        logger_.assign(line.logger_name.data(), line.logger_name.size());
        level_ = line.level;
    }
}

void BoundedSink::flush_() {
    next_->flush();
}

void BoundedSink::tell_left_out() {
    if (left_out_ > 0) {
        const std::string text =
            fmt::format("{}: {} more lines in one second, left out here", logger_, left_out_);
        next_->log(spdlog::details::log_msg(logger_, level_, text));
        left_out_ = 0;
    }
}

}  // namespace cli
