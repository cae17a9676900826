// SPDX-License-Identifier: Apache-2.0
#include "perf/route_watchers.hpp"

#include <chrono>

#include "vnet/proto/events.pb.h"

namespace perf {

void RouteWatchers::run(Watcher& watcher, const std::stop_token& stop) {
    sluice::WatchEventsRequest request;
    request.add_topics(sluice::EVENT_TOPIC_ROUTE);
    sluice::EventBatch scratch;
    watcher.status = watcher.client->call(
        "sluice.Events.Watch", request, scratch,
        [&](const google::protobuf::Message& message) {
            watcher.answered = true;
            watcher.events +=
                uint64_t(static_cast<const sluice::EventBatch&>(message).events_size());
            return true;
        },
        absl::InfiniteDuration(), stop);
    watcher.ended = true;
}

absl::StatusOr<std::unique_ptr<RouteWatchers>> RouteWatchers::start(const std::string& socket,
                                                                    unsigned watchers) {
    std::unique_ptr<RouteWatchers> all(new RouteWatchers);
    for (unsigned i = 0; i < watchers; ++i) {
        auto client = api::Client::connect(socket, absl::Seconds(5));
        if (!client.ok()) {
            return client.status();
        }
        Watcher& watcher = *all->watchers_.emplace_back(std::make_unique<Watcher>());
        watcher.client = *std::move(client);
        watcher.thread =
            std::jthread([&watcher](const std::stop_token& stop) { run(watcher, stop); });
    }
    for (const auto& watcher : all->watchers_) {
        while (!watcher->answered && !watcher->ended) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (watcher->ended) {
            return watcher->status;
        }
    }
    return all;
}

RouteWatchers::~RouteWatchers() {
    for (const auto& watcher : watchers_) {
        watcher->thread.request_stop();
    }
}

absl::StatusOr<uint64_t> RouteWatchers::await(uint64_t events) {
    for (const auto& watcher : watchers_) {
        while (watcher->events < events) {
            if (watcher->ended) {
                return watcher->status;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    return events * watchers_.size();
}

}  // namespace perf
