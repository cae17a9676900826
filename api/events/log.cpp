// SPDX-License-Identifier: Apache-2.0
#include "api/events/log.hpp"

#include <algorithm>
#include <utility>

namespace api::events {

Log::Log(std::uint64_t epoch, Post post) : epoch_(epoch), post_(std::move(post)) {}

void Log::tell_soon() {
    if (telling_) {
        return;
    }
    telling_ = true;
    post_([this, known = std::weak_ptr(followers_)] {
        const auto followers = known.lock();
        if (followers == nullptr) {
            return;
        }
        // What a follower does may count an event, or bring another follower.
        telling_ = false;
        std::erase_if(*followers, [](const auto& follower) { return follower.expired(); });
        for (const auto& follower : Followers(*followers)) {
            if (const auto present = follower.lock()) {
                present->on_events();
            }
        }
    });
}

std::size_t Topic::behind(std::uint64_t number) const {
    std::size_t begin = 0;
    std::size_t end = size();
    while (begin < end) {
        const std::size_t middle = begin + (end - begin) / 2;
        if (this->number(middle) <= number) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

bool Reader::has_lost() const {
    return std::any_of(topics_.begin(), topics_.end(),
                       [this](const Topic* topic) { return topic->forgotten() > number_; });
}

bool Reader::read(const Visit& visit) {
    struct Cursor {
        std::size_t topic;
        std::size_t place;
        std::uint64_t number;
    };
    std::vector<Cursor> cursors;
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        const std::size_t place = topics_[i]->behind(number_);
        if (place < topics_[i]->size()) {
            cursors.push_back({i, place, topics_[i]->number(place)});
        }
    }
    while (!cursors.empty()) {
        // There are a handful of topics, and most of the time one that has events.
        const auto next =
            std::min_element(cursors.begin(), cursors.end(),
                             [](const Cursor& a, const Cursor& b) { return a.number < b.number; });
        if (!visit(next->topic, next->place)) {
            return false;
        }
        number_ = next->number;
        const Topic& topic = *topics_[next->topic];
        if (++next->place == topic.size()) {
            cursors.erase(next);
        } else {
            next->number = topic.number(next->place);
        }
    }
    number_ = log_.position().number;
    return true;
}

}  // namespace api::events
