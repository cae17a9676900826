// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/dhcp-client/dhcp_client.pb.h"
#include "vnet/service/convert.hpp"
#include "vnet/wire/text.hpp"

namespace dhcp_client {

namespace {

namespace proto = sluice::dhcp_client;
using vnet::interface::Table;
using vnet::service::to_api;
constexpr const char* set_method = "sluice.dhcp_client.DhcpClients.Set";
constexpr size_t longest_name = 63;
constexpr uint32_t most_preference = 255;

using vnet::service::done;

absl::Status check_name(const char* what, const std::string& name) {
    if (name.empty() || name.size() > longest_name) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' cannot be a {}; give 1 to {} characters", name, what, longest_name));
    }
    return absl::OkStatus();
}

absl::Status set(Clients& clients, const proto::SetDhcpClientRequest& request) {
    Settings settings;
    absl::Status status;
    if (request.has_hostname()) {
        settings.hostname = request.hostname();
        status.Update(check_name("hostname", settings.hostname));
    }
    if (request.has_client_id()) {
        settings.client_id = request.client_id();
        status.Update(check_name("client-id", settings.client_id));
    }
    if (request.has_preference()) {
        if (request.preference() > most_preference) {
            status.Update(
                absl::OutOfRangeError(fmt::format("preference {} is out of range; give 0 to {}",
                                                  request.preference(), most_preference)));
        }
        settings.preference = uint8_t(request.preference());
    }
    return status.ok() ? clients.set(request.name(), settings) : status;
}

void write_config(const Clients& clients, const Table& table, const api::config::Emit& emit) {
    for (const Clients::Info& info : clients.all()) {
        const Settings& settings = info.client->settings();
        proto::SetDhcpClientRequest request;
        request.set_name(table.name_of(info.interface));
        if (!settings.hostname.empty()) {
            request.set_hostname(settings.hostname);
        }
        if (!settings.client_id.empty()) {
            request.set_client_id(settings.client_id);
        }
        if (settings.preference != Settings().preference) {
            request.set_preference(settings.preference);
        }
        emit(set_method, request);
    }
}

uint64_t seconds_until(Clock::time_point then) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(then - Clock::now());
    return uint64_t(std::max<int64_t>(left.count(), 0));
}

void describe(const Lease& lease, proto::DhcpClient& message) {
    *message.mutable_address() = to_api(lease.address);
    *message.mutable_server() = to_api(lease.server);
    message.set_renews_in(seconds_until(lease.renew));
    message.set_ends_in(seconds_until(lease.end));
    for (const StaticRoute& route : lease.routes) {
        message.add_routes(route.router.is_unspecified()
                               ? fmt::format("{} on the link", route.prefix)
                               : fmt::format("{} via {}", route.prefix, route.router));
    }
    for (const Ip4Address server : lease.name_servers) {
        *message.add_name_servers() = to_api(server);
    }
    if (!lease.domain.empty()) {
        message.set_domain(lease.domain);
    }
    if (lease.mtu) {
        message.set_mtu(*lease.mtu);
    }
}

std::vector<proto::DhcpClient> messages(const Clients& clients, const Table& table) {
    // The API's states are numbered as the client's are.
    static_assert(int(proto::DHCP_STATE_REBOOTING) == int(State::rebooting));
    static_assert(int(proto::DHCP_STATE_BOUND) == int(State::bound));
    std::vector<proto::DhcpClient> all;
    for (const Clients::Info& info : clients.all()) {
        proto::DhcpClient& message = all.emplace_back();
        message.set_interface(table.name_of(info.interface));
        message.set_state(proto::DhcpState(info.client->state()));
        if (info.client->lease()) {
            describe(*info.client->lease(), message);
        }
        message.set_problem(info.client->problem());
    }
    return all;
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Clients& clients) {
    auto& table = registry.interfaces();
    registry.add_config(
        [&table, &clients](const api::config::Emit& emit) { write_config(clients, table, emit); });
    absl::Status status = registry.add_unary<proto::SetDhcpClientRequest, sluice::Empty>(
        set_method, [&clients](const auto& request) { return done(set(clients, request)); });
    status.Update(registry.add_unary<proto::ResetDhcpClientRequest, sluice::Empty>(
        "sluice.dhcp_client.DhcpClients.Reset",
        [&clients](const auto& request) { return done(clients.reset(request.name())); }));
    status.Update(registry.add_list<proto::ListDhcpClientsRequest, proto::DhcpClient>(
        "sluice.dhcp_client.DhcpClients.List",
        [&table, &clients](const auto&) -> absl::StatusOr<api::ItemSource<proto::DhcpClient>> {
            return api::items(messages(clients, table));
        }));
    return status;
}

}  // namespace dhcp_client
