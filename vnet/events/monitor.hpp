// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "vnet/events/stream.hpp"

namespace vnet::events {

/// One client's sluice.Events.Monitor: each event in words, from now on.
class Monitor final : public Stream, public api::Feed<sluice::EventLine> {
public:
    /// The journal knows of it while it lives.
    static std::shared_ptr<Monitor> open(Journal& journal, std::vector<sluice::EventTopic> topics,
                                         std::shared_ptr<api::FeedChannel> channel);

    absl::StatusOr<api::FeedBatch<sluice::EventLine>> next() override;

private:
    using Stream::Stream;
};

/// The last events of some topics in words, at most `most` of them, oldest first.
std::vector<sluice::EventLine> last_lines(const Journal& journal,
                                          const std::vector<sluice::EventTopic>& topics,
                                          size_t most);

/// An event in words. Any thread.
sluice::EventLine line_of(const sluice::Event& event);

}  // namespace vnet::events
