// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include "api/server/call.hpp"

namespace api {
namespace {

/// One reply for one request: once (unary), or in turns until the client sends no more (dialog).
class AnswerCall final : public Call {
public:
    explicit AnswerCall(Parts parts) : Call(std::move(parts), 1) {}

private:
    void on_request(RequestPtr request) override {
        on_control([this, request = std::move(request)] {
            auto reply = method().answer(*request);
            on_egress([this, reply = std::move(reply)] { send(reply); });
        });
    }

    void send(const absl::StatusOr<MessagePtr>& reply) {
        if (!reply.ok()) {
            end(reply.status());
        } else if (method().kind() == Kind::unary) {
            write_last(serialise(**reply));
        } else {
            write(serialise(**reply));
            handled();
        }
    }

    void on_requests_end() override {
        if (method().kind() == Kind::dialog) {
            end(absl::OkStatus());
        } else {
            Call::on_requests_end();
        }
    }
};

}  // namespace

std::shared_ptr<Call> make_answer_call(Call::Parts parts) {
    return std::make_shared<AnswerCall>(std::move(parts));
}

}  // namespace api
