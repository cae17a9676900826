// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/log.hpp"

#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <thread>

#include "graph/testing/bench.hpp"
#include "graph/testing/wait.hpp"

namespace nat44 {
namespace {

using namespace std::chrono_literals;
using graph::testing::eventually;

class LogTest : public ::testing::Test {
protected:
    LogTest() { graph::testing::start_eal(); }
    void make(unsigned workers, size_t records_per_worker = 1024) {
        log_ = std::make_unique<Log>(control_, workers,
                                     Log::Options{records_per_worker, [this] { return now_; }});
    }
    std::shared_ptr<void> add_sink() {
        return log_->add_sink([this](std::span<const LogRecord> records) {
            told_.insert(told_.end(), records.begin(), records.end());
        });
    }
    bool push(unsigned worker, uint32_t number, LogKind kind = LogKind::session_created) {
        LogRecord record;
        record.kind = kind;
        record.inside = vnet::wire::Ip4Address(number);
        return log_->push(worker, record, rte_rdtsc());
    }
    /// By the timer, as in a router.
    bool until(auto done) {
        return eventually(done, [this] { control_.poll(); });
    }
    static uint64_t unix_ns() {
        return uint64_t(
            std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
    }

    graph::Control control_;
    Log::Now::result_type now_{1000s};
    std::unique_ptr<Log> log_;
    std::vector<LogRecord> told_;
};

TEST_F(LogTest, TellsWithTheTimeOfDay) {
    make(1);
    const auto sink = add_sink();
    const uint64_t before = unix_ns();
    EXPECT_TRUE(push(0, 1));
    EXPECT_TRUE(push(0, 2, LogKind::session_deleted));
    ASSERT_TRUE(until([&] { return told_.size() == 2; }));
    EXPECT_EQ(told_[0].kind, LogKind::session_created);
    EXPECT_EQ(told_[0].inside.value(), 1u);
    EXPECT_EQ(told_[1].kind, LogKind::session_deleted);
    EXPECT_EQ(told_[1].inside.value(), 2u);
    // The clocks are compared to within some microseconds, unless a thread is interrupted.
    constexpr uint64_t second = 1'000'000'000;
    EXPECT_GE(told_[0].time_ns, before - second);
    EXPECT_LE(told_[1].time_ns, unix_ns() + second);
    EXPECT_LE(told_[0].time_ns, told_[1].time_ns);
    EXPECT_EQ(log_->counters().records, 2u);
    EXPECT_EQ(log_->counters().lost, 0u);
}

TEST_F(LogTest, IsOffWithoutSinks) {
    make(1);
    EXPECT_FALSE(log_->enabled());
    EXPECT_TRUE(push(0, 1)) << "nothing is lost that nobody wants";
    EXPECT_FALSE(log_->drain());
    auto sink = add_sink();
    EXPECT_TRUE(log_->enabled());
    EXPECT_FALSE(log_->drain());
    EXPECT_TRUE(push(0, 2));
    sink.reset();
    ASSERT_TRUE(until([&] { return !log_->enabled(); })) << "found by its timer, which ends so";
    EXPECT_TRUE(told_.empty());
    sink = add_sink();
    EXPECT_TRUE(push(0, 3));
    ASSERT_TRUE(until([&] { return !told_.empty(); }));
    EXPECT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].inside.value(), 3u) << "what came before the sink is not its";
}

TEST_F(LogTest, TellsAllSinks) {
    make(1);
    const auto sink = add_sink();
    std::shared_ptr<void> second;
    std::shared_ptr<void> third;
    unsigned second_heard = 0;
    unsigned third_heard = 0;
    second = log_->add_sink([&](std::span<const LogRecord> records) {
        second_heard += unsigned(records.size());
        third = log_->add_sink(
            [&](std::span<const LogRecord> more) { third_heard += unsigned(more.size()); });
        second.reset();
    });
    EXPECT_TRUE(push(0, 1));
    EXPECT_FALSE(log_->drain());
    EXPECT_EQ(second_heard, 1u);
    EXPECT_EQ(third_heard, 0u);
    EXPECT_TRUE(push(0, 2));
    EXPECT_FALSE(log_->drain());
    EXPECT_EQ(told_.size(), 2u);
    EXPECT_EQ(second_heard, 1u) << "it has gone";
    EXPECT_EQ(third_heard, 1u);
}

TEST_F(LogTest, AFullRingIsACountedLoss) {
    make(2, 8);
    const auto sink = add_sink();
    unsigned fitted = 0;
    while (push(0, fitted)) {
        ++fitted;
    }
    EXPECT_GE(fitted, 8u);
    EXPECT_FALSE(push(0, 0));
    EXPECT_TRUE(push(1, 1000)) << "the other worker's is its own";
    EXPECT_EQ(log_->counters().lost, 2u);
    EXPECT_FALSE(log_->drain());
    ASSERT_EQ(told_.size(), fitted + 1);
    for (unsigned i = 0; i < fitted; ++i) {
        EXPECT_EQ(told_[i].inside.value(), i);
    }
    EXPECT_EQ(told_[fitted].inside.value(), 1000u);
    EXPECT_TRUE(push(0, 0)) << "there is room again";
    EXPECT_EQ(log_->counters().lost, 2u);
}

TEST_F(LogTest, NoWorkerLeavesNothing) {
    make(1);
    const auto sink = add_sink();
    EXPECT_TRUE(push(1, 1));
    EXPECT_FALSE(log_->drain());
    EXPECT_TRUE(told_.empty());
}

TEST_F(LogTest, ALotTakesSeveralTurns) {
    make(1, 20'000);
    const auto sink = add_sink();
    for (uint32_t i = 0; i < 20'000; ++i) {
        ASSERT_TRUE(push(0, i));
    }
    EXPECT_TRUE(log_->drain());
    EXPECT_LT(told_.size(), 20'000u);
    ASSERT_TRUE(until([&] { return told_.size() == 20'000; }));
    for (uint32_t i = 0; i < 20'000; ++i) {
        ASSERT_EQ(told_[i].inside.value(), i);
    }
}

TEST_F(LogTest, AStormOfRefusalsIsOneEventASecond) {
    make(2, 64);
    const auto sink = add_sink();
    LogRecord refusal;
    refusal.kind = LogKind::addresses_exhausted;
    refusal.pool = 7;
    const auto storm = [&](unsigned worker, uint64_t tsc) {
        for (unsigned i = 0; i < 1000; ++i) {
            EXPECT_TRUE(log_->push(worker, refusal, tsc));
        }
    };
    const uint64_t start = rte_rdtsc();
    storm(0, start);
    storm(1, start);
    EXPECT_TRUE(push(0, 1)) << "there is room for others";
    EXPECT_FALSE(log_->drain());
    ASSERT_EQ(told_.size(), 2u);
    EXPECT_EQ(told_[0].pool, 7u);
    EXPECT_EQ(told_[0].suppressed, 0u);
    EXPECT_EQ(told_[1].kind, LogKind::session_created);
    now_ += 1s;
    storm(0, start + rte_get_tsc_hz());
    EXPECT_FALSE(log_->drain());
    ASSERT_EQ(told_.size(), 3u);
    EXPECT_EQ(told_[2].suppressed, 1000u) << "999 of worker 0, the first of worker 1";
    now_ += 1s;
    storm(1, start + 2 * rte_get_tsc_hz());
    EXPECT_FALSE(log_->drain());
    ASSERT_EQ(told_.size(), 4u);
    EXPECT_EQ(told_[3].suppressed, 999u) << "of worker 1";
    EXPECT_EQ(log_->counters().suppressed, 1999u);
    EXPECT_EQ(log_->counters().lost, 0u);
}

TEST_F(LogTest, ManyWorkersAtOnce) {
    constexpr unsigned workers = 4;
    constexpr uint32_t each = 50'000;
    make(workers, 512);
    std::vector<uint32_t> accepted(workers, 0);
    std::vector<uint32_t> lost(workers, 0);
    std::vector<uint32_t> heard(workers, 0);
    std::vector<uint32_t> last(workers, 0);
    const auto sink = log_->add_sink([&](std::span<const LogRecord> records) {
        for (const LogRecord& record : records) {
            const unsigned worker = record.pool;
            ASSERT_LT(worker, workers);
            EXPECT_GT(record.limit, last[worker]) << "in order, and whole";
            EXPECT_EQ(record.inside.value(), record.limit);
            last[worker] = record.limit;
            ++heard[worker];
        }
    });
    std::atomic<unsigned> running{workers};
    std::vector<std::thread> threads;
    for (unsigned worker = 0; worker < workers; ++worker) {
        threads.emplace_back([&, worker] {
            LogRecord record;
            record.pool = worker;
            for (uint32_t i = 1; i <= each; ++i) {
                record.inside = vnet::wire::Ip4Address(i);
                record.limit = i;
                ++(log_->push(worker, record, rte_rdtsc()) ? accepted : lost)[worker];
                if (i % 256 == 0) {
                    std::this_thread::yield();
                }
            }
            --running;
        });
    }
    while (running != 0) {
        if (!log_->drain()) {
            std::this_thread::yield();
        }
    }
    for (auto& thread : threads) {
        thread.join();
    }
    while (log_->drain()) {
    }
    uint64_t all_lost = 0;
    for (unsigned worker = 0; worker < workers; ++worker) {
        EXPECT_EQ(heard[worker], accepted[worker]);
        EXPECT_EQ(accepted[worker] + lost[worker], each);
        all_lost += lost[worker];
    }
    EXPECT_EQ(log_->counters().lost, all_lost);
}

TEST_F(LogTest, SinksComeAndGoWhileWorkersPush) {
    make(1, 512);
    std::atomic<bool> stop{false};
    std::thread worker([&] {
        for (uint32_t i = 1; !stop; ++i) {
            push(0, i);
            std::this_thread::yield();
        }
    });
    for (unsigned round = 0; round < 3; ++round) {
        told_.clear();
        auto sink = add_sink();
        EXPECT_TRUE(until([&] { return !told_.empty(); }));
        sink.reset();
        EXPECT_TRUE(until([&] { return !log_->enabled(); }));
    }
    stop = true;
    worker.join();
}

}  // namespace
}  // namespace nat44
