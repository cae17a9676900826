// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "graph/counter.hpp"
#include "graph/hop.hpp"
#include "graph/stable_array.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::interface {

/// Index of an interface, as in graph::Metadata. 0 is never given: it is a packet's mistake.
using Index = uint32_t;
/// Number of a VRF: a set of routing tables of its own. 0 is the one named "default", which is
/// always there.
using Vrf = uint8_t;
inline constexpr Vrf default_vrf = 0;
inline constexpr size_t most_vrfs = 256;

/// Bits of Hot::flags.
namespace flag {
/// Administratively up: packets are taken in and sent out.
inline constexpr uint16_t up = 1 << 0;
/// IPv6 is enabled: it has a link-local address, if only a tentative one.
inline constexpr uint16_t ip6 = 1 << 1;
/// Its device has a link, as far as control knows, who looks once a second.
inline constexpr uint16_t link = 1 << 2;
}  // namespace flag

/// An IPv6 address that control changes while workers read it; `::` while there is none.
class SharedIp6Address {
public:
    /// Never a mixture of two, but for two of the same upper half that both were there at that
    /// moment.
    wire::Ip6Address load() const noexcept {
        const uint64_t high = high_.load(std::memory_order_acquire);
        const uint64_t low = low_.load(std::memory_order_acquire);
        return high_.load(std::memory_order_relaxed) == high ? wire::Ip6Address(high, low)
                                                             : wire::Ip6Address();
    }
    /// Control thread.
    void store(wire::Ip6Address address) noexcept {
        high_.store(0, std::memory_order_relaxed);
        low_.store(address.low(), std::memory_order_release);
        high_.store(address.high(), std::memory_order_release);
    }

private:
    std::atomic<uint64_t> high_;
    std::atomic<uint64_t> low_;
};

/// What workers know of an interface, in one cache line. Written by control, field by field.
struct alignas(64) Hot {
    /// Where packets go that leave by it; the node "drop" while there is no such interface.
    std::atomic<graph::NodeId> tx_node;
    std::atomic<uint16_t> flags;
    /// Layer-3 MTU in bytes.
    std::atomic<uint32_t> mtu;
    /// Its first IPv4 address in host byte order, the source of ICMP errors; 0: none.
    std::atomic<uint32_t> ip4_address;
    /// The device's number in its kind's table.
    std::atomic<uint32_t> unit;
    /// MAC address as a number, first byte highest.
    std::atomic<uint64_t> mac;
    /// Where ICMPv6 errors come from that leave its link: its first global address, or another
    /// interface's of its VRF where it has none; `::`: there is no global address.
    SharedIp6Address ip6_source;
    /// The interface identifier of its link-local address fe80::/64; 0: none is in use.
    std::atomic<uint64_t> ip6_interface_id;
    /// Where packets that come in by it are looked up; there are tables of that number.
    std::atomic<Vrf> vrf;

    bool up() const noexcept { return flags.load(std::memory_order_relaxed) & flag::up; }
    /// Up, and with a link: what is sent by it gets somewhere.
    bool operational() const noexcept {
        constexpr uint16_t both = flag::up | flag::link;
        return (flags.load(std::memory_order_relaxed) & both) == both;
    }
};
static_assert(sizeof(Hot) == 64);

/// What one worker counts for one interface. Bytes are of layer 2, without the frame check
/// sequence.
struct alignas(64) Counters {
    graph::Counter rx_packets;
    graph::Counter rx_bytes;
    graph::Counter tx_packets;
    graph::Counter tx_bytes;
    /// Packets that the device's transmit queue did not take.
    graph::Counter tx_full;
    /// Packets that came in while the interface was down or no frame was free.
    graph::Counter rx_missed;
    /// Times that nothing could be received, since no buffer was free: packets wait in the device,
    /// and are lost there when that is full.
    graph::Counter rx_no_buffer;
};

}  // namespace vnet::interface
