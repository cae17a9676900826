// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "vnet/events/stream.hpp"

namespace vnet::events {

/// One client's sluice.Events.Watch.
///
/// The state is told in steps, and the router goes on meanwhile. Between two steps come the changes
/// of what was told already; a change of what is still to come is left out, since it will be told
/// as it is then. So each thing is told once, and each later change of it once.
class Watch final : public Stream, public api::Feed<sluice::EventBatch> {
public:
    /// Refused as the .proto file says. The journal knows of it while it lives.
    static absl::StatusOr<std::shared_ptr<Watch>> open(Journal& journal,
                                                       const sluice::WatchEventsRequest& request,
                                                       std::shared_ptr<api::FeedChannel> channel);

    absl::StatusOr<api::FeedBatch<sluice::EventBatch>> next() override;

private:
    struct Start {
        std::vector<sluice::EventTopic> topics;
        uint64_t after;
        bool lost;
        bool with_state;
    };
    Watch(Journal& journal, Start start, std::shared_ptr<api::FeedChannel> channel);

    bool telling_state() const { return !untold_.empty() || !pending_.empty(); }
    bool read_changes(std::vector<Item>& items);
    bool is_told(sluice::EventTopic topic, size_t place) const;
    void tell_state(std::vector<Item>& items);
    void tell_pending(std::vector<Item>& items);

    bool lost_;
    bool first_ = true;
    /// Topics whose state is not told in full yet; the first is being told.
    std::deque<sluice::EventTopic> untold_;
    /// Of ROUTE while it is being told: up to which one.
    std::optional<fib::RoutePlace> told_routes_;
    /// State that was read and waits for the next messages.
    std::deque<Item> pending_;
};

}  // namespace vnet::events
