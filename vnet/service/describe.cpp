// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/describe.hpp"

#include <chrono>
#include <string>

#include "vnet/service/convert.hpp"

namespace vnet::service {

namespace {
sluice::InterfaceState state(bool up) {
    return up ? sluice::INTERFACE_STATE_UP : sluice::INTERFACE_STATE_DOWN;
}
}  // namespace

sluice::Interface describe(const interface::Interface& interface, const ip4::Addresses& addresses) {
    sluice::Interface message;
    message.set_name(interface.name);
    message.set_kind(std::string(interface.device->kind()));
    message.set_state(state(interface.up));
    message.set_link(state(interface.link));
    *message.mutable_mac() = to_api(interface.mac);
    message.set_mtu(interface.mtu);
    for (const wire::Ip4Prefix& prefix : addresses.of(interface.index)) {
        *message.add_addresses() = to_api(prefix);
    }
    message.set_device(interface.device->description());
    message.set_index(interface.index);
    return message;
}

sluice::Neighbor describe(const neighbor::Table::Neighbor& neighbor, std::string_view interface) {
    sluice::Neighbor message;
    message.set_interface(std::string(interface));
    *message.mutable_address() = to_api(neighbor.address);
    if (neighbor.state != neighbor::State::incomplete) {
        *message.mutable_mac() = to_api(neighbor.mac);
    }
    message.set_state(std::string(neighbor::name(neighbor.state)));
    message.set_age(uint64_t(
        std::chrono::duration_cast<std::chrono::seconds>(neighbor::Clock::now() - neighbor.since)
            .count()));
    message.set_held(uint32_t(neighbor.held));
    return message;
}

void describe(const ip4::Fib::Match& match, bool used, std::string_view interface,
              sluice::Route& route) {
    // In place: where the message lies in an arena, so do its parts.
    route.mutable_prefix()->set_address(match.prefix.address().value());
    route.mutable_prefix()->set_length(match.prefix.length());
    const std::string_view source = ip4::name(match.route.source);
    route.set_source(source.data(), source.size());
    route.set_preference(match.route.preference);
    const std::string_view kind = ip4::name(match.route.via.kind);
    route.set_leads_to(kind.data(), kind.size());
    if (match.route.via.kind == ip4::Via::Kind::next_hop) {
        route.mutable_next_hop()->set_value(match.route.via.next_hop.value());
    }
    route.set_interface(interface.data(), interface.size());
    route.set_used(used);
}

}  // namespace vnet::service
