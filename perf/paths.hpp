// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <string_view>
#include <vector>

#include "vnet/router.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/mac.hpp"

namespace perf {

/// The interfaces that every path runs between: packets are handed to ethernet-input as if `in` had
/// received them, and leave by `out`, which discards them.
struct Ends {
    vnet::interface::Index in;
    vnet::interface::Index out;
};

/// What discards them: an interface of kind "null", or DPDK's null driver behind a port, whose way
/// of freeing buffers one by one is part of the figure then.
enum class Out { null, port };

/// Ethernet addresses that packets are sent from and to, one of each drawn at random for a packet.
struct Macs {
    std::vector<vnet::wire::MacAddress> sources;
    std::vector<vnet::wire::MacAddress> destinations;
};

/// One benchmark of the real graph.
struct Path {
    std::string_view name;
    std::string_view meaning;
    /// Sets up addresses, routes, features.
    std::function<absl::Status(vnet::Router&, const Ends&)> set_up;
    /// Destinations of IPv4 packets, taken in turn.
    std::function<std::vector<vnet::wire::Ip4Address>()> destinations;
    /// The interface that packets come back by which left on the way: its queue is polled, and
    /// that is part of the path, until all are back. Empty: none do.
    std::string_view back_by = {};
    /// The node that packets are handed to.
    std::string_view first_node = "ethernet-input";
    /// Empty: all packets come from one station and are for the router.
    std::function<Macs()> macs = {};
    /// Of IPv6 packets; empty: they are IPv4.
    std::function<std::vector<vnet::wire::Ip6Address>()> destinations6 = {};
    /// Bytes of each packet where nothing else is asked for.
    unsigned size = 60;
    /// What else the generator does to a packet, which has its number: tags, another protocol, a
    /// part of a datagram.
    std::function<void(graph::Packet&, uint64_t number)> shape = {};
};

/// The fixed neighbour behind `out`.
inline constexpr vnet::wire::Ip4Address out_gateway(10, 0, 2, 2);

const std::vector<Path>& paths();

/// Makes the two ends, up, with addresses and one fixed neighbour behind `out`.
absl::StatusOr<Ends> make_ends(vnet::Router& router, Out out);

}  // namespace perf
