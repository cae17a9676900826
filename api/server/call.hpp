// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "api/method.hpp"
#include "api/server/hub.hpp"

namespace api {

/// One call, from its first byte to its status. Its kinds derive from it.
///
/// Three sorts of threads meet here: gRPC's bring requests, which are parsed there; control runs
/// the handler; egress serialises replies. One mutex guards what gRPC has been asked for, and only
/// read(), pump() and their callers ask. The hub holds the call until gRPC is done with it.
class Call : public grpc::ServerGenericBidiReactor, public std::enable_shared_from_this<Call> {
public:
    struct Parts {
        std::shared_ptr<Hub> hub;
        /// Null for a call that is refused.
        std::shared_ptr<const Method> method;
        const grpc::CallbackServerContext* context;
    };

    /// The call that suits the method's kind; the hub holds it.
    static Call* start(Parts parts);
    /// A call that is answered with `status` and nothing else.
    static Call* refuse(Parts parts, const absl::Status& status);

    /// Ends the call after the replies that wait. The first status stays. Any thread.
    void end(const absl::Status& status);
    /// Ends the call and drops the replies that wait. Any thread.
    void abort(const absl::Status& status);
    bool has_ended() const;

protected:
    /// `max_in_hand`: requests that may be parsed but not yet handled().
    Call(Parts parts, std::size_t max_in_hand)
        : hub_(std::move(parts.hub)),
          method_(std::move(parts.method)),
          context_(parts.context),
          max_in_hand_(max_in_hand) {}

    /// gRPC thread: a request is there.
    virtual void on_request(RequestPtr request) = 0;
    /// gRPC thread: the client sends no more. By itself that is an error: a request was due.
    virtual void on_requests_end();
    /// gRPC thread: a reply has left.
    virtual void on_written() {}
    /// Control thread: lets go of what the handler gave.
    virtual void on_done() {}

    const Method& method() const { return *method_; }

    /// Runs `function` on the control thread unless the call has ended by then.
    template <class Function>
    void on_control(Function function) {
        hub_->post_control([self = shared_from_this(), function = std::move(function)]() mutable {
            if (!self->has_ended()) {
                function();
            }
        });
    }

    /// Runs `function` on the egress thread unless the call has ended by then.
    template <class Function>
    void on_egress(Function function) {
        hub_->egress().post([self = shared_from_this(), function = std::move(function)]() mutable {
            if (!self->has_ended()) {
                function();
            }
        });
    }

    /// A request was handled: another may be read.
    void handled();
    /// Queues a reply. `more`: another follows at once, so this one need not be sent by itself.
    void write(grpc::ByteBuffer reply, bool more = false);
    /// The last reply, and success.
    void write_last(grpc::ByteBuffer reply);
    /// How many of the replies that wait were not marked `more`: batches, so to say.
    std::size_t batches_waiting() const;

    /// Egress thread, as a rule.
    static grpc::ByteBuffer serialise(const Message& message);

private:
    struct Reply {
        grpc::ByteBuffer bytes;
        bool more = false;
    };

    static Call* launch(std::shared_ptr<Call> call);

    // The rest has mutex_ held.
    void read();
    void pump();
    void set_ending(const absl::Status& status);

    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override;

    const std::shared_ptr<Hub> hub_;
    const std::shared_ptr<const Method> method_;
    /// Valid in gRPC's own callbacks only.
    const grpc::CallbackServerContext* const context_;
    const std::size_t max_in_hand_;

    mutable std::mutex mutex_;
    grpc::ByteBuffer in_;
    Reply out_;
    std::deque<Reply> outbox_;
    std::size_t batches_ = 0;
    std::size_t in_hand_ = 0;
    std::optional<grpc::Status> ending_;
    bool reading_ = false;
    bool reads_over_ = false;
    bool writing_ = false;
    bool has_written_ = false;
    bool finished_ = false;
};

/// The kinds of calls, each in a file of its own.
std::shared_ptr<Call> make_answer_call(Call::Parts parts);
std::shared_ptr<Call> make_list_call(Call::Parts parts);
std::shared_ptr<Call> make_sink_call(Call::Parts parts);
std::shared_ptr<Call> make_watch_call(Call::Parts parts);
std::shared_ptr<Call> make_feed_call(Call::Parts parts);

}  // namespace api
