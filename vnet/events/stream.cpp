// SPDX-License-Identifier: Apache-2.0
#include "vnet/events/stream.hpp"

#include <utility>

namespace vnet::events {

namespace {
std::vector<const api::events::Topic*> logs_of(const Journal& journal,
                                               const std::vector<sluice::EventTopic>& topics) {
    std::vector<const api::events::Topic*> logs;
    for (const sluice::EventTopic topic : topics) {
        logs.push_back(&journal.topic(topic));
    }
    return logs;
}
}  // namespace

Stream::Stream(Journal& journal, std::vector<sluice::EventTopic> topics, uint64_t after,
               std::shared_ptr<api::FeedChannel> channel)
    : journal_(journal),
      topics_(std::move(topics)),
      reader_(journal.log(), logs_of(journal, topics_), after),
      channel_(std::move(channel)) {}

void Stream::on_events() {
    // A client that does not read does not ask for more either, and so is not told by next().
    if (auto status = check(); !status.ok()) {
        channel_->abort(status);
    } else {
        channel_->wake();
    }
}

absl::Status Stream::check() const {
    if (reader_.has_lost()) {
        return absl::ResourceExhaustedError(
            "the client did not read in time, and events that it has not got are kept no longer; "
            "watch anew with the state, read faster or ask for fewer topics");
    }
    return absl::OkStatus();
}

std::vector<sluice::EventTopic> all_topics() {
    std::vector<sluice::EventTopic> topics;
    for (int i = 0; i < sluice::EventTopic_ARRAYSIZE; ++i) {
        topics.push_back(sluice::EventTopic(i));
    }
    return topics;
}

}  // namespace vnet::events
