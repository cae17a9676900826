// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <atomic>

#include "api/server/call.hpp"

namespace api {
namespace {

constexpr std::size_t max_events_waiting = 256;

/// An endless stream of events; a client that falls behind by 256 of them is sent away.
class WatchCall final : public Call {
public:
    explicit WatchCall(Parts parts) : Call(std::move(parts), 1) {}

    /// Any thread. False when the watch has ended.
    bool push(MessagePtr event) {
        if (has_ended()) {
            return false;
        }
        if (waiting_.fetch_add(1) >= max_events_waiting) {
            abort(absl::ResourceExhaustedError(
                fmt::format("the client of {} did not read, and {} events wait for it: read faster "
                            "or ask for less",
                            method().name(), max_events_waiting)));
            return false;
        }
        on_egress([this, event = std::move(event)] { write(serialise(*event)); });
        return true;
    }

    /// Any thread: behind the events that were pushed.
    void close(const absl::Status& status) {
        on_egress([this, status] { end(status); });
    }

private:
    void on_request(RequestPtr request) override;

    void on_written() override { --waiting_; }

    std::atomic<std::size_t> waiting_{0};
};

/// The producer's end. It does not keep the call alive: watchers may be kept longer than clients.
class Channel final : public EventChannel {
public:
    explicit Channel(std::weak_ptr<WatchCall> call) : call_(std::move(call)) {}
    ~Channel() override { Channel::close(absl::OkStatus()); }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    bool push(MessagePtr event) override {
        const auto call = call_.lock();
        return call != nullptr && call->push(std::move(event));
    }

    bool is_open() const override {
        const auto call = call_.lock();
        return call != nullptr && !call->has_ended();
    }

    void close(const absl::Status& status) override {
        if (const auto call = call_.lock()) {
            call->close(status);
        }
    }

private:
    const std::weak_ptr<WatchCall> call_;
};

void WatchCall::on_request(RequestPtr request) {
    on_control([this, request = std::move(request)] {
        auto self = std::static_pointer_cast<WatchCall>(shared_from_this());
        auto channel = std::make_shared<Channel>(std::move(self));
        // Held here, so that an error is told before the channel's end says success.
        if (auto status = method().watch(*request, channel); !status.ok()) {
            end(status);
        }
    });
}

}  // namespace

std::shared_ptr<Call> make_watch_call(Call::Parts parts) {
    return std::make_shared<WatchCall>(std::move(parts));
}

}  // namespace api
