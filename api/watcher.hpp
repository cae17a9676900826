// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <utility>

#include "api/method.hpp"

namespace api {

/// The producer's end of a watch: one client that wants events of type `Event`.
///
/// Copies share the watch; it ends with success when the last copy is gone. At most 256 events wait
/// for a slow client: the next one ends its watch with RESOURCE_EXHAUSTED. Any thread may push.
template <class Event>
class Watcher {
public:
    explicit Watcher(std::shared_ptr<EventChannel> channel) : channel_(std::move(channel)) {}

    /// False when the client is gone or was too slow: forget this watcher then.
    bool push(const Event& event) const {
        return channel_->is_open() && channel_->push(std::make_unique<Event>(event));
    }

    bool is_open() const { return channel_->is_open(); }

    /// Ends the watch after the events that wait.
    void close(const absl::Status& status = absl::OkStatus()) const { channel_->close(status); }

private:
    std::shared_ptr<EventChannel> channel_;
};

}  // namespace api
