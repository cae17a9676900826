// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <string>

#include "graph/driver.hpp"
#include "graph/graph.hpp"
#include "graph/stable_array.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::ip4 {

/// Who takes what is addressed to the router: a node for each IP protocol, for each UDP port, and
/// for the rest. Changed by control, read by workers.
class LocalTable {
public:
    LocalTable() : protocols_(256), udp_ports_(65536) {}

    /// ALREADY_EXISTS names who has it. `node` must be a node of the graph.
    absl::Status register_protocol(const graph::Graph& graph, wire::IpProtocol protocol,
                                   graph::NodeId node);
    absl::Status register_udp_port(const graph::Graph& graph, uint16_t port, graph::NodeId node);
    void unregister_protocol(wire::IpProtocol protocol) { protocols_[size_t(protocol)].store(0); }
    void unregister_udp_port(uint16_t port) { udp_ports_[port].store(0); }
    /// Who takes what is from and to one host and nobody else takes, ICMP messages that the router
    /// has no use for included. ALREADY_EXISTS names who does.
    absl::Status register_rest(const graph::Graph& graph, graph::NodeId node);
    void unregister_rest() { rest_.store(0); }
    /// Who is shown ICMP errors about what the router sent, before the rest: while there are
    /// tunnels, theirs.
    void show_errors_to(graph::NodeId node) { errors_.store(uint16_t(node + 1)); }
    void show_errors_to_nobody() { errors_.store(0); }

    /// no_node: nobody takes it.
    graph::NodeId protocol(wire::IpProtocol protocol) const noexcept {
        return taken(protocols_[size_t(protocol)]);
    }
    graph::NodeId udp_port(uint16_t port) const noexcept { return taken(udp_ports_[port]); }
    graph::NodeId rest() const noexcept { return taken(rest_); }
    graph::NodeId errors() const noexcept { return taken(errors_); }

private:
    /// Zeroed memory means nobody, so that ids are kept one higher.
    using Entry = std::atomic<uint16_t>;
    static graph::NodeId taken(const Entry& entry) noexcept {
        const uint16_t stored = entry.load(std::memory_order_relaxed);
        return stored == 0 ? graph::no_node : graph::NodeId(stored - 1);
    }
    graph::StableArray<Entry> protocols_;
    graph::StableArray<Entry> udp_ports_;
    Entry rest_{0};
    Entry errors_{0};
};

/// Takes in packets that are for the router: refuses what pretends to come from it, and has
/// fragments put together. What is to a connected network's broadcast address is
/// marked as a broadcast, however it came, so that nobody answers it. What passes is on the arc
/// "ip4-local".
class Local {
public:
    enum class Next : graph::Edge { reassemble };
    enum class Drop : graph::Edge { truncated, spoofed_source, link_broadcast };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip4-local", {{Next::reassemble, "ip4-reassemble"}},
        {{Drop::truncated, "truncated", "shorter than its header"},
         {Drop::spoofed_source, "spoofed-source", "its source is an address of the router itself"},
         {Drop::link_broadcast, "link-broadcast",
          "a unicast packet in a link-layer broadcast (RFC 1122 3.3.6, RFC 1812 5.3.4)"}});

    Local(const fib::Tables<Dir24>& tables, const fib::ForwardingTable& forwarding,
          graph::ArcId arc)
        : tables_(tables), forwarding_(forwarding), arc_(arc) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;

private:
    fib::Action action(const Dir24& table, wire::Ip4Address address) const noexcept;
    const fib::Tables<Dir24>& tables_;
    const fib::ForwardingTable& forwarding_;
    graph::ArcId arc_;
};

/// The end of the arc "ip4-local": to the node that took the protocol or port, or the rest. Else
/// the sender is told that there is nobody (RFC 1122 3.2.2.1).
class Deliver {
public:
    enum class Next : graph::Edge { icmp_error };
    enum class Drop : graph::Edge { truncated, no_protocol, no_port, no_listener };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip4-deliver", {{Next::icmp_error, "icmp4-error"}},
        {{Drop::truncated, "truncated", "shorter than its transport header"},
         {Drop::no_protocol, "no-protocol", "an IP protocol that nobody takes; the sender is told"},
         {Drop::no_port, "no-port", "a TCP or UDP port that nobody takes; the sender is told"},
         {Drop::no_listener, "no-listener", "a broadcast or multicast packet that nobody takes"}});

    Deliver(const LocalTable& local, icmp4::ErrorSlot slot) : local_(local), slot_(slot) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;

private:
    graph::To<Next, Drop> nobody(graph::Packet& packet, const wire::Ip4Header& ip, Drop reason,
                                 wire::Icmp4Unreachable code,
                                 graph::Dispatch& dispatch) const noexcept;
    const LocalTable& local_;
    icmp4::ErrorSlot slot_;
};

}  // namespace vnet::ip4
