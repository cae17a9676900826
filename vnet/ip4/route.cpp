// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/route.hpp"

namespace vnet::ip4 {

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
    }
    return {};
}

uint8_t default_preference(RouteSource source) {
    switch (source) {
        case RouteSource::address:
            return 0;
        case RouteSource::configured:
            return 10;
        case RouteSource::neighbor:
            return 250;
        case RouteSource::loaded:
            return 20;
    }
    return 255;
}

std::string_view name(Via::Kind kind) {
    switch (kind) {
        case Via::Kind::next_hop:
            return "next-hop";
        case Via::Kind::connected:
            return "connected";
        case Via::Kind::local:
            return "local";
        case Via::Kind::blackhole:
            return "blackhole";
        case Via::Kind::prohibit:
            return "prohibit";
        case Via::Kind::unreachable:
            return "unreachable";
        case Via::Kind::broadcast:
            return "broadcast";
    }
    return {};
}

}  // namespace vnet::ip4
