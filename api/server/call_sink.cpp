// SPDX-License-Identifier: Apache-2.0
#include "api/server/call.hpp"

namespace api {
namespace {

constexpr std::size_t batches_in_hand = 4;

/// A client stream: at most four parsed batches wait for the control thread.
class SinkCall final : public Call {
public:
    explicit SinkCall(Parts parts) : Call(std::move(parts), batches_in_hand) {}

private:
    void on_request(MessagePtr batch) override {
        on_control([this, batch = std::move(batch)] {
            absl::Status status = open();
            if (status.ok()) {
                status = method().take(*sink_, *batch);
            }
            if (!status.ok()) {
                fail(status);
                return;
            }
            on_egress([this] { handled(); });
        });
    }

    void on_requests_end() override {
        on_control([this] {
            if (auto status = open(); !status.ok()) {
                fail(status);
                return;
            }
            auto reply = method().finish(*sink_);
            if (!reply.ok()) {
                fail(reply.status());
                return;
            }
            on_egress([this, reply = *std::move(reply)] { write_last(serialise(*reply)); });
        });
    }

    /// Control thread. Batches behind the one that failed find the call ended.
    void fail(const absl::Status& status) {
        sink_.reset();
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

    void on_done() override { sink_.reset(); }

    std::unique_ptr<MessageSink> sink_;
};

}  // namespace

std::shared_ptr<Call> make_sink_call(Call::Parts parts) {
    return std::make_shared<SinkCall>(std::move(parts));
}

}  // namespace api
