// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "vnet/tunnel/testing/router_bench.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/udp.hpp"

/// What the fuzz targets of nodes that take packets out of tunnels share.
namespace vnet::tunnel::testing {

inline void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// Whatever comes from the other ends of RouterBench's tunnels behind an IP header that is right.
class DecapFuzz {
public:
    using Result = graph::testing::Result;

    /// An outer packet of `payload`; with `protocol` UDP it begins with the UDP header, whose
    /// length is made to fit, as those who lead packets to decap nodes see to.
    static wire::testing::Bytes outer(bool is_ip6, wire::IpProtocol protocol, wire::Ecn ecn,
                                      std::span<const std::byte> payload) {
        wire::testing::Bytes carried(payload.begin(), payload.end());
        if (auto* udp = wire::view<wire::UdpHeader>(std::span(carried));
            protocol == wire::IpProtocol::udp && udp != nullptr) {
            udp->length = wire::Be16(std::clamp<uint16_t>(
                udp->length.value(), uint16_t(sizeof *udp), uint16_t(carried.size())));
            // One that is right is not found by chance.
            udp->checksum = wire::Be16();
        }
        auto made = is_ip6 ? wire::testing::packet().ip6("2001:db8::2", "2001:db8::1")
                           : wire::testing::packet().ip4("192.0.2.2", "192.0.2.1");
        return made.protocol(protocol).ecn(ecn).payload(carried).bytes();
    }

    /// Takes a packet out, and asks that what is left of it is bytes of it, in their order, and
    /// begins anew. A frame has its header.
    static Result take_out(RouterBench& net, const std::string& node,
                           const wire::testing::Bytes& outer, wire::Ecn ecn) {
        Result result = net.run(node, outer, 1, net.came(outer)).at(0);
        require(result.next == "drop" || result.next == "ip4-input" || result.next == "ip6-input" ||
                result.next == "ethernet-input");
        if (result.next == "drop") {
            require(!result.drop.empty());
            return result;
        }
        require(result.bytes.size() < outer.size());
        require(result.next != "ethernet-input" ||
                result.bytes.size() >= sizeof(wire::EthernetHeader));
        if (ecn == wire::Ecn::not_capable) {
            require(std::search(outer.begin(), outer.end(), result.bytes.begin(),
                                result.bytes.end()) != outer.end());
        }
        const graph::Metadata& meta = result.meta;
        require(meta.rx_interface != net.wan() && meta.rx_interface != graph::no_interface);
        require(meta.l2_offset == 0 && meta.l3_offset == 0 && meta.l4_offset == 0);
        return result;
    }
};

}  // namespace vnet::tunnel::testing
