// SPDX-License-Identifier: Apache-2.0
#include "vnet/tunnel/outer.hpp"

#include <algorithm>

namespace vnet::tunnel {

namespace {

template <class Address>
void lay_behind(Outer& outer, const Ends<Address>& ends, const Policy& policy, interface::Vrf vrf,
                std::span<const std::byte> ip, std::span<const std::byte> behind) noexcept {
    outer.length = uint8_t(ip.size() + behind.size());
    outer.has_udp = ends.protocol == wire::IpProtocol::udp;
    outer.ttl = policy.ttl.value_or(0);
    outer.copies_dscp = !policy.dscp;
    outer.fixed_dscp_ecn = uint8_t(policy.dscp.value_or(0) << 2);
    outer.dont_fragment = policy.dont_fragment;
    outer.vrf = vrf;
    const auto write = [&](auto& bytes) {
        std::copy(ip.begin(), ip.end(), bytes.end() - outer.length);
        std::copy(behind.begin(), behind.end(), bytes.end() - ptrdiff_t(behind.size()));
    };
    outer.short_bytes = {};
    outer.long_bytes = {};
    if (outer.length <= Outer::short_header) {
        write(outer.short_bytes);
    } else {
        write(outer.long_bytes);
    }
}

}  // namespace

void lay(Outer& outer, const Ends<wire::Ip4Address>& ends, const Policy& policy, interface::Vrf vrf,
         std::span<const std::byte> behind) noexcept {
    wire::Ip4Header ip;
    ip.set_dscp(policy.dscp.value_or(0));
    ip.ttl = 0;
    ip.protocol_number = uint8_t(ends.protocol);
    ip.source = ends.local;
    ip.destination = ends.remote;
    if (policy.dont_fragment == DontFragment::set) {
        ip.flags_offset = wire::Be16(wire::Ip4Header::dont_fragment_flag);
    }
    outer.is_ip6 = false;
    outer.sum = wire::detail::fold(wire::detail::ip4_header_sum(ip));
    lay_behind(outer, ends, policy, vrf, wire::bytes_of(ip), behind);
}

void lay(Outer& outer, const Ends<wire::Ip6Address>& ends, const Policy& policy, interface::Vrf vrf,
         std::span<const std::byte> behind) noexcept {
    wire::Ip6Header ip;
    ip.next_header_number = uint8_t(ends.protocol);
    ip.source = ends.local;
    ip.destination = ends.remote;
    outer.is_ip6 = true;
    outer.sum = 0;
    lay_behind(outer, ends, policy, vrf, wire::bytes_of(ip), behind);
}

}  // namespace vnet::tunnel
