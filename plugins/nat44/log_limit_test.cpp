// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/log_limit.hpp"

#include <gtest/gtest.h>

namespace nat44 {
namespace {

using namespace std::chrono_literals;

LogRecord refusal(uint32_t pool, LogKind kind = LogKind::ports_exhausted, uint32_t suppressed = 0) {
    LogRecord record;
    record.kind = kind;
    record.pool = pool;
    record.suppressed = suppressed;
    return record;
}

TEST(WorkerLogLimit, LetsOnePassInItsTime) {
    WorkerLogLimit limit(100);
    const auto pass = [&](LogRecord record, uint64_t tsc) -> int {
        if (!limit.pass(record, tsc)) {
            return -1;
        }
        limit.passed(record, tsc);
        return int(record.suppressed);
    };
    EXPECT_EQ(pass(refusal(1), 1000), 0);
    EXPECT_EQ(pass(refusal(1), 1000), -1);
    EXPECT_EQ(pass(refusal(1), 1099), -1);
    EXPECT_EQ(pass(refusal(2), 1099), 0) << "another pool";
    EXPECT_EQ(pass(refusal(1, LogKind::user_exceeded), 1099), 0) << "another kind";
    EXPECT_EQ(pass(refusal(1), 1100), 2);
    EXPECT_EQ(pass(refusal(1), 5000), 0);
    EXPECT_EQ(pass(refusal(257), 5000), -1) << "shares the limit of pool 1";
    EXPECT_EQ(pass(refusal(0xffff'ffff, LogKind::addresses_exhausted), 1), 0);
}

TEST(WorkerLogLimit, KeepsTheNumberUntilItHasGone) {
    WorkerLogLimit limit(100);
    LogRecord record = refusal(1);
    ASSERT_TRUE(limit.pass(record, 0));
    limit.passed(record, 0);
    ASSERT_FALSE(limit.pass(record, 1));
    ASSERT_TRUE(limit.pass(record, 100));
    record.suppressed = 0;
    ASSERT_TRUE(limit.pass(record, 101)) << "there was no room for it";
    EXPECT_EQ(record.suppressed, 1u);
}

class LogLimitTest : public ::testing::Test {
protected:
    int pass(LogRecord record, LogLimit::Time now) {
        return limit_.pass(record, now) ? int(record.suppressed) : -1;
    }
    std::vector<LogRecord> due(LogLimit::Time now) {
        std::vector<LogRecord> records;
        limit_.take_due(now, records);
        return records;
    }
    const LogLimit::Time start_{1000s};
    LogLimit limit_;
};

TEST_F(LogLimitTest, LetsOneASecondPass) {
    EXPECT_EQ(pass(refusal(1), start_), 0);
    EXPECT_EQ(pass(refusal(1, LogKind::ports_exhausted, 9), start_), -1) << "of another worker";
    EXPECT_EQ(pass(refusal(1), start_ + 999ms), -1);
    EXPECT_EQ(pass(refusal(2), start_ + 999ms), 0);
    EXPECT_EQ(pass(refusal(1, LogKind::addresses_exhausted), start_ + 999ms), 0);
    EXPECT_EQ(pass(refusal(1, LogKind::ports_exhausted, 5), start_ + 1s), 16);
    EXPECT_EQ(pass(refusal(1), start_ + 1500ms), -1);
}

TEST_F(LogLimitTest, TellsOfTheLastWhenItsSecondIsOver) {
    EXPECT_EQ(pass(refusal(1), start_), 0);
    LogRecord last = refusal(1, LogKind::ports_exhausted, 3);
    last.protocol = 6;
    EXPECT_EQ(pass(refusal(1), start_ + 1ms), -1);
    EXPECT_EQ(pass(last, start_ + 2ms), -1);
    EXPECT_TRUE(due(start_ + 999ms).empty());
    last.suppressed = 4;
    EXPECT_EQ(due(start_ + 1s), std::vector<LogRecord>{last}) << "one itself, and four more";
    EXPECT_EQ(pass(refusal(1), start_ + 1100ms), -1) << "that was told, too";
    EXPECT_EQ(due(start_ + 2s), std::vector<LogRecord>{refusal(1)});
    EXPECT_TRUE(due(start_ + 3s).empty());
    EXPECT_EQ(pass(refusal(1), start_ + 3s), 0) << "forgotten by now";
}

}  // namespace
}  // namespace nat44
