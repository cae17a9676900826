// SPDX-License-Identifier: Apache-2.0
#include "graph/control.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "graph/testing/wait.hpp"

namespace graph {
namespace {

using namespace std::chrono_literals;
using testing::eventually;

class ControlTest : public ::testing::Test {
protected:
    bool until(auto done) {
        return eventually(done, [this] { control_.poll(); });
    }
    Control control_;
};

TEST_F(ControlTest, EveryRunsAgainAndAgainUntilItsHandleGoes) {
    int runs = 0;
    auto handle = control_.every(1ms, [&] { ++runs; });
    EXPECT_EQ(runs, 0) << "not before it is due";
    EXPECT_TRUE(until([&] { return runs >= 3; }));
    handle.cancel();
    const int before = runs;
    bool later = false;
    auto other = control_.after(5ms, [&] { later = true; });
    EXPECT_TRUE(until([&] { return later; }));
    EXPECT_EQ(runs, before);
}

TEST_F(ControlTest, EveryMayEndItselfFromWithin) {
    int runs = 0;
    Control::Handle handle;
    const auto token = std::make_shared<int>();
    handle = control_.every(1ms, [&, token] {
        ++runs;
        handle.cancel();
        EXPECT_EQ(token.use_count(), 2) << "what runs stays alive while it runs";
    });
    EXPECT_TRUE(until([&] { return runs == 1; }));
    EXPECT_EQ(token.use_count(), 1);
    bool later = false;
    auto other = control_.after(5ms, [&] { later = true; });
    EXPECT_TRUE(until([&] { return later; }));
    EXPECT_EQ(runs, 1);
}

TEST_F(ControlTest, AfterRunsOnce) {
    int runs = 0;
    auto handle = control_.after(1ms, [&] { ++runs; });
    EXPECT_TRUE(until([&] { return runs == 1; }));
    bool later = false;
    auto other = control_.after(5ms, [&] { later = true; });
    EXPECT_TRUE(until([&] { return later; }));
    EXPECT_EQ(runs, 1);
}

TEST_F(ControlTest, AfterMayBeGivenUp) {
    bool ran = false;
    bool later = false;
    {
        auto handle = control_.after(1ms, [&] { ran = true; });
    }
    auto other = control_.after(5ms, [&] { later = true; });
    EXPECT_TRUE(until([&] { return later; }));
    EXPECT_FALSE(ran);
}

TEST_F(ControlTest, ReadableDescriptorIsToldForAsLongAsItIs) {
    const int fd = eventfd(0, EFD_NONBLOCK);
    int runs = 0;
    auto handle = control_.on_readable(fd, [&] {
        if (++runs >= 3) {
            uint64_t value = 0;
            EXPECT_EQ(read(fd, &value, sizeof(value)), 8);
        }
    });
    control_.poll();
    EXPECT_EQ(runs, 0);
    const uint64_t one = 1;
    ASSERT_EQ(write(fd, &one, sizeof(one)), 8);
    EXPECT_TRUE(until([&] { return runs == 3; }));
    control_.poll();
    EXPECT_EQ(runs, 3);
    ASSERT_EQ(write(fd, &one, sizeof(one)), 8);
    EXPECT_TRUE(until([&] { return runs == 4; }));
    handle.cancel();
    control_.poll();
    EXPECT_EQ(runs, 4);
    EXPECT_EQ(close(fd), 0) << "the descriptor stayed ours";
}

TEST_F(ControlTest, WatchMayEndItselfFromWithin) {
    const int fd = eventfd(1, EFD_NONBLOCK);
    int runs = 0;
    Control::Handle handle;
    handle = control_.on_readable(fd, [&] {
        ++runs;
        handle.cancel();
    });
    EXPECT_TRUE(until([&] { return runs == 1; }));
    control_.poll();
    EXPECT_EQ(runs, 1);
    close(fd);
}

TEST_F(ControlTest, PostRunsOnTheControlThread) {
    std::thread::id ran_on;
    std::thread([&] {
        control_.post([&] {
            ran_on = std::this_thread::get_id();
            control_.stop();
        });
    }).join();
    control_.run();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST_F(ControlTest, SignalsComeAsCalls) {
    std::vector<int> seen;
    control_.on_signals({SIGUSR1, SIGUSR2}, [&](int signal) { seen.push_back(signal); });
    raise(SIGUSR1);
    EXPECT_TRUE(until([&] { return seen.size() == 1; }));
    raise(SIGUSR2);
    EXPECT_TRUE(until([&] { return seen.size() == 2; }));
    EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

}  // namespace
}  // namespace graph
