// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <google/protobuf/arena.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace api {

using google::protobuf::Message;
using MessagePtr = std::unique_ptr<Message>;
/// A request that was parsed.
using RequestPtr = std::shared_ptr<const Message>;

/// The shapes a method can have. `list`, `watch` and `feed` all look like a server stream from
/// outside; a list ends by itself, the others last until the client leaves: a watch is pushed, a
/// feed is pulled.
enum class Kind { unary, list, sink, watch, feed, dialog };

/// What a caller must be allowed to do. A method whose option (sluice.writes) is set needs `write`.
enum class Role { read, write };

std::string_view to_string(Kind kind);
std::string_view to_string(Role role);

/// What the source of a list had: an item; none yet, so that it wants to go on looking after others
/// had their turn on the control thread; or no more.
enum class Next { item, later, end };

/// Fills the next item of a list.
using MessageSource = std::function<Next(Message&)>;

/// How much of a batch its sink has taken: all, or a part, so that it wants the same batch again
/// after others had their turn on the control thread.
enum class Taken { all, part };

/// Takes the messages of a client stream, then answers once.
class MessageSink {
public:
    virtual ~MessageSink() = default;
    virtual absl::StatusOr<Taken> take(const Message& batch) = 0;
    virtual absl::StatusOr<MessagePtr> finish() = 0;
};

/// Where the events of one watch go. Any thread may call.
class EventChannel {
public:
    virtual ~EventChannel() = default;
    /// False once the watch has ended, for whatever reason.
    virtual bool push(MessagePtr event) = 0;
    virtual bool is_open() const = 0;
    virtual void close(const absl::Status& status) = 0;
};

/// The next messages of a feed; see api/feed.hpp.
struct MessageBatch {
    std::size_t count = 0;
    std::function<void(std::size_t number, Message& message)> fill;
};

/// Gives the messages of a feed as they are asked for. Control thread.
class MessageFeed {
public:
    virtual ~MessageFeed() = default;
    virtual absl::StatusOr<MessageBatch> next() = 0;
};

/// A feed's way to its client. It does not keep the call alive. Control thread.
class FeedChannel {
public:
    virtual ~FeedChannel() = default;
    /// There may be more to send. Costs nothing where the client has not read what waits.
    virtual void wake() = 0;
    /// Ends the call at once and drops what waits, for a client that does not read.
    virtual void abort(const absl::Status& status) = 0;
};

/// The handlers of a method without their types; the one that belongs to its kind is set.
struct Handlers {
    /// unary, dialog
    std::function<absl::StatusOr<MessagePtr>(const Message&)> answer;
    /// list
    std::function<absl::StatusOr<MessageSource>(const Message&)> list;
    /// sink
    std::function<std::unique_ptr<MessageSink>()> sink;
    /// watch
    std::function<absl::Status(const Message&, std::shared_ptr<EventChannel>)> watch;
    /// feed
    std::function<absl::StatusOr<std::unique_ptr<MessageFeed>>(const Message&,
                                                               std::shared_ptr<FeedChannel>)>
        feed;
};

/// A registered method: its schema and its handler. Shared by the registry and by the calls under
/// way; immutable but for retire().
///
/// The functions that run the handler belong to the control thread and never throw: a handler that
/// does so is answered with INTERNAL, one whose service was unloaded with UNAVAILABLE.
class Method {
public:
    /// `request` and `reply` are the default instances of the generated types.
    Method(const google::protobuf::MethodDescriptor& descriptor, Kind kind, const Message& request,
           const Message& reply, Handlers handlers);

    const google::protobuf::MethodDescriptor& descriptor() const { return descriptor_; }
    Kind kind() const { return kind_; }
    Role role() const { return role_; }
    /// "sluice.Routes.Add"
    const std::string& name() const { return descriptor_.full_name(); }
    /// "sluice.Routes"
    const std::string& service() const { return descriptor_.service()->full_name(); }

    MessagePtr new_request() const { return MessagePtr(request_.New()); }
    /// A request to parse so many bytes into. That of a sink, which may have thousands of rows,
    /// lies with all its parts in an arena of its own.
    std::shared_ptr<Message> new_request(std::size_t bytes) const;
    /// A reply, an item or an event.
    MessagePtr new_reply() const { return MessagePtr(reply_.New()); }
    /// The same, with all its parts in an arena.
    Message* new_reply(google::protobuf::Arena& arena) const { return reply_.New(&arena); }

    absl::StatusOr<MessagePtr> answer(const Message& request) const;
    absl::StatusOr<MessageSource> list(const Message& request) const;
    absl::StatusOr<Next> next(const MessageSource& source, Message& item) const;
    absl::StatusOr<std::unique_ptr<MessageSink>> open_sink() const;
    absl::StatusOr<Taken> take(MessageSink& sink, const Message& batch) const;
    absl::StatusOr<MessagePtr> finish(MessageSink& sink) const;
    absl::Status watch(const Message& request, std::shared_ptr<EventChannel> channel) const;
    absl::StatusOr<std::unique_ptr<MessageFeed>> open_feed(
        const Message& request, std::shared_ptr<FeedChannel> channel) const;
    absl::StatusOr<MessageBatch> next(MessageFeed& feed) const;

    /// What callers asked of it so far. Any thread.
    struct Requests {
        /// Calls that reached the handler.
        uint64_t calls = 0;
        /// Those that were refused.
        uint64_t refused = 0;
        /// Time that the handler took of the control thread, items and batches included.
        uint64_t handler_ns = 0;
    };
    Requests requests() const;

    /// From now on no handler of this method runs, not even for calls under way. Control thread.
    void retire() { retired_.store(true, std::memory_order_release); }

private:
    template <class Function>
    auto guarded(Function&& function) const -> decltype(function());
    template <class Function>
    auto counted(Function&& function) const -> decltype(function());

    const google::protobuf::MethodDescriptor& descriptor_;
    const Kind kind_;
    const Role role_;
    const Message& request_;
    const Message& reply_;
    const Handlers handlers_;
    std::atomic<bool> retired_{false};
    mutable std::atomic<uint64_t> calls_{0};
    mutable std::atomic<uint64_t> refused_{0};
    mutable std::atomic<uint64_t> handler_ns_{0};
};

}  // namespace api
