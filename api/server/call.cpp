// SPDX-License-Identifier: Apache-2.0
#include "api/server/call.hpp"

#include <fmt/format.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <cstdint>
#include <string>
#include <utility>

namespace api {
namespace {

/// HTTP/2 trailers are bounded; a sentence that long has said enough.
constexpr std::size_t max_sentence = 4000;

grpc::Status to_grpc(const absl::Status& status) {
    return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                        std::string(status.message().substr(0, max_sentence)));
}

absl::Status cancelled() {
    return absl::CancelledError("the client broke the call off");
}

class RefusedCall final : public Call {
public:
    explicit RefusedCall(Parts parts) : Call(std::move(parts), 0) {}

private:
    void on_request(RequestPtr) override {}
};

/// The request, which gives its reservation back when it goes.
RequestPtr accounted(std::shared_ptr<Message> request, std::shared_ptr<void> reservation) {
    const Message* const message = request.get();
    return {message, [request = std::move(request),
                      reservation = std::move(reservation)](const Message*) {}};
}

std::shared_ptr<Call> make_call(Call::Parts parts) {
    switch (parts.method->kind()) {
        case Kind::list:
            return make_list_call(std::move(parts));
        case Kind::sink:
            return make_sink_call(std::move(parts));
        case Kind::watch:
            return make_watch_call(std::move(parts));
        case Kind::feed:
            return make_feed_call(std::move(parts));
        case Kind::unary:
        case Kind::dialog:
            break;
    }
    return make_answer_call(std::move(parts));
}

}  // namespace

Call* Call::launch(std::shared_ptr<Call> call) {
    Call* const bare = call.get();
    bare->hub_->enter(std::move(call));
    return bare;
}

Call* Call::start(Parts parts) {
    const auto call = make_call(std::move(parts));
    launch(call);
    const std::lock_guard lock(call->mutex_);
    call->read();
    return call.get();
}

Call* Call::refuse(Parts parts, const absl::Status& status) {
    const auto call = std::make_shared<RefusedCall>(std::move(parts));
    launch(call);
    call->end(status);
    return call.get();
}

void Call::end(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    set_ending(status);
    pump();
}

void Call::abort(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    outbox_.clear();
    batches_ = 0;
    set_ending(status);
    pump();
}

bool Call::has_ended() const {
    const std::lock_guard lock(mutex_);
    return ending_.has_value();
}

void Call::handled() {
    const std::lock_guard lock(mutex_);
    --in_hand_;
    read();
}

void Call::write(grpc::ByteBuffer reply, bool more) {
    const std::lock_guard lock(mutex_);
    if (ending_) {
        return;
    }
    batches_ += more ? 0 : 1;
    outbox_.push_back({std::move(reply), more});
    pump();
}

void Call::write_last(grpc::ByteBuffer reply) {
    const std::lock_guard lock(mutex_);
    if (ending_) {
        return;
    }
    ++batches_;
    outbox_.push_back({std::move(reply), false});
    set_ending(absl::OkStatus());
    pump();
}

std::size_t Call::batches_waiting() const {
    const std::lock_guard lock(mutex_);
    return batches_;
}

grpc::ByteBuffer Call::serialise(const Message& message) {
    const std::size_t size = message.ByteSizeLong();
    grpc::Slice slice(size);
    message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
    return grpc::ByteBuffer(&slice, 1);
}

void Call::on_requests_end() {
    end(absl::InvalidArgumentError(
        fmt::format("{} was called without a request", method_->name())));
}

void Call::read() {
    if (reading_ || reads_over_ || ending_ || in_hand_ >= max_in_hand_) {
        return;
    }
    reading_ = true;
    StartRead(&in_);
}

void Call::pump() {
    if (writing_ || finished_) {
        return;
    }
    if (outbox_.empty()) {
        if (ending_) {
            finished_ = true;
            Finish(*ending_);
        }
        return;
    }
    out_ = std::move(outbox_.front());
    outbox_.pop_front();
    batches_ -= out_.more ? 0 : 1;
    if (outbox_.empty() && ending_) {
        finished_ = true;
        StartWriteAndFinish(&out_.bytes, grpc::WriteOptions(), *ending_);
        return;
    }
    writing_ = true;
    grpc::WriteOptions options;
    // The first write carries the headers, and would wait for them for ever if it were held back.
    if (out_.more && has_written_) {
        options.set_buffer_hint();
    }
    has_written_ = true;
    StartWrite(&out_.bytes, options);
}

void Call::set_ending(const absl::Status& status) {
    if (!ending_) {
        ending_ = to_grpc(status);
    }
}

void Call::OnReadDone(bool ok) {
    grpc::ByteBuffer bytes;
    {
        const std::lock_guard lock(mutex_);
        // Where a request is there, no other is asked for until it was handed on below: gRPC would
        // bring it on another thread, and it, or the end of all, would pass this one.
        reading_ = ok;
        if (ending_) {
            return;
        }
        if (ok) {
            ++in_hand_;
            bytes.Swap(&in_);
        } else {
            reads_over_ = true;
        }
    }
    if (!ok) {
        if (context_->IsCancelled()) {
            abort(cancelled());
        } else {
            on_requests_end();
        }
        return;
    }
    auto reservation = Hub::reserve(hub_, bytes.Length());
    if (reservation == nullptr) {
        abort(absl::ResourceExhaustedError(
            fmt::format("the daemon has {} MiB of requests in hand, and {} brings more: try again, "
                        "with fewer calls at once",
                        hub_->max_request_bytes() >> 20, method_->name())));
        return;
    }
    const auto request = method_->new_request(bytes.Length());
    grpc::ProtoBufferReader reader(&bytes);
    if (!reader.status().ok() || !request->ParseFromZeroCopyStream(&reader)) {
        abort(absl::InvalidArgumentError(
            fmt::format("the request of {} cannot be read as a {}: do client and daemon use the "
                        "same .proto files?",
                        method_->name(), request->GetDescriptor()->full_name())));
        return;
    }
    on_request(accounted(request, std::move(reservation)));
    const std::lock_guard lock(mutex_);
    reading_ = false;
    read();
}

void Call::OnWriteDone(bool ok) {
    if (!ok) {
        {
            const std::lock_guard lock(mutex_);
            writing_ = false;
        }
        abort(cancelled());
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        writing_ = false;
        pump();
    }
    on_written();
}

void Call::OnCancel() {
    abort(cancelled());
}

void Call::OnDone() {
    // The call may be destroyed before post_control() returns: the hub must not go with it.
    const auto hub = hub_;
    hub->post_control([self = hub->leave(this)] { self->on_done(); });
}

}  // namespace api
