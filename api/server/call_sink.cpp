// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include "api/server/call.hpp"

namespace api {
namespace {

constexpr std::size_t batches_in_hand = 4;

/// A client stream: at most four parsed batches wait for the control thread, which takes one, or a
/// part of a long one, and then turns to others.
class SinkCall final : public Call {
public:
    explicit SinkCall(Parts parts) : Call(std::move(parts), batches_in_hand) {}

private:
    void on_request(RequestPtr batch) override {
        on_control([this, batch = std::move(batch)] {
            waiting_.push_back(batch);
            work_soon();
        });
    }

    void on_requests_end() override {
        on_control([this] {
            is_complete_ = true;
            work_soon();
        });
    }

    // The rest is for the control thread.

    void work_soon() {
        if (!is_working_) {
            is_working_ = true;
            on_control([this] { work(); });
        }
    }

    void work() {
        is_working_ = false;
        if (auto status = open(); !status.ok()) {
            fail(status);
        } else if (!waiting_.empty()) {
            take();
        } else if (is_complete_) {
            finish();
        }
    }

    void take() {
        const auto taken = method().take(*sink_, *waiting_.front());
        if (!taken.ok()) {
            fail(taken.status());
            return;
        }
        if (*taken == Taken::all) {
            // Freed there as well.
            on_egress([this, batch = std::move(waiting_.front())] { handled(); });
            waiting_.pop_front();
        }
        if (!waiting_.empty() || is_complete_) {
            work_soon();
        }
    }

    void finish() {
        auto reply = method().finish(*sink_);
        if (!reply.ok()) {
            fail(reply.status());
            return;
        }
        on_egress([this, reply = *std::move(reply)] { write_last(serialise(*reply)); });
    }

    /// Batches behind the one that failed find the call ended.
    void fail(const absl::Status& status) {
        on_done();
        end(status);
    }

    absl::Status open() {
        if (sink_ != nullptr) {
            return absl::OkStatus();
        }
        auto sink = method().open_sink();
        if (sink.ok()) {
            sink_ = *std::move(sink);
        }
        return sink.status();
    }

    void on_done() override {
        sink_.reset();
        waiting_.clear();
    }

    std::unique_ptr<MessageSink> sink_;
    std::deque<RequestPtr> waiting_;
    bool is_working_ = false;
    bool is_complete_ = false;
};

}  // namespace

std::shared_ptr<Call> make_sink_call(Call::Parts parts) {
    return std::make_shared<SinkCall>(std::move(parts));
}

}  // namespace api
