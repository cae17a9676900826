// SPDX-License-Identifier: Apache-2.0
#include "vnet/events/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vnet::events {

namespace {

absl::StatusOr<std::vector<sluice::EventTopic>> read_topics(
    const sluice::WatchEventsRequest& request) {
    if (request.topics().empty()) {
        return all_topics();
    }
    std::vector<sluice::EventTopic> topics;
    for (const int topic : request.topics()) {
        if (!sluice::EventTopic_IsValid(topic)) {
            return absl::InvalidArgumentError(
                fmt::format("{} is no topic of events; they are numbered 0 to {}", topic,
                            int(sluice::EventTopic_MAX)));
        }
        topics.push_back(sluice::EventTopic(topic));
    }
    std::sort(topics.begin(), topics.end());
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    return topics;
}

bool is_kept(const Journal& journal, const std::vector<sluice::EventTopic>& topics,
             uint64_t number) {
    return std::all_of(topics.begin(), topics.end(), [&](sluice::EventTopic topic) {
        return journal.topic(topic).forgotten() <= number;
    });
}

}  // namespace

absl::StatusOr<std::shared_ptr<Watch>> Watch::open(Journal& journal,
                                                   const sluice::WatchEventsRequest& request,
                                                   std::shared_ptr<api::FeedChannel> channel) {
    auto topics = read_topics(request);
    if (!topics.ok()) {
        return topics.status();
    }
    const api::events::Position now = journal.log().position();
    const sluice::EventPosition& after = request.after();
    if (request.has_after() && after.epoch() == now.epoch && after.sequence() > now.number) {
        return absl::OutOfRangeError(
            fmt::format("event {} has not happened yet, the last one is {}; give a position that "
                        "the daemon has "
                        "told",
                        after.sequence(), now.number));
    }
    const bool resumes = request.has_after() && after.epoch() == now.epoch &&
                         is_kept(journal, *topics, after.sequence());
    Start start{.topics = *std::move(topics),
                .after = resumes ? after.sequence() : now.number,
                .lost = request.has_after() && !resumes,
                .with_state = request.with_state() && !resumes};
    const std::shared_ptr<Watch> watch(new Watch(journal, std::move(start), std::move(channel)));
    journal.log().follow(watch);
    return watch;
}

Watch::Watch(Journal& journal, Start start, std::shared_ptr<api::FeedChannel> channel)
    : Stream(journal, start.topics, start.after, std::move(channel)), lost_(start.lost) {
    if (start.with_state) {
        untold_.assign(topics().begin(), topics().end());
    }
}

absl::StatusOr<api::FeedBatch<sluice::EventBatch>> Watch::next() {
    if (auto status = check(); !status.ok()) {
        return status;
    }
    std::vector<Item> items;
    const bool told_state = telling_state();
    // In this order: a change of what waits to be told comes behind it.
    tell_pending(items);
    if (pending_.empty() && read_changes(items) && !untold_.empty()) {
        tell_state(items);
    }
    const bool state_complete = told_state && !telling_state();
    if (items.empty() && !first_ && !state_complete) {
        return api::FeedBatch<sluice::EventBatch>();
    }
    std::optional<api::events::Position> position;
    if (!telling_state()) {
        position = reader().position();
    }
    const bool lost = std::exchange(first_, false) && lost_;
    auto fill = [items = std::make_shared<std::vector<Item>>(std::move(items)), position, lost,
                 state_complete](size_t, sluice::EventBatch& batch) {
        if (position) {
            batch.mutable_position()->set_epoch(position->epoch);
            batch.mutable_position()->set_sequence(position->number);
        }
        batch.set_lost(lost);
        batch.set_state_complete(state_complete);
        batch.mutable_events()->Reserve(int(items->size()));
        for (const Item& item : *items) {
            item.write(*batch.add_events());
        }
    };
    return api::FeedBatch<sluice::EventBatch>{1, std::move(fill)};
}

/// True when there are no more. Changes of what is told later are left out.
bool Watch::read_changes(std::vector<Item>& items) {
    return reader().read([&](size_t topic, size_t place) {
        if (items.size() >= most_items) {
            return false;
        }
        if (is_told(topics()[topic], place)) {
            items.push_back(journal().item(topics()[topic], place));
        }
        return true;
    });
}

bool Watch::is_told(sluice::EventTopic topic, size_t place) const {
    if (std::find(untold_.begin(), untold_.end(), topic) == untold_.end()) {
        return true;
    }
    return topic == sluice::EVENT_TOPIC_ROUTE && told_routes_ &&
           journal().route_place(place) <= *told_routes_;
}

/// Takes the next step: all changes up to now have been read.
void Watch::tell_state(std::vector<Item>& items) {
    while (items.size() < most_items && pending_.empty() && !untold_.empty()) {
        if (untold_.front() == sluice::EVENT_TOPIC_ROUTE) {
            told_routes_ = journal().route_state(told_routes_, most_items, items);
            if (told_routes_) {
                return;
            }
        } else {
            for (Item& item : journal().state(untold_.front())) {
                pending_.push_back(std::move(item));
            }
        }
        untold_.pop_front();
        tell_pending(items);
    }
}

void Watch::tell_pending(std::vector<Item>& items) {
    while (items.size() < most_items && !pending_.empty()) {
        items.push_back(std::move(pending_.front()));
        pending_.pop_front();
    }
}

}  // namespace vnet::events
