// SPDX-License-Identifier: Apache-2.0
#include "api/method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "api/proto/options.pb.h"

namespace api {

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::unary:
            return "unary";
        case Kind::list:
            return "list";
        case Kind::sink:
            return "sink";
        case Kind::watch:
            return "watch";
        case Kind::feed:
            return "feed";
        case Kind::dialog:
            return "dialog";
    }
    return "unknown";
}

std::string_view to_string(Role role) {
    return role == Role::read ? "read" : "write";
}

Method::Method(const google::protobuf::MethodDescriptor& descriptor, Kind kind,
               const Message& request, const Message& reply, Handlers handlers)
    : descriptor_(descriptor),
      kind_(kind),
      role_(descriptor.options().GetExtension(sluice::writes) ? Role::write : Role::read),
      request_(request),
      reply_(reply),
      handlers_(std::move(handlers)) {}

namespace {

/// About what a small row takes in memory for each of its bytes on the wire.
constexpr std::size_t parsed_per_byte = 8;
constexpr std::size_t smallest_block = 512;
/// Below what malloc would map and unmap each time.
constexpr std::size_t largest_block = 64 << 10;

/// No sentence of ours is that long by itself; but it repeats what was asked, which may be
/// anything.
constexpr std::size_t longest_sentence = 1000;

/// Cut in the middle: what was asked stands in front, what would be accepted at the end.
std::string shortened(std::string_view sentence) {
    constexpr std::size_t front = 600;
    constexpr std::size_t back = 300;
    const auto is_inside_letter = [&](std::size_t at) { return (sentence[at] & 0xc0) == 0x80; };
    std::size_t first = front;
    std::size_t last = sentence.size() - back;
    while (first > 0 && is_inside_letter(first)) {
        --first;
    }
    while (last < sentence.size() && is_inside_letter(last)) {
        ++last;
    }
    return fmt::format("{} [...] {}", sentence.substr(0, first), sentence.substr(last));
}

/// A caller takes UNAVAILABLE for a daemon that is gone, and may try again at once. A handler that
/// says it means that its own device or peer is: the request is refused.
absl::Status as_refusal(absl::Status status) {
    const std::string_view sentence(status.message().data(), status.message().size());
    if (!absl::IsUnavailable(status) && sentence.size() <= longest_sentence) {
        return status;
    }
    return {absl::IsUnavailable(status) ? absl::StatusCode::kFailedPrecondition : status.code(),
            sentence.size() <= longest_sentence ? std::string(sentence) : shortened(sentence)};
}

bool is_ok(const absl::Status& status) {
    return status.ok();
}

template <class Value>
bool is_ok(const absl::StatusOr<Value>& value) {
    return value.ok();
}

template <class Value>
absl::StatusOr<Value> as_refusal(absl::StatusOr<Value> value) {
    return value.ok() ? std::move(value) : as_refusal(std::move(value).status());
}

}  // namespace

template <class Function>
auto Method::guarded(Function&& function) const -> decltype(function()) {
    if (retired_.load(std::memory_order_acquire)) {
        return absl::UnavailableError(
            fmt::format("the service {} was unloaded while {} ran", service(), name()));
    }
    /// Adds the time from here to the end of the handler.
    struct Watch {
        std::atomic<uint64_t>& sum;
        std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
        ~Watch() {
            const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - begin;
            sum.fetch_add(uint64_t(taken.count()), std::memory_order_relaxed);
        }
    };
    const Watch watch{handler_ns_};
    const auto run = [&]() -> decltype(function()) {
        try {
            return as_refusal(function());
        } catch (const std::exception& error) {
            return absl::InternalError(fmt::format("{} failed: {}", name(), error.what()));
        } catch (...) {
            return absl::InternalError(fmt::format("{} failed with an unknown exception", name()));
        }
    };
    auto result = run();
    if (!is_ok(result)) {
        refused_.fetch_add(1, std::memory_order_relaxed);
    }
    return result;
}

/// For what begins a call.
template <class Function>
auto Method::counted(Function&& function) const -> decltype(function()) {
    calls_.fetch_add(1, std::memory_order_relaxed);
    return guarded(std::forward<Function>(function));
}

Method::Requests Method::requests() const {
    return {calls_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed),
            handler_ns_.load(std::memory_order_relaxed)};
}

std::shared_ptr<Message> Method::new_request(std::size_t bytes) const {
    if (kind_ != Kind::sink) {
        return new_request();
    }
    google::protobuf::ArenaOptions options;
    options.start_block_size = std::clamp(bytes * parsed_per_byte, smallest_block, largest_block);
    options.max_block_size = largest_block;
    auto arena = std::make_shared<google::protobuf::Arena>(options);
    Message* const message = request_.New(arena.get());
    return {std::move(arena), message};
}

absl::StatusOr<MessagePtr> Method::answer(const Message& request) const {
    return counted([&] { return handlers_.answer(request); });
}

absl::StatusOr<MessageSource> Method::list(const Message& request) const {
    return counted([&] { return handlers_.list(request); });
}

absl::StatusOr<Next> Method::next(const MessageSource& source, Message& item) const {
    return guarded([&]() -> absl::StatusOr<Next> { return source(item); });
}

absl::StatusOr<std::unique_ptr<MessageSink>> Method::open_sink() const {
    return counted(
        [&]() -> absl::StatusOr<std::unique_ptr<MessageSink>> { return handlers_.sink(); });
}

absl::StatusOr<Taken> Method::take(MessageSink& sink, const Message& batch) const {
    return guarded([&] { return sink.take(batch); });
}

absl::StatusOr<MessagePtr> Method::finish(MessageSink& sink) const {
    return guarded([&] { return sink.finish(); });
}

absl::Status Method::watch(const Message& request, std::shared_ptr<EventChannel> channel) const {
    return counted([&] { return handlers_.watch(request, std::move(channel)); });
}

absl::StatusOr<std::unique_ptr<MessageFeed>> Method::open_feed(
    const Message& request, std::shared_ptr<FeedChannel> channel) const {
    return counted([&] { return handlers_.feed(request, std::move(channel)); });
}

absl::StatusOr<MessageBatch> Method::next(MessageFeed& feed) const {
    return guarded([&] { return feed.next(); });
}

}  // namespace api
