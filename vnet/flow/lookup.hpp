// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "graph/driver.hpp"
#include "vnet/flow/tables.hpp"
#include "vnet/fragment/ports.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::flow {

/// Finds the session of each packet, once for all features that ask for it: on the arc
/// "ip4-unicast", in front of them. It leaves what it found in the metadata (`session`, `ports`,
/// packet_flag::flow), keeps the session's time and state, and gives packets of another worker's
/// sessions to that worker. An ICMP error belongs to the session of the packet that it quotes, in
/// the direction that it goes itself, and changes nothing of it (RFC 5508 REQ-1).
class Lookup {
public:
    enum class Next : graph::Edge { fragment };
    enum class Drop : graph::Edge { handoff_full };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip4-flow", {{Next::fragment, "ip4-virtual-reassembly"}},
        {{Drop::handoff_full, "handoff-full", "the lane to the worker of its session was full"}});

    Lookup(Tables& tables, const interface::Table& interfaces, fragment::PortsSlot ports)
        : tables_(tables), interfaces_(interfaces), ports_(ports) {}

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    /// The session, or that there is none.
    graph::TraceFields format(const graph::TraceStep& step) const;

    /// Where another worker goes on with a packet. Set once, before the first packet.
    void set_node(graph::NodeId node) noexcept { node_.store(node, std::memory_order_relaxed); }

private:
    struct Batch;
    struct Sought;
    /// What a packet is to the lookup.
    enum class Kind : uint8_t { ordinary, error, fragment, none };
    Key::Words read(const graph::Packet& packet, uint8_t vrf, Sought& sought) const noexcept;
    Key::Words read_slowly(const graph::Packet& packet, uint8_t vrf, Sought& sought) const noexcept;
    Kind read_with_care(const graph::Packet& packet, Key& key) const noexcept;
    Kind read_icmp(const graph::Packet& packet, Key& key) const noexcept;
    void look_up(std::span<graph::Packet* const> packets, graph::Hops hops, size_t first,
                 Batch& batch) const noexcept;
    template <bool turning>
    void decide(std::span<graph::Packet* const> packets, std::span<const Sought> all,
                graph::Hops hops, size_t first, Batch& batch) const noexcept;
    static void leave(graph::Packet& packet, Ref ref, Key::Words key) noexcept;
    graph::Hop with_care(graph::Packet& packet, const Sought& sought, Batch& batch) const noexcept;

    Tables& tables_;
    const interface::Table& interfaces_;
    fragment::PortsSlot ports_;
    std::atomic<graph::NodeId> node_{graph::no_node};
};

}  // namespace vnet::flow

extern template void graph::drive<vnet::flow::Lookup>(const void*, graph::Dispatch&,
                                                      graph::Frame&) noexcept;
