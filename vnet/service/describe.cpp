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

sluice::Interface describe(const interface::Interface& interface, const ip4::Addresses& addresses,
                           const ip6::Addresses& addresses6, const ip6::LinkLocals& link_locals,
                           const std::string& vrf) {
    sluice::Interface message;
    message.set_name(interface.name);
    message.set_kind(std::string(interface.device->kind()));
    message.set_state(state(interface.up));
    message.set_link(state(interface.link));
    *message.mutable_mac() = to_api(interface.mac);
    message.set_mtu(interface.mtu);
    for (const wire::Ip4Prefix& prefix : addresses.of(interface.index)) {
        *message.add_addresses() = ip_to_api(prefix);
    }
    for (const wire::Ip6Prefix& prefix : addresses6.of(interface.index)) {
        if (!link_locals.is_automatic(interface.index, prefix.address())) {
            *message.add_addresses() = ip_to_api(prefix);
        }
    }
    message.set_device(interface.device->description());
    message.set_index(interface.index);
    message.set_vrf(vrf);
    message.set_promiscuous(interface.promiscuous != 0);
    return message;
}

template <class Address>
sluice::Neighbor describe(const neighbor::Neighbor<Address>& neighbor, std::string_view interface) {
    sluice::Neighbor message;
    message.set_interface(std::string(interface));
    *message.mutable_address() = ip_to_api(neighbor.address);
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
template sluice::Neighbor describe(const neighbor::Neighbor<wire::Ip4Address>&, std::string_view);
template sluice::Neighbor describe(const neighbor::Neighbor<wire::Ip6Address>&, std::string_view);

void describe(const fib::AnyRoute& route, bool used, std::string_view where, std::string_view vrf,
              sluice::Route& message) {
    // In place: where the message lies in an arena, so do its parts.
    sluice::IpPrefix& prefix = *message.mutable_prefix();
    if (route.place.is_ip6) {
        prefix.set_ip6(ip6_bytes(ip6::unscoped(route.place.prefix.address())));
        prefix.set_length(route.place.prefix.length());
    } else {
        const wire::Ip4Prefix ip4 = fib::ip4_prefix(route.place);
        prefix.set_ip4(ip4.address().value());
        prefix.set_length(ip4.length());
    }
    const std::string_view source = fib::name(route.source);
    message.set_source(source.data(), source.size());
    message.set_preference(route.preference);
    const std::string_view kind = fib::name(route.kind);
    message.set_leads_to(kind.data(), kind.size());
    if (route.kind == fib::ViaKind::next_hop) {
        route.place.is_ip6 ? message.mutable_next_hop()->set_ip6(ip6_bytes(route.next_hop))
                           : message.mutable_next_hop()->set_ip4(uint32_t(route.next_hop.low()));
    }
    if (route.kind == fib::ViaKind::vrf) {
        message.set_to_vrf(where.data(), where.size());
        where = "-";
    } else if (route.kind == fib::ViaKind::group) {
        message.set_group(where.data(), where.size());
        where = "-";
    }
    message.set_interface(where.data(), where.size());
    message.set_vrf(vrf.data(), vrf.size());
    message.set_used(used);
}

}  // namespace vnet::service
