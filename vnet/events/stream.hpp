// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <vector>

#include "api/events/log.hpp"
#include "api/feed.hpp"
#include "vnet/events/journal.hpp"

namespace vnet::events {

/// What everybody who follows the journal shares: a position in it, and a client that is woken when
/// there is more, or sent away when it is too late for it. Control thread.
class Stream : public api::events::Follower {
public:
    /// Events in one turn, and in one message.
    static constexpr size_t most_items = 512;

    /// `journal` outlives its calls.
    Stream(Journal& journal, std::vector<sluice::EventTopic> topics, uint64_t after,
           std::shared_ptr<api::FeedChannel> channel);

    void on_events() override;

protected:
    /// RESOURCE_EXHAUSTED where events that the client has not got are kept no longer.
    absl::Status check() const;

    const Journal& journal() const { return journal_; }
    const std::vector<sluice::EventTopic>& topics() const { return topics_; }
    api::events::Reader& reader() { return reader_; }

private:
    const Journal& journal_;
    const std::vector<sluice::EventTopic> topics_;
    api::events::Reader reader_;
    const std::shared_ptr<api::FeedChannel> channel_;
};

/// All topics, in the order in which their state is told.
std::vector<sluice::EventTopic> all_topics();

}  // namespace vnet::events
