// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace api::events {

/// Where a reader of a log is: it has seen all events up to this one.
struct Position {
    /// Of the daemon's run; never 0.
    std::uint64_t epoch = 0;
    /// The number of an event; 0 is before the first.
    std::uint64_t number = 0;
    friend bool operator==(const Position&, const Position&) = default;
};

/// Whoever wants to know of events as they come.
class Follower {
public:
    virtual ~Follower() = default;
    /// Events were counted since the last call: once for all that came in one turn of the control
    /// thread.
    virtual void on_events() = 0;
};

/// What the topics of a daemon share: one counter, which gives each event a number of its own, and
/// the followers. Events themselves are kept by topics, each within its own bound, so that a storm
/// in one does not push another's events out. Control thread.
class Log {
public:
    /// Runs a function on the control thread, soon.
    using Post = std::function<void(std::function<void()>)>;

    /// `epoch` tells this run of the daemon from every other, and is not 0.
    Log(std::uint64_t epoch, Post post);

    /// The position behind the last event.
    Position position() const { return {epoch_, last_}; }
    /// The number of a new event. Costs next to nothing while nobody follows.
    std::uint64_t count() {
        if (!followers_->empty()) {
            tell_soon();
        }
        return ++last_;
    }
    /// Tells `follower` of events until it is gone.
    void follow(const std::shared_ptr<Follower>& follower) { followers_->push_back(follower); }

private:
    using Followers = std::vector<std::weak_ptr<Follower>>;

    void tell_soon();

    const std::uint64_t epoch_;
    const Post post_;
    std::uint64_t last_ = 0;
    bool telling_ = false;
    /// Apart, since a posted function may outlive the log.
    const std::shared_ptr<Followers> followers_ = std::make_shared<Followers>();
};

/// The events of one kind that a log still knows, oldest first.
class Topic {
public:
    explicit Topic(Log& log) : log_(log) {}
    virtual ~Topic() = default;
    Topic(const Topic&) = delete;
    Topic& operator=(const Topic&) = delete;

    virtual std::size_t size() const = 0;
    /// Of the event at a place below size(). Numbers rise with places.
    virtual std::uint64_t number(std::size_t place) const = 0;
    /// The highest number that is not kept any more; 0: none.
    virtual std::uint64_t forgotten() const = 0;
    /// The first place behind a number; size() where there is none.
    std::size_t behind(std::uint64_t number) const;

protected:
    Log& log() { return log_; }

private:
    Log& log_;
};

/// Reads some topics of a log together, in the order of their events' numbers. Control thread.
class Reader {
public:
    /// What reads an event: the topic, as a place in the vector given, and the event's place in it.
    /// False ends the pass before the event.
    using Visit = std::function<bool(std::size_t topic, std::size_t place)>;

    /// Begins behind the event of number `after`. `log` and topics outlive its calls.
    Reader(const Log& log, std::vector<const Topic*> topics, std::uint64_t after)
        : log_(log), topics_(std::move(topics)), number_(after) {}

    /// Events that come next are not kept any more: nothing that is read from here on is whole.
    bool has_lost() const;
    /// Hands over what came since the last pass. True when there is no more.
    bool read(const Visit& visit);
    /// What was read up to.
    Position position() const { return {log_.position().epoch, number_}; }

private:
    const Log& log_;
    const std::vector<const Topic*> topics_;
    std::uint64_t number_;
};

}  // namespace api::events
