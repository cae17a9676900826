// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/time/time.h>
#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>
#include <string_view>

namespace api {

/// One call as a blocking stream of messages either way. One thread; but any may cancel().
class Stream {
public:
    Stream(const std::shared_ptr<grpc::Channel>& channel, std::string_view full_method,
           absl::Duration timeout);
    /// Cancels what was not finished.
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// False: the call is over, finish() says why.
    bool write(const google::protobuf::Message& message, bool last = false);
    bool writes_done();
    /// False: no more messages, finish() says whether all was well.
    bool read(google::protobuf::Message& message);
    grpc::Status finish();

    void cancel() { context_.TryCancel(); }

private:
    /// Waits for the one operation that was started.
    bool wait();

    grpc::ClientContext context_;
    grpc::CompletionQueue queue_;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
    /// The type that a reply should have had and had not.
    std::string unreadable_;
    bool broken_ = false;
    bool finished_ = false;
};

}  // namespace api
