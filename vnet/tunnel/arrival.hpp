// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/packet_pool.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/tunnel/nesting.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ecn_tunnel.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::tunnel {

/// What the drops say that all nodes have that take packets out of tunnels.
namespace arrival_drop {
inline constexpr const char* nesting =
    "the router took it out of, or put it into, four tunnels already";
inline constexpr const char* down = "the tunnel's interface is down";
inline constexpr const char* congestion =
    "marked for congestion on the way, and its sender understands no other sign than its loss (RFC "
    "6040 4.2)";
}  // namespace arrival_drop

/// Tells the packet that came out of a tunnel what the outer header says of congestion (RFC 6040
/// 4.2). `packet` begins with its IP header; what is none stays as it is. False where it is to be
/// dropped.
[[gnu::always_inline]] inline bool tell_congestion(std::span<std::byte> packet,
                                                   wire::Ecn outer) noexcept {
    if (outer == wire::Ecn::not_capable) [[likely]] {
        return true;
    }
    if (auto* ip = wire::view<wire::Ip4Header>(packet); ip != nullptr && ip->version() == 4) {
        const auto ecn = wire::ecn_out_of_tunnel(ip->ecn(), outer);
        if (!ecn) {
            return false;
        }
        const wire::Be16 before(uint16_t(ip->version_ihl << 8 | ip->dscp_ecn));
        ip->set_ecn(*ecn);
        ip->checksum = wire::update_checksum(
            ip->checksum, before, wire::Be16(uint16_t(ip->version_ihl << 8 | ip->dscp_ecn)));
        return true;
    }
    if (auto* ip = wire::view<wire::Ip6Header>(packet); ip != nullptr && ip->version() == 6) {
        const auto ecn = wire::ecn_out_of_tunnel(ip->ecn(), outer);
        if (!ecn) {
            return false;
        }
        ip->set_traffic_class(uint8_t((ip->traffic_class() & 0xfc) | uint8_t(*ecn)));
    }
    return true;
}

/// What was in a tunnel: an Ethernet frame, or an IP packet without one.
enum class Inside : uint16_t { frame = 0, packet = graph::packet_flag::bare };

/// Makes packets that came out of tunnels packets of the tunnels' interfaces, as long as a node's
/// pass over a vector.
class Arrival {
public:
    Arrival(interface::Table& table, const graph::Dispatch& dispatch) noexcept
        : table_(table), worker_(dispatch.worker()) {}

    /// Where a packet that came for the router was looked up: the underlay that it came by.
    interface::Vrf vrf_of(const graph::Metadata& meta) const noexcept {
        return meta.has(graph::packet_flag::led_to_vrf) ||
                       meta.rx_interface >= graph::max_interfaces
                   ? meta.vrf
                   : table_.hot(meta.rx_interface).vrf.load(std::memory_order_relaxed);
    }
    /// The router has had it in so many tunnels, on the way out and in, that it goes round in them,
    /// or is made to cost much.
    static bool is_nested(const graph::Metadata& meta) noexcept {
        return (meta.flags & graph::packet_flag::nesting_mask) >=
               most_nesting << graph::packet_flag::nesting_shift;
    }
    /// What was in the tunnel begins `offset` bytes behind the packet's first; it is a new packet
    /// of `interface` now. False, and nothing changed, where that is down.
    bool take(graph::Packet& packet, uint32_t offset, interface::Index interface,
              Inside inside = Inside::frame) noexcept {
        if (interface != interface_) [[unlikely]] {
            interface_ = interface;
            up_ = table_.hot(interface).up();
            counters_ = &table_.counters(worker_, interface);
        }
        if (!up_ || !packet.move_start(int(offset))) [[unlikely]] {
            return false;
        }
        constexpr uint16_t one = 1 << graph::packet_flag::nesting_shift;
        const uint16_t flags = packet.meta().flags;
        const uint16_t nesting = flags & graph::packet_flag::nesting_mask;
        graph::reset_metadata(packet, interface);
        packet.meta().flags =
            uint16_t(uint16_t(inside) + (flags & graph::packet_flag::traced) + nesting +
                     (nesting != graph::packet_flag::nesting_mask ? one : uint16_t(0)));
        counters_->rx_packets.add(1);
        counters_->rx_bytes.add(packet.length());
        return true;
    }

private:
    interface::Table& table_;
    const unsigned worker_;
    interface::Index interface_ = graph::no_interface;
    bool up_ = false;
    interface::Counters* counters_ = nullptr;
};

}  // namespace vnet::tunnel
