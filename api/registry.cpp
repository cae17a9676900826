// SPDX-License-Identifier: Apache-2.0
#include "api/registry.hpp"
#include <fmt/format.h>

namespace api {
namespace {

/// How a kind looks in a .proto file.
struct Streams {
    bool client;
    bool server;
    std::string_view text;
};

Streams streams_of(Kind kind) {
    switch (kind) {
        case Kind::unary:
            return {false, false, "one request and one reply"};
        case Kind::list:
        case Kind::watch:
        case Kind::feed:
            return {false, true, "one request and a stream of replies"};
        case Kind::sink:
            return {true, false, "a stream of requests and one reply"};
        case Kind::dialog:
            break;
    }
    return {true, true, "a stream of requests and a stream of replies"};
}

absl::Status check_type(std::string_view method, std::string_view what,
                        const google::protobuf::Descriptor* declared,
                        const google::protobuf::Descriptor* given) {
    if (declared == given) {
        return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        fmt::format("method {} has the {} {}, but its handler was written for {}", method, what,
                    declared->full_name(), given->full_name()));
}

/// `request` as the method's own generated type: itself, or a copy kept in `own`.
absl::StatusOr<const Message*> as_own_type(const Method& method, const Message& request,
                                           MessagePtr& own) {
    const auto* wanted = method.descriptor().input_type();
    if (request.GetDescriptor() == wanted) {
        return &request;
    }
    own = method.new_request();
    if (request.GetDescriptor()->full_name() != wanted->full_name() ||
        !own->ParsePartialFromString(request.SerializePartialAsString())) {
        return absl::InvalidArgumentError(fmt::format("{} takes a {}, not a {}", method.name(),
                                                      wanted->full_name(),
                                                      request.GetDescriptor()->full_name()));
    }
    return own.get();
}

}  // namespace

absl::Status Registry::insert(std::string_view name, Kind kind, const Message& request,
                              const Message& reply, Handlers handlers) {
    const auto* pool = request.GetDescriptor()->file()->pool();
    const auto* descriptor = pool->FindMethodByName(std::string(name));
    if (descriptor == nullptr) {
        return absl::NotFoundError(
            fmt::format("there is no method {} in the .proto files that are loaded: give its full "
                        "name, as in sluice.Routes.Add",
                        name));
    }
    const Streams streams = streams_of(kind);
    if (descriptor->client_streaming() != streams.client ||
        descriptor->server_streaming() != streams.server) {
        return absl::InvalidArgumentError(fmt::format(
            "method {} was registered as a {}, which has {}: its .proto file says otherwise", name,
            to_string(kind), streams.text));
    }
    if (auto status =
            check_type(name, "request", descriptor->input_type(), request.GetDescriptor());
        !status.ok()) {
        return status;
    }
    if (auto status = check_type(name, "reply", descriptor->output_type(), reply.GetDescriptor());
        !status.ok()) {
        return status;
    }
    auto method = std::make_shared<Method>(*descriptor, kind, request, reply, std::move(handlers));
    const std::lock_guard lock(mutex_);
    if (!methods_.try_emplace(std::string(name), std::move(method)).second) {
        return absl::AlreadyExistsError(
            fmt::format("method {} has a handler already: a method is registered once", name));
    }
    ++generation_;
    return absl::OkStatus();
}

void Registry::remove_service(std::string_view service) {
    const std::lock_guard lock(mutex_);
    for (auto at = methods_.begin(); at != methods_.end();) {
        if (at->second->service() == service) {
            at->second->retire();
            at = methods_.erase(at);
        } else {
            ++at;
        }
    }
    ++generation_;
}

std::shared_ptr<const Method> Registry::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = methods_.find(name);
    return found == methods_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const Method>> Registry::methods() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<const Method>> all;
    all.reserve(methods_.size());
    for (const auto& [name, method] : methods_) {
        all.push_back(method);
    }
    return all;
}

std::uint64_t Registry::generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
}

absl::Status Registry::call_local(
    std::string_view name, const Message& request,
    const std::function<absl::Status(const Message&)>& on_reply) const {
    const auto method = find(name);
    if (method == nullptr) {
        return absl::UnimplementedError(fmt::format("no method {} is served", name));
    }
    MessagePtr own;
    const auto typed = as_own_type(*method, request, own);
    if (!typed.ok()) {
        return typed.status();
    }
    if (method->kind() == Kind::unary) {
        const auto reply = method->answer(**typed);
        return reply.ok() ? on_reply(**reply) : reply.status();
    }
    if (method->kind() != Kind::list) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is a {}: only unary and list methods can be called from inside the daemon", name,
            to_string(method->kind())));
    }
    const auto source = method->list(**typed);
    if (!source.ok()) {
        return source.status();
    }
    const MessagePtr item = method->new_reply();
    while (true) {
        item->Clear();
        const auto next = method->next(*source, *item);
        if (!next.ok() || *next == Next::end) {
            return next.status();
        }
        if (*next == Next::later) {
            continue;
        }
        if (auto status = on_reply(*item); !status.ok()) {
            return status;
        }
    }
}

}  // namespace api
