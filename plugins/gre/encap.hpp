// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "graph/driver.hpp"
#include "graph/limits.hpp"
#include "graph/stable_array.hpp"
#include "vnet/tunnel/departure.hpp"
#include "vnet/tunnel/point_to_point.hpp"

namespace gre {

using vnet::interface::Index;
using vnet::tunnel::EncapDrop;

/// Bits of Outer::note.
namespace note {
/// It carries Ethernet frames.
inline constexpr uint8_t ethernet = 1 << 0;
/// GRE with a sequence number, or a checksum, in each packet.
inline constexpr uint8_t sequence = 1 << 1;
inline constexpr uint8_t checksum = 1 << 2;
}  // namespace note

/// Puts IPv4 and IPv6 packets into packets of IPv4 or IPv6: "ipip-encap" (RFC 2003, RFC 2473, RFC
/// 4213).
class IpipEncap {
public:
    static constexpr auto info = vnet::tunnel::encap_node("ipip-encap");

    IpipEncap(const vnet::tunnel::Exits& exits, const vnet::tunnel::PointToPoint& tunnels)
        : exits_(exits), tunnels_(tunnels) {}

    class Pass : public vnet::tunnel::Departure {
    public:
        Pass(const IpipEncap& node, graph::Dispatch& dispatch) noexcept
            : Departure(node.exits_, dispatch) {}
    };
    [[gnu::always_inline]] graph::To<graph::NoNext, EncapDrop> operator()(
        graph::Packet& packet, Pass& pass) const noexcept;

private:
    const vnet::tunnel::Exits& exits_;
    const vnet::tunnel::PointToPoint& tunnels_;
};

/// Puts packets or Ethernet frames behind a GRE header into packets of IPv4 or IPv6: "gre-encap"
/// (RFC 2784, RFC 2890, RFC 7676).
class GreEncap {
public:
    static constexpr auto info = vnet::tunnel::encap_node("gre-encap");

    /// Who is none of the `workers` is a dry run, which takes no numbers.
    GreEncap(const vnet::tunnel::Exits& exits, const vnet::tunnel::PointToPoint& tunnels,
             unsigned workers = graph::max_workers)
        : exits_(exits), tunnels_(tunnels), workers_(workers), sequences_(graph::max_interfaces) {}

    class Pass : public vnet::tunnel::Departure {
    public:
        Pass(const GreEncap& node, graph::Dispatch& dispatch) noexcept
            : Departure(node.exits_, dispatch), is_dry_(dispatch.worker() >= node.workers_) {}

    private:
        friend class GreEncap;
        const bool is_dry_;
    };
    [[gnu::always_inline]] graph::To<graph::NoNext, EncapDrop> operator()(
        graph::Packet& packet, Pass& pass) const noexcept;
    /// Control: a new tunnel counts its packets from 0 (RFC 2890 2.2).
    void begin(Index interface) const noexcept {
        sequences_[interface].store(0, std::memory_order_relaxed);
    }

private:
    uint32_t next_number(Index interface, const Pass& pass) const noexcept {
        std::atomic<uint32_t>& next = sequences_[interface];
        return pass.is_dry_ ? next.load(std::memory_order_relaxed)
                            : next.fetch_add(1, std::memory_order_relaxed);
    }

    const vnet::tunnel::Exits& exits_;
    const vnet::tunnel::PointToPoint& tunnels_;
    const unsigned workers_;
    /// Of the next packet, by interface; shared by all workers.
    mutable graph::StableArray<std::atomic<uint32_t>> sequences_;
};

}  // namespace gre

extern template void graph::drive<gre::IpipEncap>(const void*, graph::Dispatch&,
                                                  graph::Frame&) noexcept;
extern template void graph::drive<gre::GreEncap>(const void*, graph::Dispatch&,
                                                 graph::Frame&) noexcept;
