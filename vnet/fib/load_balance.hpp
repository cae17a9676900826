// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/ip4/family.hpp"
#include "vnet/ip6/family.hpp"

namespace vnet::fib {

/// Chooses the member of a next-hop group that a packet's flow takes, and goes where its adjacency
/// says: "ip4-load-balance" and "ip6-load-balance". All packets of a flow, and all fragments of a
/// datagram, find the same bucket (RFC 2992 and RFC 6438 say why); a seed of each router's own
/// keeps routers in a row from making the same choice.
template <class Family>
class LoadBalance {
public:
    static constexpr auto info = graph::node(Family::balance_node);
    /// What is done to a packet depends on no other.
    static constexpr bool any_order = true;

    LoadBalance(const ForwardingTable& forwarding, uint64_t seed)
        : forwarding_(forwarding), seed_(seed) {}
    graph::Hop operator()(graph::Packet& packet) const noexcept {
        graph::Metadata& meta = packet.meta();
        const auto group = GroupIndex(forwarding_.adjacency(meta.adjacency).group);
        const PathIndex path =
            forwarding_.groups().path(group, bucket_of(packet.from_offset(meta.l3_offset)));
        meta.adjacency = forwarding_.at(path);
        const Adjacency& chosen = forwarding_.adjacency(meta.adjacency);
        meta.tx_interface = chosen.interface;
        return graph::Hop::node(chosen.next);
    }
    /// The bucket of the flow of a packet, which is given from its IP header on.
    unsigned bucket_of(std::span<const std::byte> packet) const noexcept {
        return BucketTables::bucket_of(Family::flow_hash(packet, seed_));
    }

private:
    const ForwardingTable& forwarding_;
    uint64_t seed_;
};

}  // namespace vnet::fib

extern template void graph::drive<vnet::fib::LoadBalance<vnet::ip4::Family>>(
    const void*, graph::Dispatch&, graph::Frame&) noexcept;
extern template void graph::drive<vnet::fib::LoadBalance<vnet::ip6::Family>>(
    const void*, graph::Dispatch&, graph::Frame&) noexcept;
