// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <tuple>

#include "vnet/proto/ip.pb.h"
#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/describe.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

/// What a route leads to is called: a VRF, a group, or the interface.
std::string name_of_end(Router& router, const fib::AnyRoute& route) {
    switch (route.kind) {
        case fib::ViaKind::vrf:
            return router.vrfs().name_of(route.to_vrf);
        case fib::ViaKind::group:
            return route.place.is_ip6 ? router.ip6().groups->name_of(route.group)
                                      : router.ip4().groups->name_of(route.group);
        default:
            return router.interfaces().name_of(route.interface);
    }
}

sluice::Route describe(Router& router, const fib::AnyRoute& route, bool used) {
    sluice::Route message;
    const vrf::Vrfs& vrfs = router.vrfs();
    service::describe(route, used, name_of_end(router, route), vrfs.name_of(route.place.vrf),
                      message);
    return message;
}

/// Reads the tables of a VRF in steps, from the prefix behind the last one that was sent: routes
/// may come and go meanwhile, and so may the VRF.
class Reader {
public:
    Reader(Router& router, interface::Vrf vrf) : router_(router), vrf_(vrf) {}
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
        const auto* const ip4 = router_.ip4().fibs->find(vrf_);
        const auto* const ip6 = router_.ip6().fibs->find(vrf_);
        if (ended_ || ip4 == nullptr || ip6 == nullptr) {
            return false;
        }
        ended_ =
            fib::visit_routes_of(*ip4, *ip6, last_, [&](const fib::AnyRoute& route, bool used) {
                if (batch_.size() >= batch_size && used) {
                    return false;
                }
                batch_.push_back(describe(router_, route, used));
                last_ = route.place;
                return true;
            });
        return !batch_.empty();
    }
    Router& router_;
    const interface::Vrf vrf_;
    std::optional<fib::RoutePlace> last_;
    std::vector<sluice::Route> batch_;
    size_t at_ = 0;
    bool ended_ = false;
};

absl::StatusOr<api::ItemSource<sluice::Route>> list(Router& router,
                                                    const sluice::ListRoutesRequest& request) {
    using Source = absl::StatusOr<api::ItemSource<sluice::Route>>;
    const auto vrf = read_vrf(router, request.has_vrf(), request.vrf());
    if (!vrf.ok()) {
        return vrf.status();
    }
    if (!request.has_prefix()) {
        return [reader = std::make_shared<Reader>(router, *vrf)](sluice::Route& item) {
            return reader->next(item);
        };
    }
    return with_prefix(request.prefix(), [&](const auto& prefix) -> Source {
        using Family = decltype(family_of(prefix));
        std::vector<sluice::Route> all;
        const auto visit = [&](const auto& at) {
            const auto& fib = router.network<Family>().fibs->of(*vrf);
            fib.visit_prefix(at, [&](const auto& match, bool used) {
                all.push_back(describe(router, fib::AnyRoute(*vrf, match), used));
            });
        };
        if (Family::is_of_link(prefix.address())) {
            for (const auto& [index, interface] : router.interfaces().all()) {
                visit(typename Family::Prefix(Family::scoped(prefix.address(), index),
                                              prefix.length()));
            }
        } else {
            visit(prefix);
        }
        if (all.empty()) {
            return absl::NotFoundError(
                fmt::format("there is no route {}; `show route match ADDRESS` gives the route "
                            "that an address takes",
                            prefix));
        }
        return api::items(std::move(all));
    });
}

absl::StatusOr<sluice::Route> match(Router& router, const sluice::MatchRouteRequest& request) {
    const auto vrf = read_vrf(router, request.has_vrf(), request.vrf());
    if (!vrf.ok()) {
        return vrf.status();
    }
    return with_address(request.address(), [&](auto address) -> absl::StatusOr<sluice::Route> {
        using Family = decltype(family_of(address));
        const auto found = router.network<Family>().fibs->of(*vrf).match(address);
        if (!found) {
            return absl::NotFoundError(fmt::format("no route matches {}", address));
        }
        return describe(router, fib::AnyRoute(*vrf, *found), true);
    });
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
            const auto vrf = read_vrf(router_, batch.has_delete_vrf(), batch.delete_vrf());
            if (!vrf.ok()) {
                return vrf.status();
            }
            const auto status =
                with_prefix(batch.delete_(at_ - batch.add_size()), [&](const auto& prefix) {
                    return remove_route<decltype(family_of(prefix))>(router_, *vrf, source, prefix);
                });
            reply_.set_deleted(reply_.deleted() + status.ok());
            return status;
        }
        const sluice::ConfiguredRoute& route = batch.add(at_);
        const auto status = with_prefix(route.prefix(), [&](const auto& prefix) -> absl::Status {
            using Family = decltype(family_of(prefix));
            auto& via = std::get<fib::Via<typename Family::Address>>(vias_);
            // Neighbours in a batch lead to the same router as a rule.
            if (last_ == nullptr || !leads_alike(route, *last_)) {
                const auto vrf = read_vrf(router_, route.has_vrf(), route.vrf());
                if (!vrf.ok()) {
                    return vrf.status();
                }
                auto read = read_via<Family>(router_, *vrf, route);
                if (!read.ok()) {
                    return read.status();
                }
                vrf_ = *vrf;
                via = *read;
                last_ = &route;
            }
            return add_route<Family>(router_, vrf_, source, prefix, route, via);
        });
        reply_.set_added(reply_.added() + status.ok());
        return status;
    }

    static bool leads_alike(const sluice::ConfiguredRoute& a, const sluice::ConfiguredRoute& b) {
        return a.prefix().family_case() == b.prefix().family_case() &&
               a.has_next_hop() == b.has_next_hop() &&
               a.next_hop().family_case() == b.next_hop().family_case() &&
               a.next_hop().ip4() == b.next_hop().ip4() &&
               a.next_hop().ip6() == b.next_hop().ip6() && a.has_interface() == b.has_interface() &&
               a.interface() == b.interface() && a.verdict() == b.verdict() &&
               a.has_vrf() == b.has_vrf() && a.vrf() == b.vrf() &&
               a.has_to_vrf() == b.has_to_vrf() && a.to_vrf() == b.to_vrf() &&
               a.has_group() == b.has_group() && a.group() == b.group();
    }

    static constexpr auto source = fib::RouteSource::loaded;

    Router& router_;
    sluice::LoadRoutesReply reply_;
    /// The next route of the batch in hand.
    int at_ = 0;
    /// A route of this turn, its VRF, and where it leads.
    const sluice::ConfiguredRoute* last_ = nullptr;
    interface::Vrf vrf_ = interface::default_vrf;
    std::tuple<ip4::Via, ip6::Via> vias_;
};

}  // namespace

absl::Status register_routes(api::Registry& registry, Router& router,
                             std::shared_ptr<ConfiguredRoutes> configured) {
    registry.config().add("routes", [configured](const auto& emit) { configured->write(emit); });
    absl::Status status;
    status.Update(registry.add_unary<sluice::ConfiguredRoute, sluice::Empty>(
        "sluice.Routes.Add",
        [configured](const auto& request) { return done(configured->add(request)); }));
    status.Update(registry.add_unary<sluice::DeleteRouteRequest, sluice::Empty>(
        "sluice.Routes.Delete",
        [configured](const auto& request) { return done(configured->remove(request)); }));
    status.Update(registry.add_list<sluice::ListRoutesRequest, sluice::Route>(
        "sluice.Routes.List", [&router](const auto& request) { return list(router, request); }));
    status.Update(registry.add_unary<sluice::MatchRouteRequest, sluice::Route>(
        "sluice.Routes.Match", [&router](const auto& request) { return match(router, request); }));
    status.Update(registry.add_sink<sluice::RouteBatch, sluice::LoadRoutesReply>(
        "sluice.Routes.Load", [&router] { return std::make_unique<Loader>(router); }));
    return status;
}

}  // namespace vnet::service
