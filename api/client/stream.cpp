// SPDX-License-Identifier: Apache-2.0
#include "api/client/stream.hpp"

#include <fmt/format.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <cstdint>
#include <string>

namespace api {
namespace {

/// "sluice.Routes.Add" as gRPC names it on the wire, "/sluice.Routes/Add".
std::string wire_name(std::string_view full_method) {
    const auto dot = full_method.rfind('.');
    if (dot == std::string_view::npos) {
        return fmt::format("/{}", full_method);
    }
    return fmt::format("/{}/{}", full_method.substr(0, dot), full_method.substr(dot + 1));
}

}  // namespace

Stream::Stream(const std::shared_ptr<grpc::Channel>& channel, std::string_view full_method,
               absl::Duration timeout) {
    if (timeout != absl::InfiniteDuration()) {
        context_.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    }
    call_ = grpc::GenericStub(channel).PrepareCall(&context_, wire_name(full_method), &queue_);
    call_->StartCall(this);
    broken_ = !wait();
}

Stream::~Stream() {
    if (!finished_) {
        cancel();
        finish();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
}

bool Stream::write(const google::protobuf::Message& message, bool last) {
    if (broken_) {
        return false;
    }
    grpc::Slice slice(message.ByteSizeLong());
    message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
    grpc::WriteOptions options;
    if (last) {
        options.set_last_message();
    }
    call_->Write(grpc::ByteBuffer(&slice, 1), options, this);
    broken_ = !wait();
    return !broken_;
}

bool Stream::writes_done() {
    if (broken_) {
        return false;
    }
    call_->WritesDone(this);
    broken_ = !wait();
    return !broken_;
}

bool Stream::read(google::protobuf::Message& message) {
    grpc::ByteBuffer bytes;
    call_->Read(&bytes, this);
    if (!wait()) {
        return false;
    }
    grpc::ProtoBufferReader reader(&bytes);
    if (reader.status().ok() && message.ParsePartialFromZeroCopyStream(&reader)) {
        return true;
    }
    unreadable_ = message.GetDescriptor()->full_name();
    cancel();
    return false;
}

grpc::Status Stream::finish() {
    grpc::Status status;
    call_->Finish(&status, this);
    wait();
    finished_ = true;
    if (!unreadable_.empty()) {
        return grpc::Status(grpc::StatusCode::INTERNAL,
                            fmt::format("the daemon's reply cannot be read as a {}: do client and "
                                        "daemon use the same .proto files?",
                                        unreadable_));
    }
    return status;
}

bool Stream::wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
}

}  // namespace api
