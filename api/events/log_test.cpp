// SPDX-License-Identifier: Apache-2.0
#include "api/events/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "api/events/ring.hpp"

namespace api::events {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t epoch = 42;
/// The least that a ring holds.
constexpr std::size_t capacity = 1024;

class LogTest : public ::testing::Test {
protected:
    /// Does what was posted, and what that posts; how much it was.
    int run() {
        int done = 0;
        while (!posted_.empty()) {
            const auto work = std::exchange(posted_, {});
            for (const auto& each : work) {
                each();
                ++done;
            }
        }
        return done;
    }
    /// The records that a reader of both topics gets, at most so many.
    std::vector<std::string> read(Reader& reader, std::size_t most = 100) {
        std::vector<std::string> records;
        ended_ = reader.read([&](std::size_t topic, std::size_t place) {
            if (records.size() == most) {
                return false;
            }
            records.push_back((topic == 0 ? links : routes).record(place));
            return true;
        });
        return records;
    }
    Reader reader(std::uint64_t after = 0) { return Reader(log, {&links, &routes}, after); }

    std::vector<std::function<void()>> posted_;
    bool ended_ = false;
    Log log{epoch, [this](std::function<void()> work) { posted_.push_back(std::move(work)); }};
    Ring<std::string> links{log, 1};
    Ring<std::string> routes{log, capacity};
};

TEST_F(LogTest, NumbersRiseOverAllTopics) {
    EXPECT_EQ(log.position(), (Position{epoch, 0}));
    EXPECT_EQ(links.push("a"), 1U);
    EXPECT_EQ(routes.push("b"), 2U);
    EXPECT_EQ(links.push("c"), 3U);
    EXPECT_EQ(log.position(), (Position{epoch, 3}));
    EXPECT_EQ(links.number(0), 1U);
    EXPECT_EQ(links.number(1), 3U);
}

TEST_F(LogTest, TopicsAreReadTogetherInOrder) {
    links.push("a");
    routes.push("b");
    routes.push("c");
    links.push("d");
    Reader all = reader();
    EXPECT_THAT(read(all), ElementsAre("a", "b", "c", "d"));
    EXPECT_TRUE(ended_);
    EXPECT_THAT(read(all), IsEmpty());
    links.push("e");
    EXPECT_THAT(read(all), ElementsAre("e"));
    EXPECT_EQ(all.position(), log.position());
}

TEST_F(LogTest, EachEventIsReadOnceFromWhereverTheReaderComesBack) {
    for (const char* record : {"a", "b", "c", "d", "e"}) {
        (record[0] % 2 == 0 ? links : routes).push(record);
    }
    for (std::uint64_t after = 0; after <= 5; ++after) {
        for (std::size_t step = 1; step <= 6; ++step) {
            Reader back = reader(after);
            std::string whole;
            for (int turns = 0; turns < 6; ++turns) {
                for (const std::string& record : read(back, step)) {
                    whole += record;
                }
            }
            EXPECT_EQ(whole, std::string("abcde").substr(after)) << after << " by " << step;
            EXPECT_EQ(back.position(), log.position());
        }
    }
}

TEST_F(LogTest, AReaderOfQuietTopicsComesAlong) {
    Reader quiet(log, {&links}, 0);
    routes.push("a");
    EXPECT_TRUE(quiet.read([](std::size_t, std::size_t) { return true; }));
    EXPECT_EQ(quiet.position(), (Position{epoch, 1}));
}

TEST_F(LogTest, TheOldestGiveWayAndAreMissed) {
    links.push("link");
    for (std::size_t i = 0; i < capacity; ++i) {
        routes.push(std::to_string(i));
    }
    EXPECT_EQ(routes.forgotten(), 0U);
    EXPECT_FALSE(reader(0).has_lost());
    routes.push("one more");
    EXPECT_EQ(routes.size(), capacity);
    EXPECT_EQ(routes.record(0), "1");
    EXPECT_EQ(routes.record(capacity - 1), "one more");
    // Number 1 was the link, so the first route was 2.
    EXPECT_EQ(routes.forgotten(), 2U);
    EXPECT_TRUE(reader(0).has_lost());
    EXPECT_TRUE(reader(1).has_lost());
    EXPECT_FALSE(reader(2).has_lost());
    EXPECT_FALSE(Reader(log, {&links}, 0).has_lost()) << "a storm of routes is none of links";
}

TEST_F(LogTest, PlacesAreFoundHoweverOftenTheRingWentRound) {
    for (std::size_t i = 0; i < 5 * capacity + 17; ++i) {
        routes.push(std::to_string(i));
        if (i % 3 == 0) {
            links.push("between");
        }
    }
    const std::uint64_t last = log.position().number;
    EXPECT_EQ(routes.behind(last), routes.size());
    EXPECT_EQ(routes.behind(0), 0U);
    EXPECT_EQ(routes.behind(routes.forgotten()), 0U);
    for (std::size_t place = 0; place < routes.size(); ++place) {
        ASSERT_EQ(routes.behind(routes.number(place)), place + 1);
        ASSERT_EQ(routes.behind(routes.number(place) - 1), place);
        ASSERT_EQ(routes.record(place), std::to_string(4 * capacity + 17 + place));
    }
}

TEST_F(LogTest, MemoryIsTakenAsEventsCome) {
    Ring<std::string> large{log, 100 * capacity + 1};
    EXPECT_EQ(large.capacity(), 128 * capacity);
    EXPECT_EQ(large.bytes(), 0U);
    large.push("first");
    const std::size_t block = large.bytes();
    EXPECT_GT(block, 0U);
    for (std::size_t i = 0; i < 300 * capacity; ++i) {
        large.push("x");
    }
    EXPECT_EQ(large.bytes(), 128 * block);
    EXPECT_EQ(large.size(), large.capacity());
}

class Counting : public Follower {
public:
    void on_events() override { ++told; }
    int told = 0;
};

TEST_F(LogTest, FollowersAreToldOnceForAllThatCameInATurn) {
    links.push("before");
    EXPECT_EQ(run(), 0) << "nobody follows";
    const auto first = std::make_shared<Counting>();
    const auto second = std::make_shared<Counting>();
    log.follow(first);
    log.follow(second);
    for (int i = 0; i < 1000; ++i) {
        links.push("x");
    }
    EXPECT_EQ(run(), 1);
    EXPECT_EQ(first->told, 1);
    EXPECT_EQ(second->told, 1);
    links.push("y");
    run();
    EXPECT_EQ(first->told, 2);
}

TEST_F(LogTest, FollowersThatAreGoneCostNothing) {
    auto follower = std::make_shared<Counting>();
    log.follow(follower);
    follower.reset();
    links.push("x");
    EXPECT_EQ(run(), 1) << "in which it is found gone";
    links.push("y");
    EXPECT_EQ(run(), 0);
}

/// Counts an event whenever it is told of one, three times.
class Echo : public Follower {
public:
    Echo(Log& log, Ring<std::string>& ring) : log_(log), ring_(ring) {}
    void on_events() override {
        if (++told < 4) {
            ring_.push("echo");
            log_.follow(other);
        }
    }
    int told = 0;
    std::shared_ptr<Counting> other = std::make_shared<Counting>();

private:
    Log& log_;
    Ring<std::string>& ring_;
};

TEST_F(LogTest, AFollowerMayCountEventsAndBringOthers) {
    const auto echo = std::make_shared<Echo>(log, links);
    log.follow(echo);
    links.push("x");
    EXPECT_EQ(run(), 4);
    EXPECT_EQ(echo->told, 4);
    EXPECT_EQ(echo->other->told, 1 + 2 + 3);
}

TEST_F(LogTest, WhatWasPostedMayOutliveTheLog) {
    const auto follower = std::make_shared<Counting>();
    {
        Log gone(epoch, [this](std::function<void()> work) { posted_.push_back(std::move(work)); });
        gone.follow(follower);
        gone.count();
    }
    EXPECT_EQ(run(), 1);
    EXPECT_EQ(follower->told, 0);
}

}  // namespace
}  // namespace api::events
