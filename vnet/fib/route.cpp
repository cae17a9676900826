// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/route.hpp"

namespace vnet::fib {

std::string_view name(RouteSource source) {
    switch (source) {
        case RouteSource::address:
            return "address";
        case RouteSource::configured:
            return "configured";
        case RouteSource::neighbor:
            return "neighbor";
        case RouteSource::loaded:
            return "loaded";
        case RouteSource::dhcp:
            return "dhcp";
        case RouteSource::translation:
            return "translation";
        case RouteSource::tunnel:
            return "tunnel";
    }
    return {};
}

uint8_t default_preference(RouteSource source) {
    switch (source) {
        case RouteSource::tunnel:
        case RouteSource::address:
            return 0;
        case RouteSource::configured:
            return 10;
        case RouteSource::neighbor:
            return 250;
        case RouteSource::loaded:
            return 20;
        case RouteSource::dhcp:
            return 100;
        case RouteSource::translation:
            return 5;
    }
    return 255;
}

std::string_view name(ViaKind kind) {
    switch (kind) {
        case ViaKind::next_hop:
            return "next-hop";
        case ViaKind::connected:
            return "connected";
        case ViaKind::local:
            return "local";
        case ViaKind::blackhole:
            return "blackhole";
        case ViaKind::prohibit:
            return "prohibit";
        case ViaKind::unreachable:
            return "unreachable";
        case ViaKind::broadcast:
            return "broadcast";
        case ViaKind::tunnel:
            return "tunnel";
        case ViaKind::vrf:
            return "vrf";
        case ViaKind::group:
            return "group";
    }
    return {};
}

}  // namespace vnet::fib
