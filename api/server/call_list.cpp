// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <atomic>
#include <vector>

#include "api/server/call.hpp"

namespace api {
namespace {

// A batch keeps the control thread for some tens of microseconds, and a client that does not read
// costs two of them.
constexpr std::size_t batch_items = 256;
constexpr std::size_t batch_bytes = 64 << 10;
constexpr std::size_t batches_ahead = 2;

/// A list: its source is asked for the next batch only while fewer than two wait to be written.
class ListCall final : public Call {
public:
    explicit ListCall(Parts parts) : Call(std::move(parts), 1) {}

private:
    using Batch = std::vector<MessagePtr>;

    void on_request(RequestPtr request) override {
        on_control([this, request = std::move(request)] {
            auto source = method().list(*request);
            if (!source.ok()) {
                on_egress([this, status = source.status()] { end(status); });
                return;
            }
            source_ = *std::move(source);
            pull();
        });
    }

    /// Control thread.
    void pull() {
        Batch batch;
        std::size_t bytes = 0;
        absl::StatusOr<Next> next = Next::item;
        while (batch.size() < batch_items && bytes < batch_bytes) {
            MessagePtr item = method().new_reply();
            next = method().next(source_, *item);
            if (!next.ok() || *next != Next::item) {
                break;
            }
            bytes += item->ByteSizeLong();
            batch.push_back(std::move(item));
        }
        on_egress([this, batch = std::move(batch), next = std::move(next)] { send(batch, next); });
    }

    /// Egress thread.
    void send(const Batch& batch, const absl::StatusOr<Next>& next) {
        for (std::size_t i = 0; i < batch.size(); ++i) {
            write(serialise(*batch[i]), i + 1 < batch.size());
        }
        if (!next.ok() || *next == Next::end) {
            end(next.status());
            return;
        }
        pulling_ = false;
        on_written();
    }

    void on_written() override {
        if (batches_waiting() < batches_ahead && !pulling_.exchange(true)) {
            on_control([this] { pull(); });
        }
    }

    void on_done() override { source_ = nullptr; }

    MessageSource source_;
    /// A pull is on its way; so it is until the first batch is there.
    std::atomic<bool> pulling_{true};
};

}  // namespace

std::shared_ptr<Call> make_list_call(Call::Parts parts) {
    return std::make_shared<ListCall>(std::move(parts));
}

}  // namespace api
