// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/service.hpp"

#include <fmt/format.h>

#include "plugins/bridge/bridge.pb.h"
#include "vnet/service/convert.hpp"

namespace bridge {

namespace {

namespace proto = sluice::bridge;
using vnet::interface::Table;
using vnet::service::done;
using vnet::service::from_api;
using vnet::service::to_api;
using vnet::wire::Ip4Address;
using vnet::wire::Ip6Address;
using vnet::wire::MacAddress;

absl::Status check_range(const char* what, uint32_t value, uint32_t least, uint32_t most) {
    if (value >= least && value <= most) {
        return absl::OkStatus();
    }
    return absl::OutOfRangeError(
        fmt::format("{} {} is out of range; give {} to {}", what, value, least, most));
}

absl::Status add(Bridges& bridges, const proto::AddBridgeRequest& request) {
    if (!request.has_mac()) {
        return bridges.add(request.name(), {});
    }
    const auto mac = from_api(request.mac());
    return mac.ok() ? bridges.add(request.name(), *mac) : mac.status();
}

absl::Status set(Bridges& bridges, const proto::SetBridgeRequest& request) {
    Settings settings;
    absl::Status status;
    if (request.has_ageing()) {
        settings.ageing_s = request.ageing();
        status.Update(check_range("ageing", settings.ageing_s, 10, 1'000'000));
    }
    if (request.has_mac_limit()) {
        settings.mac_limit = request.mac_limit();
        status.Update(check_range("mac-limit", settings.mac_limit, 0, 2 * Shared::buckets));
    }
    if (request.has_move_limit()) {
        settings.move_limit = request.move_limit();
        status.Update(check_range("move-limit", settings.move_limit, 1, 1'000'000));
    }
    for (const int question : request.suppress()) {
        if (!proto::Question_IsValid(question)) {
            status.Update(absl::InvalidArgumentError(
                fmt::format("{} is nothing that a bridge answers; it is arp or nd", question)));
        }
        settings.suppressed |= question == proto::QUESTION_ARP ? suppress::arp : suppress::nd;
    }
    return status.ok() ? bridges.set(request.bridge(), settings) : status;
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

/// Either kind of address; IPv4 as ::ffff:a.b.c.d.
absl::StatusOr<Ip6Address> parse_address(const std::string& text) {
    if (const auto ip4 = Ip4Address::parse(text); ip4.ok()) {
        return Ip6Address::mapped(*ip4);
    }
    const auto ip6 = Ip6Address::parse(text);
    if (!ip6.ok() || ip6->is_ip4_mapped()) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is not an IP address; give one like 192.0.2.1 or 2001:db8::1", text));
    }
    return *ip6;
}

template <class Request, class Act>
absl::Status with_mac(const Request& request, const Act& act) {
    const auto mac = from_api(request.mac());
    return mac.ok() ? act(*mac) : mac.status();
}

template <class Message>
void write_questions(uint8_t suppressed, Message& message) {
    if ((suppressed & suppress::arp) != 0) {
        message.add_suppress(proto::QUESTION_ARP);
    }
    if ((suppressed & suppress::nd) != 0) {
        message.add_suppress(proto::QUESTION_ND);
    }
}

void write_settings(const std::string& name, const Settings& settings,
                    const api::config::Emit& emit) {
    const Settings usual;
    if (settings == usual) {
        return;
    }
    proto::SetBridgeRequest request;
    request.set_bridge(name);
    if (settings.ageing_s != usual.ageing_s) {
        request.set_ageing(settings.ageing_s);
    }
    if (settings.mac_limit != usual.mac_limit) {
        request.set_mac_limit(settings.mac_limit);
    }
    if (settings.move_limit != usual.move_limit) {
        request.set_move_limit(settings.move_limit);
    }
    write_questions(settings.suppressed, request);
    emit("sluice.bridge.Bridges.Set", request);
}

void write_known(const Stations& known, const Table& table, const api::config::Emit& emit) {
    for (const Stations::StationInfo& station : known.stations()) {
        if (station.fixed && !station.own) {
            proto::AddStationRequest request;
            request.set_bridge(table.name_of(station.bridge));
            *request.mutable_mac() = to_api(station.mac);
            request.set_interface(table.name_of(station.interface));
            emit("sluice.bridge.Bridges.AddStation", request);
        }
    }
    for (const Stations::HostInfo& host : known.hosts()) {
        if (host.facts.fixed) {
            proto::AddHostRequest request;
            request.set_bridge(table.name_of(host.bridge));
            request.set_address(text_of(host.address));
            *request.mutable_mac() = to_api(MacAddress::from_uint64(host.facts.mac));
            if (host.facts.router) {
                request.set_router(true);
            }
            emit("sluice.bridge.Bridges.AddHost", request);
        }
    }
}

void write_config(const Bridges& bridges, const Table& table, const api::config::Emit& emit) {
    for (const Bridges::BridgeInfo& bridge : bridges.bridges()) {
        proto::AddBridgeRequest request;
        request.set_name(table.name_of(bridge.bridge));
        if (bridge.asked_mac) {
            *request.mutable_mac() = to_api(*bridge.asked_mac);
        }
        emit("sluice.bridge.Bridges.Add", request);
        write_settings(request.name(), bridge.settings, emit);
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
    write_known(bridges.known(), table, emit);
}

proto::Bridge describe(const Bridges::BridgeInfo& bridge, const Table& table) {
    proto::Bridge message;
    message.set_name(table.name_of(bridge.bridge));
    message.set_ports(uint32_t(bridge.ports));
    message.set_learned(uint32_t(bridge.figures.learned));
    message.set_mac_limit(bridge.settings.mac_limit);
    message.set_ageing(bridge.settings.ageing_s);
    message.set_refused(bridge.figures.refused);
    message.set_moves(bridge.figures.moves);
    message.set_moves_refused(bridge.figures.moves_refused);
    if (bridge.settings.move_limit != 0) {
        message.set_move_limit(bridge.settings.move_limit);
    }
    write_questions(bridge.settings.suppressed, message);
    message.set_hosts(uint32_t(bridge.figures.hosts));
    message.set_hosts_refused(bridge.figures.hosts_refused);
    message.set_arp_answered(bridge.answered.arp);
    message.set_nd_answered(bridge.answered.nd);
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

proto::Station describe(const Stations::StationInfo& known, const Table& table) {
    proto::Station message;
    message.set_bridge(table.name_of(known.bridge));
    *message.mutable_mac() = to_api(known.mac);
    message.set_interface(table.name_of(known.interface));
    if (known.own) {
        message.set_kind(proto::STATION_KIND_ROUTER);
    } else if (known.fixed) {
        message.set_kind(proto::STATION_KIND_FIXED);
    } else {
        message.set_kind(known.held ? proto::STATION_KIND_HELD : proto::STATION_KIND_LEARNED);
        message.set_age(known.age_s);
    }
    return message;
}

proto::Host describe(const Stations::HostInfo& host, const Table& table) {
    proto::Host message;
    message.set_bridge(table.name_of(host.bridge));
    message.set_address(text_of(host.address));
    *message.mutable_mac() = to_api(MacAddress::from_uint64(host.facts.mac));
    if (host.facts.router) {
        message.set_router(true);
    }
    if (host.facts.fixed) {
        message.set_kind(proto::STATION_KIND_FIXED);
    } else {
        message.set_age(host.age_s);
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

absl::Status register_changes(vnet::plugin::Registry& registry, Bridges& bridges) {
    absl::Status status = add_change<proto::AddBridgeRequest>(
        registry, "sluice.bridge.Bridges.Add",
        [&bridges](const auto& request) { return add(bridges, request); });
    status.Update(add_change<proto::SetBridgeRequest>(
        registry, "sluice.bridge.Bridges.Set",
        [&bridges](const auto& request) { return set(bridges, request); }));
    status.Update(add_change<proto::ResetBridgeRequest>(
        registry, "sluice.bridge.Bridges.Reset",
        [&bridges](const auto& request) { return bridges.set(request.bridge(), {}); }));
    status.Update(add_change<proto::AddPortRequest>(
        registry, "sluice.bridge.Bridges.AddPort",
        [&bridges](const auto& request) { return add_port(bridges, request); }));
    status.Update(add_change<proto::DeletePortRequest>(
        registry, "sluice.bridge.Bridges.DeletePort",
        [&bridges](const auto& request) { return bridges.remove_port(request.interface()); }));
    status.Update(add_change<proto::ForgetRequest>(
        registry, "sluice.bridge.Bridges.Forget",
        [&bridges](const auto& request) { return bridges.forget(request.bridge()); }));
    return status;
}

absl::Status register_fixed(vnet::plugin::Registry& registry, Bridges& bridges) {
    absl::Status status = add_change<proto::AddStationRequest>(
        registry, "sluice.bridge.Bridges.AddStation", [&bridges](const auto& request) {
            return with_mac(request, [&](const auto& mac) {
                return bridges.add_station(request.bridge(), mac, request.interface());
            });
        });
    status.Update(add_change<proto::DeleteStationRequest>(
        registry, "sluice.bridge.Bridges.DeleteStation", [&bridges](const auto& request) {
            return with_mac(request, [&](const auto& mac) {
                return bridges.remove_station(request.bridge(), mac);
            });
        }));
    status.Update(add_change<proto::AddHostRequest>(
        registry, "sluice.bridge.Bridges.AddHost", [&bridges](const auto& request) {
            const auto address = parse_address(request.address());
            return !address.ok() ? address.status() : with_mac(request, [&](const auto& mac) {
                return bridges.add_host(request.bridge(), *address, mac, request.router());
            });
        }));
    status.Update(add_change<proto::DeleteHostRequest>(
        registry, "sluice.bridge.Bridges.DeleteHost", [&bridges](const auto& request) {
            const auto address = parse_address(request.address());
            return address.ok() ? bridges.remove_host(request.bridge(), *address)
                                : address.status();
        }));
    return status;
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Bridges& bridges) {
    registry.add_config([&bridges, &table = registry.interfaces()](const auto& emit) {
        write_config(bridges, table, emit);
    });
    absl::Status status = register_changes(registry, bridges);
    status.Update(register_fixed(registry, bridges));
    status.Update(add_list<proto::ListBridgesRequest, proto::Bridge>(
        registry, "sluice.bridge.Bridges.List", [&bridges] { return bridges.bridges(); }));
    status.Update(add_list<proto::ListPortsRequest, proto::Port>(
        registry, "sluice.bridge.Bridges.ListPorts", [&bridges] { return bridges.ports(); }));
    status.Update(add_list<proto::ListStationsRequest, proto::Station>(
        registry, "sluice.bridge.Bridges.ListStations",
        [&bridges] { return bridges.known().stations(); }));
    status.Update(add_list<proto::ListHostsRequest, proto::Host>(
        registry, "sluice.bridge.Bridges.ListHosts",
        [&bridges] { return bridges.known().hosts(); }));
    return status;
}

}  // namespace bridge
