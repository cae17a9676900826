// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vnet/events/monitor.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/packet_text.hpp"

namespace vnet::events {

namespace {

struct Words {
    sluice::EventTopic topic;
    std::string subject;
    std::string what;
};

std::string text(const sluice::IpPrefix& prefix) {
    return service::with_prefix(
               prefix,
               [](const auto& value) { return absl::StatusOr<std::string>(value.to_string()); })
        .value_or("-");
}

std::string text(const sluice::IpAddress& address) {
    return service::with_address(
               address,
               [](const auto& value) { return absl::StatusOr<std::string>(value.to_string()); })
        .value_or("-");
}

std::string text(const sluice::MacAddress& mac) {
    return fmt::format("{}", wire::MacAddress::from_uint64(mac.value()));
}

const char* text(sluice::InterfaceState state) {
    return state == sluice::INTERFACE_STATE_UP ? "up" : "down";
}

/// What people are told who have VRFs.
std::string in_vrf(const std::string& name) {
    return name == vrf::Vrfs::default_name ? "" : ", in VRF " + name;
}

Words words(const sluice::Interface& interface) {
    return {
        sluice::EVENT_TOPIC_INTERFACE, interface.name(),
        fmt::format("{}, link {}, MTU {}, {}{}", text(interface.state()), text(interface.link()),
                    interface.mtu(), text(interface.mac()), in_vrf(interface.vrf()))};
}

Words words(const sluice::InterfaceAddress& address) {
    return {sluice::EVENT_TOPIC_ADDRESS, text(address.prefix()),
            fmt::format("on {}", address.interface())};
}

Words words(const sluice::Neighbor& neighbor) {
    return {sluice::EVENT_TOPIC_NEIGHBOR, text(neighbor.address()),
            fmt::format("at {} on {}, {}", text(neighbor.mac()), neighbor.interface(),
                        neighbor.state())};
}

Words words(const sluice::Route& route) {
    const std::string to = route.has_next_hop() ? "via " + text(route.next_hop())
                           : route.has_to_vrf() ? "lookup-in " + route.to_vrf()
                           : route.has_group()  ? "via group " + route.group()
                                                : route.leads_to();
    const std::string by = route.interface() == "-" ? "" : " by " + route.interface();
    return {sluice::EVENT_TOPIC_ROUTE, text(route.prefix()),
            fmt::format("{} {}{}{}{}", route.source(), to, by, in_vrf(route.vrf()),
                        route.used() ? "" : ", not used")};
}

Words words(const sluice::NextHop& next_hop) {
    if (next_hop.has_group()) {
        const std::string by = next_hop.interface() == "-" ? "" : " by " + next_hop.interface();
        return {sluice::EVENT_TOPIC_NEXT_HOP, text(next_hop.address()),
                fmt::format("of group {}, {}{}{}", next_hop.group(), next_hop.state(), by,
                            in_vrf(next_hop.vrf()))};
    }
    return {sluice::EVENT_TOPIC_NEXT_HOP, text(next_hop.address()),
            (next_hop.interface() == "-" ? "there is no way to it" : "by " + next_hop.interface()) +
                in_vrf(next_hop.vrf())};
}

Words words(const sluice::Plugin& plugin) {
    const char* const state = plugin.state() == sluice::PLUGIN_STATE_LOADED    ? "loaded"
                              : plugin.state() == sluice::PLUGIN_STATE_REFUSED ? "refused"
                                                                               : "not loaded";
    return {sluice::EVENT_TOPIC_PLUGIN, plugin.name(),
            plugin.reason().empty() ? state : fmt::format("{}: {}", state, plugin.reason())};
}

Words words(const sluice::Resource& resource) {
    std::string what;
    switch (resource.state()) {
        case sluice::RESOURCE_STATE_EXHAUSTED:
            what = fmt::format("exhausted, {} refused", resource.refused());
            break;
        case sluice::RESOURCE_STATE_HIGH:
            what = "nearly used up";
            break;
        default:
            what = "enough";
    }
    if (resource.total() != 0) {
        what += fmt::format(", {} of {} in use", resource.used(), resource.total());
    }
    return {sluice::EVENT_TOPIC_RESOURCE,
            fmt::format("{} {} {}", resource.owner(), resource.name(), resource.what()), what};
}

Words words(const sluice::Event& event) {
    switch (event.body_case()) {
        case sluice::Event::kInterface:
            return words(event.interface());
        case sluice::Event::kAddress:
            return words(event.address());
        case sluice::Event::kNeighbor:
            return words(event.neighbor());
        case sluice::Event::kRoute:
            return words(event.route());
        case sluice::Event::kNextHop:
            return words(event.next_hop());
        case sluice::Event::kPlugin:
            return words(event.plugin());
        case sluice::Event::kResource:
            return words(event.resource());
        case sluice::Event::BODY_NOT_SET:
            break;
    }
    return {};
}

}  // namespace

sluice::EventLine line_of(const sluice::Event& event) {
    const Words said = words(event);
    sluice::EventLine line;
    line.set_time(service::time_text(event.time_ns()));
    line.set_topic(said.topic);
    line.set_change(event.change());
    line.set_subject(said.subject);
    line.set_what(said.what);
    line.set_sequence(event.sequence());
    return line;
}

}  // namespace vnet::events
