// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "vnet/proto/ip4.pb.h"
#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/describe.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

absl::StatusOr<sluice::Empty> empty(const absl::Status& status) {
    if (!status.ok()) {
        return status;
    }
    return sluice::Empty();
}

sluice::Route describe(Router& router, const ip4::Fib::Match& match, bool used) {
    sluice::Route route;
    service::describe(match, used, router.interfaces().name_of(match.interface), route);
    return route;
}

/// Reads the table in steps, from the prefix behind the last one that was sent: routes may come and
/// go meanwhile.
class Reader {
public:
    explicit Reader(Router& router) : router_(router) {}
    bool next(sluice::Route& item) {
        if (at_ == batch_.size() && !fill()) {
            return false;
        }
        item.Swap(&batch_[at_++]);
        return true;
    }

private:
    static constexpr size_t batch_size = 256;
    bool fill() {
        batch_.clear();
        at_ = 0;
        if (ended_) {
            return false;
        }
        ended_ = true;
        router_.fib().visit(last_, [&](const ip4::Fib::Match& match, bool used) {
            if (batch_.size() >= batch_size && used) {
                ended_ = false;
                return false;
            }
            batch_.push_back(describe(router_, match, used));
            last_ = match.prefix;
            return true;
        });
        return !batch_.empty();
    }
    Router& router_;
    std::optional<wire::Ip4Prefix> last_;
    std::vector<sluice::Route> batch_;
    size_t at_ = 0;
    bool ended_ = false;
};

absl::StatusOr<api::ItemSource<sluice::Route>> list(Router& router,
                                                    const sluice::ListRoutesRequest& request) {
    if (!request.has_prefix()) {
        return [reader = std::make_shared<Reader>(router)](sluice::Route& item) {
            return reader->next(item);
        };
    }
    auto prefix = from_api(request.prefix());
    if (!prefix.ok()) {
        return prefix.status();
    }
    std::vector<sluice::Route> all = {};
    router.fib().visit_prefix(*prefix, [&](const ip4::Fib::Match& match, bool used) {
        all.push_back(describe(router, match, used));
    });
    if (all.empty()) {
        return absl::NotFoundError(
            fmt::format("there is no route {}; `show route match ADDRESS` gives the route "
                        "that an address takes",
                        *prefix));
    }
    return api::items(std::move(all));
}

absl::StatusOr<sluice::Route> match(Router& router, const sluice::MatchRouteRequest& request) {
    const auto found = router.fib().match(from_api(request.address()));
    if (!found) {
        return absl::NotFoundError(fmt::format("no route matches {}", from_api(request.address())));
    }
    return describe(router, *found, true);
}

/// Takes batches of routes, for a millisecond at a time: timers, packets for control and other
/// calls come between.
class Loader {
public:
    explicit Loader(Router& router) : router_(router) {}
    absl::StatusOr<api::Taken> take(const sluice::RouteBatch& batch) {
        const auto end = Clock::now() + turn;
        // Interfaces and addresses may have changed since the last turn.
        last_ = nullptr;
        const int all = batch.add_size() + batch.delete__size();
        while (at_ < all) {
            for (const int stop = std::min(all, at_ + routes_between_looks); at_ < stop; ++at_) {
                if (auto status = take_one(batch); !status.ok()) {
                    return status;
                }
            }
            if (at_ < all && Clock::now() >= end) {
                return api::Taken::part;
            }
        }
        at_ = 0;
        return api::Taken::all;
    }
    absl::StatusOr<sluice::LoadRoutesReply> finish() { return reply_; }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr auto turn = std::chrono::milliseconds(1);
    static constexpr int routes_between_looks = 32;

    absl::Status take_one(const sluice::RouteBatch& batch) {
        if (at_ >= batch.add_size()) {
            const auto status =
                remove_route(router_, source, batch.delete_(at_ - batch.add_size()));
            reply_.set_deleted(reply_.deleted() + status.ok());
            return status;
        }
        const sluice::ConfiguredRoute& route = batch.add(at_);
        // Neighbours in a batch lead to the same router as a rule.
        if (last_ == nullptr || !leads_alike(route, *last_)) {
            auto via = read_via(router_, route);
            if (!via.ok()) {
                return via.status();
            }
            via_ = *via;
            last_ = &route;
        }
        const auto status = add_route(router_, source, route, via_);
        reply_.set_added(reply_.added() + status.ok());
        return status;
    }

    static bool leads_alike(const sluice::ConfiguredRoute& a, const sluice::ConfiguredRoute& b) {
        return a.has_next_hop() == b.has_next_hop() &&
               a.next_hop().value() == b.next_hop().value() &&
               a.has_interface() == b.has_interface() && a.interface() == b.interface() &&
               a.verdict() == b.verdict();
    }

    static constexpr auto source = ip4::RouteSource::loaded;

    Router& router_;
    sluice::LoadRoutesReply reply_;
    /// The next route of the batch in hand.
    int at_ = 0;
    /// A route of this turn, and where it leads.
    const sluice::ConfiguredRoute* last_ = nullptr;
    ip4::Via via_;
};

}  // namespace

absl::Status register_routes(api::Registry& registry, Router& router,
                             std::shared_ptr<ConfiguredRoutes> configured) {
    registry.config().add("routes", [configured](const auto& emit) { configured->write(emit); });
    absl::Status status;
    status.Update(registry.add_unary<sluice::ConfiguredRoute, sluice::Empty>(
        "sluice.Routes.Add",
        [configured](const auto& request) { return empty(configured->add(request)); }));
    status.Update(registry.add_unary<sluice::DeleteRouteRequest, sluice::Empty>(
        "sluice.Routes.Delete",
        [configured](const auto& request) { return empty(configured->remove(request.prefix())); }));
    status.Update(registry.add_list<sluice::ListRoutesRequest, sluice::Route>(
        "sluice.Routes.List", [&router](const auto& request) { return list(router, request); }));
    status.Update(registry.add_unary<sluice::MatchRouteRequest, sluice::Route>(
        "sluice.Routes.Match", [&router](const auto& request) { return match(router, request); }));
    status.Update(registry.add_sink<sluice::RouteBatch, sluice::LoadRoutesReply>(
        "sluice.Routes.Load", [&router] { return std::make_unique<Loader>(router); }));
    return status;
}

}  // namespace vnet::service
