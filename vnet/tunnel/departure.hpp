// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/tunnel/exits.hpp"
#include "vnet/tunnel/nesting.hpp"
#include "vnet/tunnel/outer.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::tunnel {

/// Why a packet does not get into a tunnel: the drops of all nodes that put packets there.
enum class EncapDrop : graph::Edge { gone, not_carried, loop, nesting, no_headroom, too_long };

/// The description of such a node.
consteval auto encap_node(const char* name) {
    return graph::node<EncapDrop>(
        name,
        {{EncapDrop::gone, "tunnel-gone", "the tunnel is not there any more"},
         {EncapDrop::not_carried, "not-carried", "the tunnel carries no packets of this kind"},
         {EncapDrop::loop, "tunnel-loop",
          "the way to the tunnel's other end leads through the tunnel itself"},
         {EncapDrop::nesting, "nesting",
          "the router put it into tunnels, or took it out of some, four times already"},
         {EncapDrop::no_headroom, "no-headroom", "no room in front of it for the outer headers"},
         {EncapDrop::too_long, "too-long",
          "with the outer headers it is longer than 65535 bytes"}});
}

/// Puts packets into tunnels and sends them on their way, as long as a node's pass over a vector:
/// what is known of the tunnel at hand is kept. The outer packet comes from no interface; it is of
/// the underlay's VRF wherever it has to be looked up again, and goes the way that its tunnel
/// follows without being looked up now. Where that way is a link and a known neighbour, the packet
/// fits, and the link has no feature on the arc of the outer family, it gets its link header here
/// and goes straight to "interface-output"; else to the node of the adjacency.
class Departure {
public:
    Departure(const Exits& exits, const graph::Dispatch& dispatch) noexcept
        : exits_(exits),
          dispatch_(dispatch),
          identification_(exits.identifications.of(dispatch.worker())) {}
    Departure(const Departure&) = delete;
    Departure& operator=(const Departure&) = delete;

    /// Puts a packet into its tunnel, whose interface Metadata::tx_interface is and whose headers
    /// are `outer`; `flow` tells its flow from others. What is still to be written behind the outer
    /// IP header is the caller's, who then sends the packet to hop(). Or says why it is dropped.
    [[gnu::always_inline]] std::optional<EncapDrop> wrap(graph::Packet& packet, const Outer& outer,
                                                         const Inner& inner,
                                                         uint32_t flow) noexcept {
        graph::Metadata& meta = packet.meta();
        if (&outer != outer_) [[unlikely]] {
            turn_to(outer, meta.tx_interface);
        }
        constexpr uint16_t one = 1 << graph::packet_flag::nesting_shift;
        if (!leads_ || (meta.flags & graph::packet_flag::nesting_mask) >= most_nesting * one)
            [[unlikely]] {
            return leads_ ? EncapDrop::nesting : fault_;
        }
        // Nothing at all is too long.
        const bool is_direct = packet.length() - 1 < longest_;
        identification_ = uint16_t(identification_ + exits_.identifications.step());
        const Sending sending{flow, identification_, lead_, !is_direct};
        if (const Pushed pushed = push(packet, outer, inner, sending); pushed != Pushed::done)
            [[unlikely]] {
            return pushed == Pushed::too_long ? EncapDrop::too_long : EncapDrop::no_headroom;
        }
        std::memcpy(packet.data() + lead_ - header_.size(), header_.data(), header_.size());
        hop_ = is_direct ? output_ : rewrite_;
        constexpr uint16_t kept = graph::packet_flag::traced | graph::packet_flag::nesting_mask |
                                  graph::packet_flag::priority_mask;
        const uint64_t flags = ((meta.flags & kept) + one) | flags_;
        // Four fields in a store, twice.
        static_assert(offsetof(graph::Metadata, tx_interface) == interfaces_at + 4);
        static_assert(offsetof(graph::Metadata, flags) == offsets_at + 6);
        auto* const bytes = reinterpret_cast<std::byte*>(&meta);
        std::memcpy(bytes + interfaces_at, &interfaces_, sizeof interfaces_);
        meta.adjacency = adjacency_;
        const uint64_t offsets = offsets_ | flags << 48;
        std::memcpy(bytes + offsets_at, &offsets, sizeof offsets);
        meta.vrf = outer.vrf;
        return std::nullopt;
    }
    /// Where a packet goes that was put into a tunnel last.
    graph::Hop hop() const noexcept { return hop_; }
    /// Both, where nothing is left to be written.
    [[gnu::always_inline]] graph::To<graph::NoNext, EncapDrop> send(graph::Packet& packet,
                                                                    const Outer& outer,
                                                                    const Inner& inner,
                                                                    uint32_t flow) noexcept {
        const auto refused = wrap(packet, outer, inner, flow);
        return refused ? graph::To<graph::NoNext, EncapDrop>(*refused)
                       : graph::To<graph::NoNext, EncapDrop>(hop_);
    }

private:
    static constexpr size_t interfaces_at = offsetof(graph::Metadata, rx_interface);
    static constexpr size_t offsets_at = offsetof(graph::Metadata, l2_offset);

    void turn_to(const Outer& outer, uint32_t tunnel) noexcept {
        outer_ = &outer;
        adjacency_ = exits_.forwarding.at(outer.path.load(std::memory_order_acquire));
        const fib::Adjacency& adjacency = exits_.forwarding.adjacency(adjacency_);
        rewrite_ = graph::Hop::node(adjacency.next);
        const uint32_t interface = adjacency.interface;
        interfaces_ = uint64_t{interface} << 32 | graph::no_interface;
        const bool is_known =
            adjacency.action == fib::Action::forward && adjacency.rewrite_length <= header_.size();
        if (is_known) {
            lead_ = adjacency.rewrite_length;
            std::memcpy(header_.data(),
                        adjacency.rewrite.data() + adjacency.rewrite.size() - header_.size(),
                        header_.size());
        } else {
            // As a packet from a link: so it has room already for the header of the next.
            lead_ = sizeof(wire::EthernetHeader);
            wire::EthernetHeader unwritten{};
            unwritten.type =
                wire::to_be(outer.is_ip6 ? wire::EtherType::ip6 : wire::EtherType::ip4);
            std::memcpy(header_.data() + header_.size() - lead_, &unwritten, lead_);
        }
        graph::ArcEntrance arc = dispatch_.entrance(exits_.output_arc(outer.is_ip6));
        const bool is_direct =
            is_known && adjacency.mtu > outer.length && !arc.meets_feature(interface);
        longest_ = is_direct ? adjacency.mtu - outer.length : 0;
        output_ = arc.past();
        const uint64_t l4 =
            lead_ + (outer.is_ip6 ? sizeof(wire::Ip6Header) : sizeof(wire::Ip4Header));
        offsets_ = uint64_t{lead_} << 16 | l4 << 32;
        flags_ = uint16_t(graph::packet_flag::led_to_vrf |
                          (lead_ == 0 ? graph::packet_flag::bare : uint16_t(0)));
        leads_ = outer.length != 0 && interface != tunnel;
        fault_ = outer.length == 0 ? EncapDrop::gone : EncapDrop::loop;
    }

    const Exits& exits_;
    const graph::Dispatch& dispatch_;
    const Outer* outer_ = nullptr;
    fib::AdjacencyIndex adjacency_ = 0;
    /// Of the packet at hand.
    graph::Hop hop_ = graph::Hop::consumed();
    /// To the adjacency's node, and past it.
    graph::Hop rewrite_ = graph::Hop::consumed();
    graph::Hop output_ = graph::Hop::consumed();
    /// Bytes that a packet may have in front of the tunnel to go past the adjacency's node.
    uint32_t longest_ = 0;
    /// The last bytes of the link's header.
    std::array<std::byte, link_room> header_{};
    /// Of Metadata: rx_interface, then tx_interface; the offsets of layers 2, 3 and 4.
    uint64_t interfaces_ = 0;
    uint64_t offsets_ = 0;
    /// Bytes in front of the outer packet.
    uint16_t lead_ = 0;
    /// That it has besides those that it had.
    uint16_t flags_ = 0;
    /// Of the outer packet before.
    uint16_t& identification_;
    bool leads_ = false;
    EncapDrop fault_ = EncapDrop::gone;
};

}  // namespace vnet::tunnel
