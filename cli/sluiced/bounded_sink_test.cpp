// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/bounded_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <optional>
#include <vector>

namespace cli {
namespace {

using ::testing::ElementsAre;

class Kept final : public spdlog::sinks::base_sink<std::mutex> {
public:
    std::vector<std::string> lines;

private:
    void sink_it_(const spdlog::details::log_msg& line) override {
        lines.emplace_back(line.payload.data(), line.payload.size());
    }
    void flush_() override {}
};

class BoundedSinkTest : public ::testing::Test {
protected:
    void log(int first, int last) {
        for (int i = first; i <= last; ++i) {
            log_->info("{}", i);
        }
    }

    std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
    BoundedSink::Clock::time_point now_ = BoundedSink::Clock::now();
    std::optional<spdlog::logger> log_ = std::optional<spdlog::logger>(
        std::in_place, "audit", std::make_shared<BoundedSink>(kept_, 2, [this] { return now_; }));
};

TEST_F(BoundedSinkTest, PassesOnWhatIsNotTooMuch) {
    log(1, 2);
    now_ += std::chrono::seconds(1);
    log(3, 4);
    log_.reset();
    EXPECT_THAT(kept_->lines, ElementsAre("1", "2", "3", "4"));
}

TEST_F(BoundedSinkTest, CountsWhatItLeavesOut) {
    log(1, 9);
    now_ += std::chrono::seconds(1);
    log(10, 10);
    EXPECT_THAT(kept_->lines,
                ElementsAre("1", "2", "audit: 7 more lines in one second, left out here", "10"));
}

TEST_F(BoundedSinkTest, TellsTheCountAtItsEnd) {
    log(1, 3);
    log_.reset();
    EXPECT_THAT(kept_->lines,
                ElementsAre("1", "2", "audit: 1 more lines in one second, left out here"));
}

}  // namespace
}  // namespace cli
