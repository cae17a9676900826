// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/counter.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fragment/ports.hpp"
#include "vnet/wire/port_range.hpp"

namespace policy_routing {

using vnet::fragment::Ports;
using vnet::wire::PortRange;

/// What a rule asks of packets of one family; what is left out matches all.
template <class Family>
struct Match {
    std::optional<typename Family::Prefix> from;
    std::optional<typename Family::Prefix> to;
    std::optional<uint8_t> protocol;
    std::optional<PortRange> source_ports;
    std::optional<PortRange> destination_ports;
    /// 0 to 63.
    std::optional<uint8_t> dscp;

    bool asks_for_ports() const noexcept { return source_ports || destination_ports; }
    /// The packet's upper layer is looked at.
    bool asks_for_upper() const noexcept { return protocol || asks_for_ports(); }

    /// `ports` are looked at where the rule asks for them.
    bool matches(typename Family::Address source, typename Family::Address destination,
                 uint8_t class_of_packet, const Ports& ports) const noexcept {
        if ((from && !from->contains(source)) || (to && !to->contains(destination)) ||
            (dscp && *dscp != class_of_packet) || (protocol && *protocol != ports.protocol)) {
            return false;
        }
        if (!asks_for_ports()) {
            return true;
        }
        return ports.has(vnet::fragment::ports_flag::known) &&
               (!source_ports || source_ports->contains(ports.source)) &&
               (!destination_ports || destination_ports->contains(ports.destination));
    }
};

/// What one worker counts for a rule.
struct alignas(64) RuleCounters {
    graph::Counter packets;
    graph::Counter bytes;
};
/// By worker; the last is for dry runs.
using Counts = std::vector<RuleCounters>;

/// A rule as workers see it.
template <class Family>
struct Rule {
    uint32_t number;
    Match<Family> match;
    vnet::fib::PathIndex path;
    std::shared_ptr<Counts> counts;
};

/// The rules of an interface and a family, in order of their numbers. Never changed once workers
/// see it.
template <class Family>
struct RuleList {
    std::vector<Rule<Family>> rules;
    /// Packets carry their ports: some rule asks for the upper layer.
    bool asks_for_upper = false;
};

}  // namespace policy_routing
