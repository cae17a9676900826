// SPDX-License-Identifier: Apache-2.0

#include <google/protobuf/arena.h>

#include <atomic>

#include "api/server/call.hpp"

namespace api {
namespace {

constexpr std::size_t feed_batches_ahead = 2;

/// An endless list: its feed is asked for the next batch only while fewer than two wait to be
/// written, and, where it had none, after it was woken.
class FeedCall final : public Call {
public:
    explicit FeedCall(Parts parts) : Call(std::move(parts), 1) {}

    /// Control thread.
    void wake() {
        if (idle_ && !has_ended()) {
            idle_ = false;
            pull();
        }
    }

private:
    void on_request(RequestPtr request) override;

    /// Control thread.
    void pull() {
        auto batch = method().next(*feed_);
        if (batch.ok() && batch->count == 0) {
            idle_ = true;
            return;
        }
        on_egress([this, batch = std::move(batch)] { send(batch); });
    }

    /// Egress thread.
    void send(const absl::StatusOr<MessageBatch>& batch) {
        if (!batch.ok()) {
            end(batch.status());
            return;
        }
        for (std::size_t i = 0; i < batch->count; ++i) {
            google::protobuf::Arena arena;
            Message* const message = method().new_reply(arena);
            batch->fill(i, *message);
            write(serialise(*message), i + 1 < batch->count);
        }
        pulling_ = false;
        on_written();
    }

    void on_written() override {
        if (batches_waiting() < feed_batches_ahead && !pulling_.exchange(true)) {
            on_control([this] { pull(); });
        }
    }

    void on_done() override { feed_ = nullptr; }

    /// Control thread.
    std::unique_ptr<MessageFeed> feed_;
    /// Control thread: the feed had nothing; it is pulled once it is woken.
    bool idle_ = false;
    /// A pull is on its way, or waits to be woken.
    std::atomic<bool> pulling_{true};
};

/// The feed's end of it. It does not keep the call alive.
class Channel final : public FeedChannel {
public:
    explicit Channel(std::weak_ptr<FeedCall> call) : call_(std::move(call)) {}

    void wake() override {
        if (const auto call = call_.lock()) {
            call->wake();
        }
    }

    void abort(const absl::Status& status) override {
        if (const auto call = call_.lock()) {
            call->abort(status);
        }
    }

private:
    const std::weak_ptr<FeedCall> call_;
};

void FeedCall::on_request(RequestPtr request) {
    on_control([this, request = std::move(request)] {
        auto self = std::static_pointer_cast<FeedCall>(shared_from_this());
        auto feed = method().open_feed(*request, std::make_shared<Channel>(std::move(self)));
        if (!feed.ok()) {
            on_egress([this, status = feed.status()] { end(status); });
            return;
        }
        feed_ = *std::move(feed);
        pull();
    });
}

}  // namespace

std::shared_ptr<Call> make_feed_call(Call::Parts parts) {
    return std::make_shared<FeedCall>(std::move(parts));
}

}  // namespace api
