// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/config/writers.hpp"
#include "api/feed.hpp"
#include "api/method.hpp"
#include "api/metrics/collectors.hpp"
#include "api/watcher.hpp"

namespace api {

/// The items of a list, one a call: fills `item` and gives true, or gives false at the end. It is
/// pulled on the control thread in bounded batches, as fast as the client reads, and may therefore
/// outlive the request by far: let it hold a position and its own reference to the data.
template <class Item>
using ItemSource = std::function<bool(Item& item)>;

/// The same where the next item may be long in coming, since few of many are wanted, or since
/// something is done on the way: it gives Next::later after a millisecond or so, and is asked again
/// when others had their turn.
template <class Item>
using SearchSource = std::function<Next(Item& item)>;

/// A source for items that are all there already.
template <class Item>
ItemSource<Item> items(std::vector<Item> all) {
    return [all = std::move(all), at = std::size_t{0}](Item& item) mutable {
        if (at == all.size()) {
            return false;
        }
        item.Swap(&all[at++]);
        return true;
    };
}

/// The methods that the daemon serves, by their Protobuf names ("sluice.Routes.Add").
///
/// Owned by the daemon; outlives every server that uses it. Methods come, go and run on the control
/// thread; find(), methods() and the descriptors may be read by any thread. A registration is
/// refused with a sentence if no .proto file that is loaded has such a method, if its types or its
/// streaming differ, or if it has a handler already.
///
/// A handler's UNAVAILABLE reaches the caller as FAILED_PRECONDITION: the former says that the
/// daemon is gone.
class Registry {
public:
    Registry() = default;
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// One request, one reply.
    template <class Request, class Reply>
    absl::Status add_unary(std::string_view method,
                           std::function<absl::StatusOr<Reply>(const Request&)> handler) {
        return add<Request, Reply>(method, Kind::unary,
                                   {.answer = answer<Request, Reply>(std::move(handler))});
    }

    /// One request, a stream of items that ends.
    template <class Request, class Item>
    absl::Status add_list(std::string_view method,
                          std::function<absl::StatusOr<ItemSource<Item>>(const Request&)> handler) {
        return add_search<Request, Item>(
            method,
            [handler =
                 std::move(handler)](const Request& request) -> absl::StatusOr<SearchSource<Item>> {
                absl::StatusOr<ItemSource<Item>> source = handler(request);
                if (!source.ok()) {
                    return source.status();
                }
                return [source = *std::move(source)](Item& item) {
                    return source(item) ? Next::item : Next::end;
                };
            });
    }

    /// A list whose source may want to go on later.
    template <class Request, class Item>
    absl::Status add_search(
        std::string_view method,
        std::function<absl::StatusOr<SearchSource<Item>>(const Request&)> handler) {
        auto list = [handler = std::move(handler)](
                        const Message& request) -> absl::StatusOr<MessageSource> {
            absl::StatusOr<SearchSource<Item>> source =
                handler(static_cast<const Request&>(request));
            if (!source.ok()) {
                return source.status();
            }
            return [source = *std::move(source)](Message& item) {
                return source(static_cast<Item&>(item));
            };
        };
        return add<Request, Item>(method, Kind::list, {.list = std::move(list)});
    }

    /// A stream of batches, then one reply. `factory()` gives a std::unique_ptr to an object, made
    /// anew for each call, with
    ///     absl::Status take(const Batch&);
    ///     absl::StatusOr<Reply> finish();
    /// Where a batch may be long, take() gives absl::StatusOr<Taken> instead, and Taken::part after
    /// a millisecond or so: it is called again with the same batch when others had their turn. The
    /// first error ends the call. A client that breaks off gets no finish(): the object is just
    /// destroyed.
    template <class Batch, class Reply, class Factory>
    absl::Status add_sink(std::string_view method, Factory factory) {
        auto open = [factory = std::move(factory)]() -> std::unique_ptr<MessageSink> {
            auto target = factory();
            return std::make_unique<TypedSink<Batch, Reply, decltype(target)>>(std::move(target));
        };
        return add<Batch, Reply>(method, Kind::sink, {.sink = std::move(open)});
    }

    /// One request, events until the client leaves. The handler keeps the watcher and pushes to it.
    template <class Request, class Event>
    absl::Status add_watch(std::string_view method,
                           std::function<absl::Status(const Request&, Watcher<Event>)> handler) {
        auto watch = [handler = std::move(handler)](const Message& request,
                                                    std::shared_ptr<EventChannel> channel) {
            return handler(static_cast<const Request&>(request),
                           Watcher<Event>(std::move(channel)));
        };
        return add<Request, Event>(method, Kind::watch, {.watch = std::move(watch)});
    }

    /// One request, then what a Feed gives, as fast as the client reads, until the client leaves.
    /// The handler makes the feed, and keeps the channel to wake it.
    template <class Request, class Item>
    absl::Status add_feed(std::string_view method,
                          std::function<absl::StatusOr<std::shared_ptr<Feed<Item>>>(
                              const Request&, std::shared_ptr<FeedChannel>)>
                              handler) {
        auto open = [handler = std::move(handler)](const Message& request,
                                                   std::shared_ptr<FeedChannel> channel)
            -> absl::StatusOr<std::unique_ptr<MessageFeed>> {
            auto feed = handler(static_cast<const Request&>(request), std::move(channel));
            if (!feed.ok()) {
                return std::move(feed).status();
            }
            return std::make_unique<TypedFeed<Item>>(*std::move(feed));
        };
        return add<Request, Item>(method, Kind::feed, {.feed = std::move(open)});
    }

    /// A stream of requests, each answered by one reply, in order.
    template <class Request, class Reply>
    absl::Status add_dialog(std::string_view method,
                            std::function<absl::StatusOr<Reply>(const Request&)> handler) {
        return add<Request, Reply>(method, Kind::dialog,
                                   {.answer = answer<Request, Reply>(std::move(handler))});
    }

    /// What the daemon measures: parts and plugins add theirs, the exporter reads them.
    metrics::Collectors& metrics() noexcept { return metrics_; }
    const metrics::Collectors& metrics() const noexcept { return metrics_; }

    /// Who writes the running configuration: parts and plugins add themselves.
    config::Writers& config() noexcept { return config_; }
    const config::Writers& config() const noexcept { return config_; }

    /// Takes away all methods of a service ("sluice.Nat44"), for a plugin that is unloaded. Calls
    /// under way end with UNAVAILABLE before their handlers run again.
    void remove_service(std::string_view service);

    /// The method by its full name, or null. Any thread.
    std::shared_ptr<const Method> find(std::string_view name) const;
    /// All methods, sorted by name, as they are now. Any thread.
    std::vector<std::shared_ptr<const Method>> methods() const;
    /// Grows whenever methods or descriptors change. Any thread.
    std::uint64_t generation() const;

    /// Runs a unary or list method in place and gives each reply to `on_reply`, whose first error
    /// ends it. `request` may also be a DynamicMessage of an equal type. Control thread.
    absl::Status call_local(std::string_view method, const Message& request,
                            const std::function<absl::Status(const Message&)>& on_reply) const;

    /// Adds files that carry comments: a FileDescriptorSet written by protoc with
    /// --include_imports --include_source_info. Generated code has no comments; the files given
    /// here stand in for it when the daemon describes itself, as long as they say the same.
    absl::Status add_descriptors(std::string_view serialized_set);

    /// All files that `roots` need, each after its imports, with comments where they are known.
    google::protobuf::FileDescriptorSet describe_files(
        const std::vector<const google::protobuf::FileDescriptor*>& roots) const;

private:
    template <class Batch, class Reply, class Target>
    class TypedSink final : public MessageSink {
    public:
        explicit TypedSink(Target target) : target_(std::move(target)) {}
        absl::StatusOr<Taken> take(const Message& batch) override {
            const auto& typed = static_cast<const Batch&>(batch);
            if constexpr (std::is_same_v<decltype(target_->take(typed)), absl::Status>) {
                const absl::Status status = target_->take(typed);
                return status.ok() ? absl::StatusOr<Taken>(Taken::all) : status;
            } else {
                return target_->take(typed);
            }
        }
        absl::StatusOr<MessagePtr> finish() override { return boxed<Reply>(target_->finish()); }

    private:
        Target target_;
    };

    template <class Reply>
    static absl::StatusOr<MessagePtr> boxed(absl::StatusOr<Reply> reply) {
        if (!reply.ok()) {
            return std::move(reply).status();
        }
        return std::make_unique<Reply>(*std::move(reply));
    }

    template <class Request, class Reply>
    static auto answer(std::function<absl::StatusOr<Reply>(const Request&)> handler) {
        return [handler = std::move(handler)](const Message& request) {
            return boxed<Reply>(handler(static_cast<const Request&>(request)));
        };
    }

    template <class Request, class Reply>
    absl::Status add(std::string_view method, Kind kind, Handlers handlers) {
        return insert(method, kind, Request::default_instance(), Reply::default_instance(),
                      std::move(handlers));
    }

    absl::Status insert(std::string_view name, Kind kind, const Message& request,
                        const Message& reply, Handlers handlers);

    metrics::Collectors metrics_;
    config::Writers config_;
    mutable std::mutex mutex_;
    std::uint64_t generation_ = 0;
    std::map<std::string, std::shared_ptr<Method>, std::less<>> methods_;
    std::map<std::string, google::protobuf::FileDescriptorProto, std::less<>> commented_;
};

}  // namespace api
