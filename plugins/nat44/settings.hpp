// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/nat44/ports.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/ip4.hpp"

namespace nat44 {

using vnet::interface::Vrf;
using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;

/// How outside ports depend on whom a host speaks with (RFC 4787 4.1).
enum class MappingKind : uint8_t {
    /// A port serves several hosts, as long as they speak with different ones: for scale.
    endpoint_dependent,
    /// An inside address and port has one outside address and port, whomever it speaks with.
    endpoint_independent,
};
/// Who may speak to a mapped port that is endpoint-independent (RFC 4787 5).
enum class Filtering : uint8_t {
    /// Whoever was spoken to.
    address_and_port_dependent,
    /// Anybody.
    endpoint_independent,
    /// Whoever has an address that was spoken to.
    address_dependent,
};

/// What an operator says of a pool.
struct PoolSettings {
    std::string name;
    MappingKind mapping = MappingKind::endpoint_dependent;
    Filtering filtering = Filtering::address_and_port_dependent;
    /// Whom it is for: hosts of this network, and this VRF. Of several pools that would do, that of
    /// the longest prefix is taken.
    Ip4Prefix inside;
    Vrf inside_vrf = vnet::interface::default_vrf;
    /// Where its addresses are: packets that leave by an outside interface of this VRF.
    Vrf outside_vrf = vnet::interface::default_vrf;
    PortRange ports = unprivileged_ports;
    /// Ports of a block that one host has for itself, a power of two; 0: all share all.
    uint32_t block_size = 0;
    /// Blocks that a host may have, 1 to Host::most_blocks.
    uint32_t blocks_per_host = 1;
    /// Each host has its address and ports by arithmetic (RFC 7422); the pool has one range.
    bool deterministic = false;
    /// Sessions that a host may have; 0: no limit.
    uint32_t sessions_per_host = 0;
    /// Sessions that a host may begin in a second, as many at once after a pause; 0: no limit.
    uint32_t new_sessions_per_second = 0;
    /// How long a UDP port of an endpoint-independent mapping, or a block, is nobody else's when it
    /// was given back (RFC 6888 REQ-8), in seconds; 0: not at all.
    uint32_t hold_down_s = 0;
    /// Ports of an address that are held so at most; 0: half of them.
    uint32_t hold_down_ports = 0;

    /// How long that is where nobody says otherwise. RFC 6888 REQ-8 lets a port be used again at
    /// once where its mapping let nobody in but those whom it spoke to, and where it is always one
    /// subscriber's; and a TCP port where connections are followed, as they are here.
    uint32_t default_hold_down_s() const noexcept {
        constexpr uint32_t twice_a_segments_life = 120;
        return filtering == Filtering::endpoint_independent && !deterministic
                   ? twice_a_segments_life
                   : 0;
    }

    friend bool operator==(const PoolSettings&, const PoolSettings&) = default;
};

/// When a pool counts as nearly used up: in percent of its ports or blocks that are in use.
struct Threshold {
    /// From so many on.
    uint32_t high = 90;
    /// Until there are fewer than so many.
    uint32_t low = 80;

    /// The lower one where nobody says.
    static constexpr uint32_t default_low(uint32_t high) noexcept {
        constexpr uint32_t below = 10;
        return high > below ? high - below : 1;
    }

    friend bool operator==(const Threshold&, const Threshold&) = default;
};

/// Somebody inside that a static mapping leads to.
struct Target {
    Ip4Address address;
    /// 0 where the mapping has no ports.
    uint16_t port = 0;
    /// Against the weights of the mapping's other targets.
    uint32_t weight = 1;

    friend bool operator==(const Target&, const Target&) = default;
};

/// What is led from outside to somebody inside whether he spoke first or not: a port, or, with
/// protocol 0, all of an address.
struct StaticMapping {
    Ip4Address outside;
    uint16_t port = 0;
    uint8_t protocol = 0;
    Vrf outside_vrf = vnet::interface::default_vrf;
    Vrf inside_vrf = vnet::interface::default_vrf;
    /// The same client always has the same target; else each session may have another one.
    bool affinity = false;
    /// The target sees the outside address as the client's (twice NAT).
    bool twice = false;
    std::vector<Target> targets;

    bool is_one_to_one() const noexcept { return protocol == 0; }
    friend bool operator==(const StaticMapping&, const StaticMapping&) = default;
};

}  // namespace nat44
