// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plugins/nat44/session_filter.hpp"
#include "plugins/nat44/text.hpp"
#include "plugins/nat44/use_service.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/flow_match.hpp"
#include "vnet/service/session_lists.hpp"

namespace nat44 {

namespace {

namespace proto = sluice::nat44;
using vnet::flow::Flows;
using vnet::service::done;
using vnet::service::from_api;
using vnet::service::to_api;

constexpr uint32_t default_block_size = 256;

absl::StatusOr<Vrf> vrf_of(vnet::Router& router, bool given, const std::string& name) {
    return given ? router.vrfs().find(name) : absl::StatusOr<Vrf>(vnet::interface::default_vrf);
}

absl::StatusOr<uint16_t> port_of(uint32_t port) {
    if (port == 0 || port > most_port) {
        return absl::OutOfRangeError(fmt::format("port {} is out of range; give 1 to 65535", port));
    }
    return uint16_t(port);
}

// ---- pools ----

Filtering filtering_of(proto::Filtering filtering) {
    switch (filtering) {
        case proto::FILTERING_ENDPOINT_INDEPENDENT:
            return Filtering::endpoint_independent;
        case proto::FILTERING_ADDRESS_DEPENDENT:
            return Filtering::address_dependent;
        default:
            return Filtering::address_and_port_dependent;
    }
}

proto::Filtering filtering_of(Filtering filtering) {
    switch (filtering) {
        case Filtering::endpoint_independent:
            return proto::FILTERING_ENDPOINT_INDEPENDENT;
        case Filtering::address_dependent:
            return proto::FILTERING_ADDRESS_DEPENDENT;
        case Filtering::address_and_port_dependent:
            break;
    }
    return proto::FILTERING_ADDRESS_AND_PORT_DEPENDENT;
}

absl::StatusOr<PoolSettings> settings_of(vnet::Router& router, const proto::PoolRequest& request) {
    PoolSettings settings;
    settings.name = request.name();
    if (request.has_inside()) {
        const auto inside = from_api(request.inside());
        if (!inside.ok()) {
            return inside.status();
        }
        settings.inside = *inside;
    }
    const auto inside_vrf = vrf_of(router, request.has_inside_vrf(), request.inside_vrf());
    const auto vrf = vrf_of(router, request.has_vrf(), request.vrf());
    if (!inside_vrf.ok() || !vrf.ok()) {
        return inside_vrf.ok() ? vrf.status() : inside_vrf.status();
    }
    settings.inside_vrf = *inside_vrf;
    settings.outside_vrf = *vrf;
    settings.mapping = request.mapping() == proto::MAPPING_ENDPOINT_INDEPENDENT
                           ? MappingKind::endpoint_independent
                           : MappingKind::endpoint_dependent;
    settings.filtering = filtering_of(request.filtering());
    if (settings.filtering != Filtering::address_and_port_dependent &&
        settings.mapping != MappingKind::endpoint_independent) {
        return absl::InvalidArgumentError(fmt::format(
            "{} can speak to an open port only where mapping is endpoint-independent too",
            settings.filtering == Filtering::endpoint_independent
                ? "anybody"
                : "an address that was spoken to"));
    }
    const auto ends = {request.has_first_port() ? request.first_port() : settings.ports.first,
                       request.has_last_port() ? request.last_port() : settings.ports.last};
    for (const uint32_t port : ends) {
        if (auto status = port_of(port).status(); !status.ok()) {
            return status;
        }
    }
    settings.ports = {uint16_t(*ends.begin()), uint16_t(*(ends.begin() + 1))};
    const bool blocks = request.allocation() == proto::ALLOCATION_BLOCKS;
    if ((request.has_block_size() || request.has_blocks_per_host()) && !blocks) {
        return absl::InvalidArgumentError(
            "the size and number of blocks are for a pool whose allocation is `blocks`");
    }
    if (request.has_block_size() && request.block_size() == 0) {
        // Not said, it would mean that there are none.
        return PortBlocks::check_size(0);
    }
    settings.deterministic = request.allocation() == proto::ALLOCATION_DETERMINISTIC;
    settings.block_size = !blocks                    ? 0
                          : request.has_block_size() ? request.block_size()
                                                     : default_block_size;
    settings.blocks_per_host = request.has_blocks_per_host() ? request.blocks_per_host() : 1;
    settings.sessions_per_host = request.sessions_per_host();
    settings.new_sessions_per_second = request.new_sessions_per_second();
    settings.hold_down_s =
        request.has_hold_down() ? request.hold_down() : settings.default_hold_down_s();
    if (request.has_hold_down_ports() &&
        (request.hold_down_ports() == 0 || settings.hold_down_s == 0)) {
        return absl::InvalidArgumentError(
            settings.hold_down_s == 0
                ? "ports are held by this pool only where hold-down says for how long"
                : "at least one port is held; give hold-down 0 to hold none");
    }
    settings.hold_down_ports = request.hold_down_ports();
    return settings;
}

proto::PoolRequest request_of(vnet::Router& router, const PoolSettings& settings) {
    proto::PoolRequest request;
    request.set_name(settings.name);
    *request.mutable_inside() = to_api(settings.inside);
    request.set_inside_vrf(router.vrfs().name_of(settings.inside_vrf));
    request.set_vrf(router.vrfs().name_of(settings.outside_vrf));
    request.set_mapping(settings.mapping == MappingKind::endpoint_independent
                            ? proto::MAPPING_ENDPOINT_INDEPENDENT
                            : proto::MAPPING_ENDPOINT_DEPENDENT);
    request.set_filtering(filtering_of(settings.filtering));
    request.set_allocation(settings.deterministic     ? proto::ALLOCATION_DETERMINISTIC
                           : settings.block_size != 0 ? proto::ALLOCATION_BLOCKS
                                                      : proto::ALLOCATION_SHARED);
    request.set_first_port(settings.ports.first);
    request.set_last_port(settings.ports.last);
    if (settings.block_size != 0) {
        request.set_block_size(settings.block_size);
        request.set_blocks_per_host(settings.blocks_per_host);
    }
    request.set_sessions_per_host(settings.sessions_per_host);
    request.set_new_sessions_per_second(settings.new_sessions_per_second);
    if (settings.hold_down_s != settings.default_hold_down_s()) {
        request.set_hold_down(settings.hold_down_s);
    }
    if (settings.hold_down_ports != 0) {
        request.set_hold_down_ports(settings.hold_down_ports);
    }
    return request;
}

AddressRange range_of(const proto::AddressRequest& request) {
    const Ip4Address first = from_api(request.first());
    return {first, request.has_last() ? from_api(request.last()) : first};
}

// ---- static mappings ----

absl::StatusOr<StaticMapping> mapping_of(vnet::Router& router,
                                         const proto::StaticRequest& request) {
    const auto inside_vrf = vrf_of(router, request.has_inside_vrf(), request.inside_vrf());
    const auto vrf = vrf_of(router, request.has_vrf(), request.vrf());
    if (!inside_vrf.ok() || !vrf.ok()) {
        return inside_vrf.ok() ? vrf.status() : inside_vrf.status();
    }
    StaticMapping mapping;
    mapping.outside = from_api(request.outside());
    mapping.outside_vrf = *vrf;
    mapping.inside_vrf = *inside_vrf;
    mapping.targets.push_back({from_api(request.inside()), 0, 1});
    return mapping;
}

template <class Request>
absl::StatusOr<StaticMapping> forward_of(vnet::Router& router, const Request& request) {
    const auto protocol = vnet::service::parse_protocol(request.protocol());
    if (!protocol.ok()) {
        return protocol.status();
    }
    if (*protocol != vnet::wire::IpProtocol::tcp && *protocol != vnet::wire::IpProtocol::udp) {
        return absl::InvalidArgumentError(
            fmt::format("ports of '{}' cannot be forwarded; give tcp or udp", request.protocol()));
    }
    const auto port = port_of(request.port());
    const auto inside_port = port_of(request.inside_port());
    const auto vrf = vrf_of(router, request.has_vrf(), request.vrf());
    for (const absl::Status& status : {port.status(), inside_port.status(), vrf.status()}) {
        if (!status.ok()) {
            return status;
        }
    }
    StaticMapping mapping;
    mapping.outside = from_api(request.outside());
    mapping.port = *port;
    mapping.protocol = uint8_t(*protocol);
    mapping.outside_vrf = *vrf;
    mapping.targets.push_back({from_api(request.inside()), *inside_port, 1});
    return mapping;
}

absl::Status add_forward(vnet::Router& router, Nat& nat, const proto::ForwardRequest& request) {
    auto mapping = forward_of(router, request);
    const auto inside_vrf = vrf_of(router, request.has_inside_vrf(), request.inside_vrf());
    if (!mapping.ok() || !inside_vrf.ok()) {
        return mapping.ok() ? inside_vrf.status() : mapping.status();
    }
    mapping->inside_vrf = *inside_vrf;
    mapping->affinity = request.affinity();
    mapping->twice = request.twice_nat();
    mapping->targets.front().weight = request.has_weight() ? request.weight() : 1;
    return nat.add_forward(*mapping);
}

// ---- exempts ----

absl::StatusOr<Exempt> exempt_of(vnet::Router& router, const proto::ExemptRequest& request) {
    Exempt exempt;
    const auto vrf = vrf_of(router, request.has_vrf(), request.vrf());
    const auto destination = from_api(request.destination());
    if (!vrf.ok() || !destination.ok()) {
        return vrf.ok() ? destination.status() : vrf.status();
    }
    exempt.outside_vrf = *vrf;
    exempt.destination = *destination;
    if (request.has_protocol()) {
        const auto protocol = vnet::service::parse_protocol(request.protocol());
        if (!protocol.ok()) {
            return protocol.status();
        }
        exempt.protocol = uint8_t(*protocol);
    }
    if (request.has_port()) {
        const auto ports = PortRange::parse(request.port());
        if (!ports.ok()) {
            return ports.status();
        }
        exempt.ports = *ports;
    }
    return exempt;
}

proto::ExemptRequest request_of(vnet::Router& router, const Exempt& exempt) {
    proto::ExemptRequest request;
    *request.mutable_destination() = to_api(exempt.destination);
    if (exempt.protocol) {
        request.set_protocol(protocol_word(*exempt.protocol));
    }
    if (exempt.ports) {
        request.set_port(exempt.ports->to_string());
    }
    request.set_vrf(router.vrfs().name_of(exempt.outside_vrf));
    return request;
}

// ---- the running configuration ----

/// In an order that is the same after a restart, when indexes may be others.
template <class Value>
std::map<std::string, Value> by_name(vnet::Router& router, const std::map<Index, Value>& values) {
    std::map<std::string, Value> named;
    for (const auto& [interface, value] : values) {
        named.emplace(router.interfaces().name_of(interface), value);
    }
    return named;
}

void write_config(vnet::Router& router, const Nat& nat, const api::config::Emit& emit) {
    const auto name_of = [&](Vrf vrf) { return router.vrfs().name_of(vrf); };
    for (const auto& [name, pool] : nat.pools()) {
        emit("sluice.nat44.Nat44.AddPool", request_of(router, pool.settings));
        for (const AddressRange& range : pool.ranges) {
            proto::AddressRequest request;
            request.set_pool(name);
            *request.mutable_first() = to_api(range.first);
            if (range.first != range.last) {
                *request.mutable_last() = to_api(range.last);
            }
            emit("sluice.nat44.Nat44.AddAddress", request);
        }
        for (const auto& [interface, address] : by_name(router, pool.interfaces)) {
            proto::InterfaceAddressRequest request;
            request.set_pool(name);
            request.set_interface(interface);
            emit("sluice.nat44.Nat44.AddInterfaceAddress", request);
        }
        if (pool.threshold != Threshold()) {
            proto::ThresholdRequest request;
            request.set_pool(name);
            request.set_high(pool.threshold.high);
            if (pool.threshold.low != Threshold::default_low(pool.threshold.high)) {
                request.set_low(pool.threshold.low);
            }
            emit("sluice.nat44.Nat44.SetThreshold", request);
        }
    }
    for (const auto& [place, mapping] : nat.statics()) {
        if (mapping.is_one_to_one()) {
            proto::StaticRequest request;
            *request.mutable_outside() = to_api(mapping.outside);
            *request.mutable_inside() = to_api(mapping.targets.front().address);
            request.set_inside_vrf(name_of(mapping.inside_vrf));
            request.set_vrf(name_of(mapping.outside_vrf));
            emit("sluice.nat44.Nat44.AddStatic", request);
            continue;
        }
        for (const Target& target : mapping.targets) {
            proto::ForwardRequest request;
            request.set_protocol(protocol_text(mapping.protocol));
            *request.mutable_outside() = to_api(mapping.outside);
            request.set_port(mapping.port);
            *request.mutable_inside() = to_api(target.address);
            request.set_inside_port(target.port);
            request.set_weight(target.weight);
            request.set_affinity(mapping.affinity);
            request.set_twice_nat(mapping.twice);
            request.set_inside_vrf(name_of(mapping.inside_vrf));
            request.set_vrf(name_of(mapping.outside_vrf));
            emit("sluice.nat44.Nat44.AddForward", request);
        }
    }
    for (const auto& [exempt, entry] : nat.exempts()) {
        emit("sluice.nat44.Nat44.AddExempt", request_of(router, exempt));
    }
    for (const auto& [interface, role] : by_name(router, nat.roles())) {
        proto::SetInterfaceRequest request;
        request.set_name(interface);
        request.set_role(role == Role::inside ? proto::ROLE_INSIDE : proto::ROLE_OUTSIDE);
        emit("sluice.nat44.Nat44.SetInterface", request);
    }
}

// ---- what there is ----

std::vector<proto::PoolState> pools(vnet::Router& router, const Nat& nat) {
    std::vector<proto::PoolState> all;
    for (const auto& [name, pool] : nat.pools()) {
        proto::PoolState& state = all.emplace_back();
        const proto::PoolRequest request = request_of(router, pool.settings);
        state.set_name(name);
        *state.mutable_inside() = request.inside();
        state.set_mapping(request.mapping());
        state.set_allocation(request.allocation());
        std::string addresses;
        const auto add = [&addresses](const std::string& more) {
            addresses += (addresses.empty() ? "" : ", ") + more;
        };
        for (const AddressRange& range : pool.ranges) {
            add(range.to_string());
        }
        for (const auto& [interface, address] : by_name(router, pool.interfaces)) {
            add(fmt::format("{} ({})", interface,
                            address.is_unspecified() ? "no address" : address.to_string()));
        }
        state.set_addresses(addresses.empty() ? "-" : addresses);
        const PoolUse use = nat.use_of(pool);
        state.set_hosts(use.hosts);
        state.set_sessions(use.sessions);
        state.set_refused(use.refused_in_all());
    }
    return all;
}

std::vector<proto::StaticState> statics(const Nat& nat) {
    std::vector<proto::StaticState> all;
    for (const auto& [place, mapping] : nat.statics()) {
        for (const Target& target : mapping.targets) {
            proto::StaticState& state = all.emplace_back();
            *state.mutable_outside() = to_api(mapping.outside);
            state.set_port(mapping.port);
            state.set_protocol(mapping.is_one_to_one() ? "all" : protocol_text(mapping.protocol));
            *state.mutable_inside() = to_api(target.address);
            state.set_inside_port(target.port);
            state.set_weight(target.weight);
        }
    }
    return all;
}

std::vector<proto::ExemptState> exempts(vnet::Router& router, const Nat& nat) {
    std::vector<proto::ExemptState> all;
    for (const auto& [exempt, entry] : nat.exempts()) {
        proto::ExemptState& state = all.emplace_back();
        const proto::ExemptRequest request = request_of(router, exempt);
        *state.mutable_destination() = request.destination();
        state.set_protocol(request.has_protocol() ? request.protocol() : "all");
        state.set_port(request.has_port() ? request.port() : "all");
        state.set_vrf(request.vrf());
        state.set_packets(nat.packets_of(entry));
    }
    return all;
}

void describe(vnet::Router& router, const Flows::Found& found, proto::SessionState& state) {
    const SessionView view(found.session);
    state.set_protocol(protocol_text(view.protocol));
    state.set_inside(text(view.inside));
    state.set_outside(text(view.outside));
    state.set_remote(text(view.remote));
    state.set_timer(std::string(name(found.session.timer)));
    state.set_idle(uint32_t(router.flows().idle_seconds(found.session)));
    state.set_left(uint32_t(router.flows().left_seconds(found.session)));
    state.set_packets_out(view.packets_out);
    state.set_packets_in(view.packets_in);
    state.set_worker(found.worker);
    state.set_inside_vrf(router.vrfs().name_of(view.inside_vrf));
}

// ---- methods ----

/// Names the request of a method.
template <class Request>
struct As {};

absl::Status add_settings(vnet::plugin::Registry& registry, Nat& nat) {
    const auto add = [&]<class Request>(As<Request>, const char* method, auto handler) {
        return registry.add_unary<Request, sluice::Empty>(
            std::string("sluice.nat44.Nat44.") + method,
            [handler](const Request& request) { return done(handler(request)); });
    };
    vnet::Router& router = registry.router();
    absl::Status status =
        add(As<proto::SetInterfaceRequest>(), "SetInterface", [&nat](const auto& request) {
            return nat.set_role(request.name(), request.role() == proto::ROLE_OUTSIDE
                                                    ? Role::outside
                                                    : Role::inside);
        });
    status.Update(add(As<proto::ResetInterfaceRequest>(), "ResetInterface",
                      [&nat](const auto& request) { return nat.reset_role(request.name()); }));
    status.Update(add(As<proto::PoolRequest>(), "AddPool", [&nat, &router](const auto& request) {
        const auto settings = settings_of(router, request);
        return settings.ok() ? nat.add_pool(*settings) : settings.status();
    }));
    status.Update(add(As<proto::DeletePoolRequest>(), "DeletePool",
                      [&nat](const auto& request) { return nat.remove_pool(request.name()); }));
    status.Update(add(As<proto::ThresholdRequest>(), "SetThreshold", [&nat](const auto& request) {
        const uint32_t low =
            request.has_low() ? request.low() : Threshold::default_low(request.high());
        return nat.set_threshold(request.pool(), {request.high(), low});
    }));
    status.Update(add(
        As<proto::ResetThresholdRequest>(), "ResetThreshold",
        [&nat](const auto& request) { return nat.set_threshold(request.pool(), Threshold()); }));
    status.Update(add(As<proto::AddressRequest>(), "AddAddress", [&nat](const auto& request) {
        return nat.add_addresses(request.pool(), range_of(request));
    }));
    status.Update(add(As<proto::AddressRequest>(), "DeleteAddress", [&nat](const auto& request) {
        return nat.remove_addresses(request.pool(), range_of(request));
    }));
    status.Update(add(As<proto::InterfaceAddressRequest>(), "AddInterfaceAddress",
                      [&nat](const auto& request) {
                          return nat.add_interface(request.pool(), request.interface());
                      }));
    status.Update(add(As<proto::InterfaceAddressRequest>(), "DeleteInterfaceAddress",
                      [&nat](const auto& request) {
                          return nat.remove_interface(request.pool(), request.interface());
                      }));
    status.Update(
        add(As<proto::StaticRequest>(), "AddStatic", [&nat, &router](const auto& request) {
            const auto mapping = mapping_of(router, request);
            return mapping.ok() ? nat.add_static(*mapping) : mapping.status();
        }));
    status.Update(
        add(As<proto::DeleteStaticRequest>(), "DeleteStatic", [&nat, &router](const auto& request) {
            const auto vrf = vrf_of(router, request.has_vrf(), request.vrf());
            return vrf.ok() ? nat.remove_static(*vrf, from_api(request.outside())) : vrf.status();
        }));
    status.Update(
        add(As<proto::ForwardRequest>(), "AddForward",
            [&nat, &router](const auto& request) { return add_forward(router, nat, request); }));
    status.Update(add(As<proto::DeleteForwardRequest>(), "DeleteForward",
                      [&nat, &router](const auto& request) {
                          const auto mapping = forward_of(router, request);
                          return mapping.ok() ? nat.remove_forward(*mapping) : mapping.status();
                      }));
    status.Update(
        add(As<proto::ExemptRequest>(), "AddExempt", [&nat, &router](const auto& request) {
            const auto exempt = exempt_of(router, request);
            return exempt.ok() ? nat.add_exempt(*exempt) : exempt.status();
        }));
    status.Update(
        add(As<proto::ExemptRequest>(), "DeleteExempt", [&nat, &router](const auto& request) {
            const auto exempt = exempt_of(router, request);
            return exempt.ok() ? nat.remove_exempt(*exempt) : exempt.status();
        }));
    return status;
}

absl::Status add_lists(vnet::plugin::Registry& registry, Nat& nat) {
    vnet::Router& router = registry.router();
    absl::Status status = registry.add_list<proto::ListRequest, proto::PoolState>(
        "sluice.nat44.Nat44.ListPools",
        [&](const auto&) -> absl::StatusOr<api::ItemSource<proto::PoolState>> {
            return api::items(pools(router, nat));
        });
    status.Update(registry.add_list<proto::ListRequest, proto::StaticState>(
        "sluice.nat44.Nat44.ListStatics",
        [&nat](const auto&) -> absl::StatusOr<api::ItemSource<proto::StaticState>> {
            return api::items(statics(nat));
        }));
    status.Update(registry.add_list<proto::ListRequest, proto::ExemptState>(
        "sluice.nat44.Nat44.ListExempts",
        [&](const auto&) -> absl::StatusOr<api::ItemSource<proto::ExemptState>> {
            return api::items(exempts(router, nat));
        }));
    return status;
}

/// Registers a method that looks for sessions: `make` turns a search for those that are meant into
/// items.
template <class Item, class Make>
absl::Status add_search(vnet::plugin::Registry& registry, vnet::flow::OwnerId owner,
                        const char* method, const Make& make) {
    vnet::Router& router = registry.router();
    return registry.add_search<proto::SessionFilter, Item>(
        std::string("sluice.nat44.Nat44.") + method,
        [&router, owner, make](const auto& request) -> absl::StatusOr<api::SearchSource<Item>> {
            const auto filter = SessionFilter::make(router, request);
            if (!filter.ok()) {
                return filter.status();
            }
            return make(search_for(router.flows(), owner, *filter));
        });
}

absl::Status add_searches(vnet::plugin::Registry& registry, vnet::flow::OwnerId owner) {
    vnet::Router& router = registry.router();
    const auto answer = [](uint64_t sessions, proto::SessionCount& counted) {
        counted.set_sessions(sessions);
    };
    absl::Status status = add_search<proto::SessionState>(
        registry, owner, "ListSessions", [&router](vnet::flow::Search search) {
            return vnet::service::list_sessions<proto::SessionState>(
                std::move(search), [&router](const Flows::Found& found, auto& state) {
                    describe(router, found, state);
                });
        });
    status.Update(add_search<proto::SessionCount>(
        registry, owner, "CountSessions", [answer](vnet::flow::Search search) {
            return vnet::service::count_sessions<proto::SessionCount>(std::move(search), answer);
        }));
    status.Update(add_search<proto::SessionCount>(
        registry, owner, "ClearSessions", [&router, answer](vnet::flow::Search search) {
            return vnet::service::end_sessions<proto::SessionCount>(
                {router.flows(), router.engine(), std::move(search)}, answer);
        }));
    return status;
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Nat& nat) {
    vnet::Router& router = registry.router();
    registry.add_config(
        [&router, &nat](const api::config::Emit& emit) { write_config(router, nat, emit); });
    absl::Status status = add_settings(registry, nat);
    status.Update(add_lists(registry, nat));
    status.Update(add_searches(registry, nat.owner()));
    status.Update(register_use_service(registry, nat));
    return status;
}

}  // namespace nat44
