// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "api/method.hpp"

namespace api {

/// The next messages of a feed. `fill` makes them one by one, each of number 0 to below `count`, on
/// the egress thread: let it hold its own data.
template <class Item>
struct FeedBatch {
    /// 0: there is nothing now.
    std::size_t count = 0;
    std::function<void(std::size_t number, Item& item)> fill;
};

/// An endless stream that is asked for more only as fast as its client reads: it keeps a position
/// in something that is there anyway, not a queue of its own. Control thread, its end as well,
/// which may be a moment after its service is gone.
template <class Item>
class Feed {
public:
    virtual ~Feed() = default;
    /// What comes next. After an empty batch it is asked again once its channel was woken; an error
    /// ends the call behind what waits.
    virtual absl::StatusOr<FeedBatch<Item>> next() = 0;
};

/// A Feed as the server sees it.
template <class Item>
class TypedFeed final : public MessageFeed {
public:
    explicit TypedFeed(std::shared_ptr<Feed<Item>> feed) : feed_(std::move(feed)) {}
    absl::StatusOr<MessageBatch> next() override {
        auto batch = feed_->next();
        if (!batch.ok()) {
            return std::move(batch).status();
        }
        return MessageBatch{batch->count,
                            [fill = std::move(batch->fill)](std::size_t number, Message& message) {
                                fill(number, static_cast<Item&>(message));
                            }};
    }

private:
    const std::shared_ptr<Feed<Item>> feed_;
};

}  // namespace api
