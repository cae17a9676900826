// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/service.hpp"

#include <fmt/format.h>

#include "plugins/bridge/bridge.pb.h"
#include "vnet/service/convert.hpp"

namespace bridge {

namespace {

namespace proto = sluice::bridge;
using vnet::interface::Table;
using vnet::service::from_api;
using vnet::service::to_api;

absl::StatusOr<sluice::Empty> done(const absl::Status& status) {
    if (!status.ok()) {
        return status;
    }
    return sluice::Empty();
}

absl::Status check_range(const char* what, uint32_t value, uint32_t least, uint32_t most) {
    if (value >= least && value <= most) {
        return absl::OkStatus();
    }
    return absl::OutOfRangeError(
        fmt::format("{} {} is out of range; give {} to {}", what, value, least, most));
}

absl::Status add(Bridges& bridges, const proto::AddBridgeRequest& request) {
    Settings settings;
    std::optional<vnet::wire::MacAddress> mac;
    if (request.has_mac()) {
        const auto given = from_api(request.mac());
        if (!given.ok()) {
            return given.status();
        }
        mac = *given;
    }
    if (request.has_ageing()) {
        settings.ageing_s = request.ageing();
    }
    if (request.has_mac_limit()) {
        settings.mac_limit = request.mac_limit();
    }
    absl::Status status = check_range("ageing", settings.ageing_s, 10, 1'000'000);
    status.Update(check_range("mac-limit", settings.mac_limit, 0, 2 * Shared::buckets));
    return status.ok() ? bridges.add(request.name(), mac, settings) : status;
}

absl::Status add_port(Bridges& bridges, const proto::AddPortRequest& request) {
    PortSettings settings;
    absl::Status status;
    if (request.has_group()) {
        settings.group = request.group();
        status.Update(check_range("group", settings.group, 1, 65535));
    }
    if (request.has_storm_limit()) {
        settings.storm_limit = request.storm_limit();
        status.Update(check_range("storm-limit", settings.storm_limit, 1, 1'000'000'000));
    }
    settings.learns = !request.has_learning() || request.learning();
    return status.ok() ? bridges.add_port(request.bridge(), request.interface(), settings) : status;
}

template <class Request, class Act>
absl::Status with_mac(const Request& request, const Act& act) {
    const auto mac = from_api(request.mac());
    return mac.ok() ? act(*mac) : mac.status();
}

void write_config(const Bridges& bridges, const Table& table, const api::config::Emit& emit) {
    const Settings usual;
    for (const Bridges::BridgeInfo& bridge : bridges.bridges()) {
        proto::AddBridgeRequest request;
        request.set_name(table.name_of(bridge.bridge));
        if (const auto mac = bridges.asked_mac(bridge.bridge)) {
            *request.mutable_mac() = to_api(*mac);
        }
        if (bridge.settings.ageing_s != usual.ageing_s) {
            request.set_ageing(bridge.settings.ageing_s);
        }
        if (bridge.settings.mac_limit != usual.mac_limit) {
            request.set_mac_limit(bridge.settings.mac_limit);
        }
        emit("sluice.bridge.Bridges.Add", request);
    }
    for (const Bridges::PortInfo& port : bridges.ports()) {
        proto::AddPortRequest request;
        request.set_bridge(table.name_of(port.bridge));
        request.set_interface(table.name_of(port.interface));
        if (port.settings.group != 0) {
            request.set_group(port.settings.group);
        }
        if (port.settings.storm_limit != 0) {
            request.set_storm_limit(port.settings.storm_limit);
        }
        if (!port.settings.learns) {
            request.set_learning(false);
        }
        emit("sluice.bridge.Bridges.AddPort", request);
    }
    for (const Bridges::StationInfo& known : bridges.stations()) {
        if (known.fixed && !known.own) {
            proto::AddStationRequest request;
            request.set_bridge(table.name_of(known.bridge));
            *request.mutable_mac() = to_api(known.mac);
            request.set_interface(table.name_of(known.interface));
            emit("sluice.bridge.Bridges.AddStation", request);
        }
    }
}

proto::Bridge describe(const Bridges::BridgeInfo& bridge, const Table& table) {
    proto::Bridge message;
    message.set_name(table.name_of(bridge.bridge));
    message.set_ports(uint32_t(bridge.ports));
    message.set_learned(uint32_t(bridge.learned));
    message.set_mac_limit(bridge.settings.mac_limit);
    message.set_ageing(bridge.settings.ageing_s);
    message.set_refused(bridge.refused);
    message.set_moves(bridge.moves);
    return message;
}

proto::Port describe(const Bridges::PortInfo& port, const Table& table) {
    proto::Port message;
    message.set_bridge(table.name_of(port.bridge));
    message.set_interface(table.name_of(port.interface));
    if (port.settings.group != 0) {
        message.set_group(port.settings.group);
    }
    if (port.settings.storm_limit != 0) {
        message.set_storm_limit(port.settings.storm_limit);
    }
    message.set_learning(port.settings.learns);
    return message;
}

proto::Station describe(const Bridges::StationInfo& known, const Table& table) {
    proto::Station message;
    message.set_bridge(table.name_of(known.bridge));
    *message.mutable_mac() = to_api(known.mac);
    message.set_interface(table.name_of(known.interface));
    if (known.own) {
        message.set_kind(proto::STATION_KIND_ROUTER);
    } else if (known.fixed) {
        message.set_kind(proto::STATION_KIND_FIXED);
    } else {
        message.set_age(known.age_s);
    }
    return message;
}

/// A method that lists what `all` answers, a message for each.
template <class Request, class Message, class All>
absl::Status add_list(vnet::plugin::Registry& registry, const char* method, All all) {
    return registry.add_list<Request, Message>(
        method,
        [all = std::move(all), &table = registry.interfaces()](
            const Request&) -> absl::StatusOr<api::ItemSource<Message>> {
            std::vector<Message> messages;
            for (const auto& one : all()) {
                messages.push_back(describe(one, table));
            }
            return api::items(std::move(messages));
        });
}

template <class Request, class Act>
absl::Status add_change(vnet::plugin::Registry& registry, const char* method, Act act) {
    return registry.add_unary<Request, sluice::Empty>(
        method, [act = std::move(act)](const Request& request) { return done(act(request)); });
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Bridges& bridges) {
    registry.add_config([&bridges, &table = registry.interfaces()](const auto& emit) {
        write_config(bridges, table, emit);
    });
    absl::Status status = add_change<proto::AddBridgeRequest>(
        registry, "sluice.bridge.Bridges.Add",
        [&bridges](const auto& request) { return add(bridges, request); });
    status.Update(add_change<proto::AddPortRequest>(
        registry, "sluice.bridge.Bridges.AddPort",
        [&bridges](const auto& request) { return add_port(bridges, request); }));
    status.Update(add_change<proto::DeletePortRequest>(
        registry, "sluice.bridge.Bridges.DeletePort",
        [&bridges](const auto& request) { return bridges.remove_port(request.interface()); }));
    status.Update(add_change<proto::AddStationRequest>(
        registry, "sluice.bridge.Bridges.AddStation", [&bridges](const auto& request) {
            return with_mac(request, [&](const auto& mac) {
                return bridges.add_station(request.bridge(), mac, request.interface());
            });
        }));
    status.Update(add_change<proto::DeleteStationRequest>(
        registry, "sluice.bridge.Bridges.DeleteStation", [&bridges](const auto& request) {
            return with_mac(request, [&](const auto& mac) {
                return bridges.remove_station(request.bridge(), mac);
            });
        }));
    status.Update(add_change<proto::ForgetRequest>(
        registry, "sluice.bridge.Bridges.Forget",
        [&bridges](const auto& request) { return bridges.forget(request.bridge()); }));
    status.Update(add_list<proto::ListBridgesRequest, proto::Bridge>(
        registry, "sluice.bridge.Bridges.List", [&bridges] { return bridges.bridges(); }));
    status.Update(add_list<proto::ListPortsRequest, proto::Port>(
        registry, "sluice.bridge.Bridges.ListPorts", [&bridges] { return bridges.ports(); }));
    status.Update(add_list<proto::ListStationsRequest, proto::Station>(
        registry, "sluice.bridge.Bridges.ListStations", [&bridges] { return bridges.stations(); }));
    return status;
}

}  // namespace bridge
