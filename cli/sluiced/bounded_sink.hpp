// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace cli {

/// Where a log goes that others can make long: of the lines that come in one second, at most
/// `most_lines` are passed on, so that nobody fills the disk; the others are counted, and the count
/// told before the next line. Any thread.
class BoundedSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    using Clock = std::chrono::steady_clock;

    BoundedSink(spdlog::sink_ptr next, unsigned most_lines,
                std::function<Clock::time_point()> now = Clock::now);
    /// Tells the count that is still due.
    ~BoundedSink() override;

private:
    void sink_it_(const spdlog::details::log_msg& line) override;
    void flush_() override;
    void tell_left_out();

    const spdlog::sink_ptr next_;
    const unsigned most_lines_;
    const std::function<Clock::time_point()> now_;
    Clock::time_point second_{};
    unsigned lines_ = 0;
    uint64_t left_out_ = 0;
    /// Of the last line that was left out.
    std::string logger_;
    spdlog::level::level_enum level_ = spdlog::level::info;
};

}  // namespace cli
