// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "api/config/kept.hpp"
#include "vnet/proto/ip6.pb.h"
#include "vnet/service/convert.hpp"
#include "vnet/service/interface_statements.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

using neighbor::RouterAdvertisementSettings;
using Statements = api::config::Kept<std::string>;

absl::StatusOr<wire::RouterPreference> read_preference(sluice::RouterPreference preference) {
    switch (preference) {
        case sluice::ROUTER_PREFERENCE_MEDIUM:
            return wire::RouterPreference::medium;
        case sluice::ROUTER_PREFERENCE_HIGH:
            return wire::RouterPreference::high;
        case sluice::ROUTER_PREFERENCE_LOW:
            return wire::RouterPreference::low;
        default:
            return absl::InvalidArgumentError(
                fmt::format("{} is not a preference; it is low, medium or high", int(preference)));
    }
}

/// What is left out is as the .proto file says.
absl::StatusOr<RouterAdvertisementSettings> read(const sluice::AdvertiseRouterRequest& request) {
    RouterAdvertisementSettings settings;
    const auto take = [](bool has, auto value, auto& into) { into = has ? value : into; };
    take(request.has_max_interval(), request.max_interval(), settings.max_interval_s);
    constexpr uint32_t longest_lifetime_s = 9000;
    constexpr uint32_t shortest_interval_s = 3;
    settings.min_interval_s = request.has_min_interval()
                                  ? request.min_interval()
                                  : std::max(settings.max_interval_s / 3, shortest_interval_s);
    settings.lifetime_s = request.has_lifetime()
                              ? request.lifetime()
                              : uint32_t(std::min<uint64_t>(uint64_t(settings.max_interval_s) * 3,
                                                            longest_lifetime_s));
    take(request.has_hop_limit(), request.hop_limit(), settings.hop_limit);
    take(request.has_managed(), request.managed(), settings.managed);
    take(request.has_other(), request.other(), settings.other);
    take(request.has_autonomous(), request.autonomous(), settings.autonomous);
    take(request.has_valid_lifetime(), request.valid_lifetime(), settings.valid_lifetime_s);
    take(request.has_preferred_lifetime(), request.preferred_lifetime(),
         settings.preferred_lifetime_s);
    take(request.has_mtu(), request.mtu(), settings.mtu);
    auto preference = read_preference(request.preference());
    if (!preference.ok()) {
        return preference.status();
    }
    settings.preference = *preference;
    for (const sluice::IpAddress& server : request.dns_servers()) {
        const absl::Status status = with_address(server, [&](auto address) -> absl::Status {
            if constexpr (std::is_same_v<decltype(address), wire::Ip6Address>) {
                settings.dns_servers.push_back(address);
                return absl::OkStatus();
            } else {
                return absl::InvalidArgumentError(fmt::format(
                    "{} cannot be told in a router advertisement; give an IPv6 address", address));
            }
        });
        if (!status.ok()) {
            return status;
        }
    }
    return settings;
}

absl::StatusOr<sluice::Empty> advertise(Router& router, Statements& statements,
                                        const sluice::AdvertiseRouterRequest& request) {
    const auto settings = read(request);
    if (!settings.ok()) {
        return settings.status();
    }
    if (auto status = router.router_advertisements().set(request.interface(), *settings);
        !status.ok()) {
        return status;
    }
    statements.keep(request.interface(), "sluice.Ip6.AdvertiseRouter", request);
    return sluice::Empty();
}

absl::StatusOr<api::ItemSource<sluice::AdvertisedRouter>> list_advertised(Router& router) {
    std::vector<sluice::AdvertisedRouter> all;
    for (const auto& state : router.router_advertisements().list()) {
        sluice::AdvertisedRouter& message = all.emplace_back();
        message.set_interface(router.interfaces().name_of(state.interface));
        message.set_lifetime(state.settings->lifetime_s);
        message.set_max_interval(state.settings->max_interval_s);
        for (const wire::Ip6Prefix& network :
             router.router_advertisements().prefixes_of(state.interface)) {
            *message.add_prefixes() = ip_to_api(network);
        }
        for (const wire::Ip6Prefix& network :
             router.router_advertisements().withdrawn_of(state.interface)) {
            *message.add_withdrawn() = ip_to_api(network);
        }
        for (const wire::Ip6Address server : state.settings->dns_servers) {
            *message.add_dns_servers() = ip_to_api(server);
        }
        message.set_sent(state.sent);
        message.set_solicitations(state.solicitations);
    }
    return api::items(std::move(all));
}

void write_enabled(Router& router, const api::config::Emit& emit) {
    for (const auto& [name, index] : by_name(router.interfaces())) {
        if (router.link_locals().is_set(index)) {
            sluice::Ip6InterfaceRequest request;
            request.set_interface(name);
            emit("sluice.Ip6.Enable", request);
        }
    }
    if (router.sends_ip6_redirects()) {
        emit("sluice.Ip6.SendRedirects", sluice::SendIp6RedirectsRequest());
    }
}

}  // namespace

absl::Status register_ip6(api::Registry& registry, Router& router) {
    const auto advertised = std::make_shared<Statements>();
    router.interfaces().observe(
        [advertised](const interface::Interface& interface, interface::Change change) {
            if (change == interface::Change::removing) {
                advertised->forget(interface.name);
            }
        });
    registry.config().add("ip6", [&router, advertised](const auto& emit) {
        write_enabled(router, emit);
        advertised->write(emit);
    });
    absl::Status status;
    status.Update(registry.add_unary<sluice::Ip6InterfaceRequest, sluice::Empty>(
        "sluice.Ip6.Enable", [&router](const auto& request) {
            return done(router.link_locals().set_enabled(request.interface(), true));
        }));
    status.Update(registry.add_unary<sluice::Ip6InterfaceRequest, sluice::Empty>(
        "sluice.Ip6.Disable", [&router](const auto& request) {
            return done(router.link_locals().set_enabled(request.interface(), false));
        }));
    for (const auto& [method, send] : {std::pair("sluice.Ip6.SendRedirects", true),
                                       std::pair("sluice.Ip6.SendNoRedirects", false)}) {
        status.Update(registry.add_unary<sluice::SendIp6RedirectsRequest, sluice::Empty>(
            method, [&router, send = send](const auto&) -> absl::StatusOr<sluice::Empty> {
                router.send_ip6_redirects(send);
                return sluice::Empty();
            }));
    }
    status.Update(registry.add_unary<sluice::AdvertiseRouterRequest, sluice::Empty>(
        "sluice.Ip6.AdvertiseRouter", [&router, advertised](const auto& request) {
            return advertise(router, *advertised, request);
        }));
    status.Update(registry.add_unary<sluice::Ip6InterfaceRequest, sluice::Empty>(
        "sluice.Ip6.StopAdvertising",
        [&router, advertised](const auto& request) -> absl::StatusOr<sluice::Empty> {
            if (auto stopped = router.router_advertisements().stop(request.interface());
                !stopped.ok()) {
                return stopped;
            }
            advertised->forget(request.interface());
            return sluice::Empty();
        }));
    status.Update(registry.add_list<sluice::ListAdvertisedRequest, sluice::AdvertisedRouter>(
        "sluice.Ip6.ListAdvertised", [&router](const auto&) { return list_advertised(router); }));
    return status;
}

}  // namespace vnet::service
