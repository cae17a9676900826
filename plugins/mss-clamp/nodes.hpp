// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/mss-clamp/limits.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace mss_clamp {

/// What differs between the address families: arcs, names, and where a packet's TCP header is.
struct Ip4 {
    static constexpr Headers headers = Headers::ip4;
    static constexpr const char* unicast_arc = "ip4-unicast";
    static constexpr const char* output_arc = "ip4-output";
    static constexpr const char* rx = "ip4-mss-clamp-rx";
    static constexpr const char* tx = "ip4-mss-clamp-tx";
    /// Bytes from the IP header on, to where the TCP header is; nothing where the packet has none,
    /// or is a fragment behind the first.
    static std::optional<size_t> tcp_offset(std::span<const std::byte> packet) noexcept {
        const auto* ip = vnet::wire::view<vnet::wire::Ip4Header>(packet);
        if (ip == nullptr || ip->protocol() != vnet::wire::IpProtocol::tcp ||
            !ip->has_l4_header() || ip->header_length() < sizeof(vnet::wire::Ip4Header) ||
            ip->header_length() > packet.size()) {
            return std::nullopt;
        }
        return ip->header_length();
    }
};
struct Ip6 {
    static constexpr Headers headers = Headers::ip6;
    static constexpr const char* unicast_arc = "ip6-unicast";
    static constexpr const char* output_arc = "ip6-output";
    static constexpr const char* rx = "ip6-mss-clamp-rx";
    static constexpr const char* tx = "ip6-mss-clamp-tx";
    static std::optional<size_t> tcp_offset(std::span<const std::byte> packet) noexcept;
};

/// Clamps the SYNs of packets that come in by an interface, on the family's arc of unicast packets.
template <class Family>
class Rx {
public:
    static constexpr auto info = graph::node(Family::rx);
    explicit Rx(const Limits& limits) : limits_(limits) {}
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const Limits& limits_;
};

/// Those that leave by an interface, on the family's arc of output.
template <class Family>
class Tx {
public:
    static constexpr auto info = graph::node(Family::tx);
    explicit Tx(const Limits& limits) : limits_(limits) {}
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const Limits& limits_;
};

using Ip4Rx = Rx<Ip4>;
using Ip4Tx = Tx<Ip4>;
using Ip6Rx = Rx<Ip6>;
using Ip6Tx = Tx<Ip6>;
extern template class Rx<Ip4>;
extern template class Tx<Ip4>;
extern template class Rx<Ip6>;
extern template class Tx<Ip6>;

}  // namespace mss_clamp
