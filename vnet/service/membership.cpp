// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "vnet/proto/igmp.pb.h"
#include "vnet/proto/ip6.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

/// What is listened to, on one interface or on all. `Listener` says what is reported.
template <class Message, class Listener, class Request, class Groups>
absl::StatusOr<api::ItemSource<Message>> list_groups(Router& router, const Groups& joined,
                                                     const Request& request) {
    interface::Index only = 0;
    if (request.has_interface()) {
        const auto interface = router.interfaces().find(request.interface());
        if (!interface.ok()) {
            return interface.status();
        }
        only = (*interface)->index;
    }
    std::vector<Message> all;
    for (const auto& [interface, groups] : joined.all()) {
        if (only != 0 && interface != only) {
            continue;
        }
        for (const auto& [group, listeners] : groups) {
            Message& message = all.emplace_back();
            message.set_interface(router.interfaces().name_of(interface));
            *message.mutable_group() = ip_to_api(group);
            message.set_listeners(listeners);
            message.set_reported(Listener::is_reported(group));
        }
    }
    return api::items(std::move(all));
}

/// Who asks, by interface.
template <class Message, class Listener>
absl::StatusOr<api::ItemSource<Message>> list_queriers(Router& router, const Listener& listener) {
    std::vector<Message> all;
    for (const auto& state : listener.list()) {
        Message& message = all.emplace_back();
        message.set_interface(router.interfaces().name_of(state.interface));
        message.set_version(state.version);
        if (state.querier != typename Listener::Address()) {
            *message.mutable_querier() = ip_to_api(state.querier);
        }
        message.set_queries(state.queries);
        message.set_reports(state.reports);
    }
    return api::items(std::move(all));
}

}  // namespace

absl::Status register_membership(api::Registry& registry, Router& router) {
    absl::Status status = registry.add_list<sluice::ListIp6GroupsRequest, sluice::Ip6Group>(
        "sluice.Ip6.ListGroups", [&router](const auto& request) {
            return list_groups<sluice::Ip6Group, mld::Listener>(router, router.ip6_groups(),
                                                                request);
        });
    status.Update(registry.add_list<sluice::ListMldRequest, sluice::MldInterface>(
        "sluice.Ip6.ListMld", [&router](const auto&) {
            return list_queriers<sluice::MldInterface>(router, router.mld());
        }));
    status.Update(registry.add_list<sluice::ListIp4GroupsRequest, sluice::Ip4Group>(
        "sluice.Igmp.ListGroups", [&router](const auto& request) {
            return list_groups<sluice::Ip4Group, igmp::Listener>(router, router.ip4_groups(),
                                                                 request);
        }));
    status.Update(registry.add_list<sluice::ListIgmpRequest, sluice::IgmpInterface>(
        "sluice.Igmp.List", [&router](const auto&) {
            return list_queriers<sluice::IgmpInterface>(router, router.igmp());
        }));
    return status;
}

}  // namespace vnet::service
