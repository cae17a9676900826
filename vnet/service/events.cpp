// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vnet/events/monitor.hpp"
#include "vnet/events/watch.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

constexpr uint32_t lines_by_default = 100;
constexpr uint32_t most_lines = 100'000;

/// The topic that was asked for, or all.
template <class Request>
absl::StatusOr<std::vector<sluice::EventTopic>> read_topic(const Request& request) {
    if (!request.has_topic()) {
        return events::all_topics();
    }
    if (!sluice::EventTopic_IsValid(request.topic())) {
        return absl::InvalidArgumentError(
            fmt::format("{} is no topic of events; they are numbered 0 to {}", int(request.topic()),
                        int(sluice::EventTopic_MAX)));
    }
    return std::vector<sluice::EventTopic>{request.topic()};
}

absl::StatusOr<api::ItemSource<sluice::EventLine>> list(const events::Journal& journal,
                                                        const sluice::ListEventsRequest& request) {
    const auto topics = read_topic(request);
    if (!topics.ok()) {
        return topics.status();
    }
    const uint32_t last = request.has_last() ? request.last() : lines_by_default;
    if (last == 0 || last > most_lines) {
        return absl::OutOfRangeError(
            fmt::format("{} events cannot be shown; give 1 to {}", last, most_lines));
    }
    return api::items(events::last_lines(journal, *topics, last));
}

}  // namespace

absl::Status register_events(api::Registry& registry, Router& router) {
    using Channel = std::shared_ptr<api::FeedChannel>;
    events::Journal& journal = router.events();
    absl::Status status;
    status.Update(registry.add_feed<sluice::WatchEventsRequest, sluice::EventBatch>(
        "sluice.Events.Watch",
        [&journal](const auto& request, Channel channel)
            -> absl::StatusOr<std::shared_ptr<api::Feed<sluice::EventBatch>>> {
            return events::Watch::open(journal, request, std::move(channel));
        }));
    status.Update(registry.add_feed<sluice::MonitorRequest, sluice::EventLine>(
        "sluice.Events.Monitor",
        [&journal](const auto& request, Channel channel)
            -> absl::StatusOr<std::shared_ptr<api::Feed<sluice::EventLine>>> {
            auto topics = read_topic(request);
            if (!topics.ok()) {
                return topics.status();
            }
            return events::Monitor::open(journal, *std::move(topics), std::move(channel));
        }));
    status.Update(registry.add_list<sluice::ListEventsRequest, sluice::EventLine>(
        "sluice.Events.List", [&journal](const auto& request) { return list(journal, request); }));
    return status;
}

}  // namespace vnet::service
