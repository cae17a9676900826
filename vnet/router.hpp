// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "graph/engine.hpp"
#include "graph/mailbox.hpp"
#include "vnet/device/null.hpp"
#include "vnet/device/ports.hpp"
#include "vnet/device/tap.hpp"
#include "vnet/ethernet/ether_types.hpp"
#include "vnet/events/journal.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/load_balance.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/flow/flows.hpp"
#include "vnet/fragment/fragments.hpp"
#include "vnet/handoff/handoffs.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/igmp/listener.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/ip6/joined_groups.hpp"
#include "vnet/ip6/link_locals.hpp"
#include "vnet/mld/listener.hpp"
#include "vnet/neighbor/arp.hpp"
#include "vnet/neighbor/nd.hpp"
#include "vnet/neighbor/router_advertisements.hpp"
#include "vnet/network.hpp"
#include "vnet/punt/classes.hpp"
#include "vnet/tunnel/tunnels.hpp"
#include "vnet/vrf/vrfs.hpp"

namespace vnet {

/// The router put together: every part of vnet/ over one engine, in the order in which they need
/// one another. A plugin is handed this object and takes from it what it builds on. Control thread.
class Router {
public:
    struct Options {
        /// Of ICMP and, apart from them, of ICMPv6, for each worker.
        graph::RateLimit::Limit icmp_errors;
        /// Of IPv6, for each worker.
        graph::RateLimit::Limit redirects;
        neighbor::Settings neighbors;
        events::Journal::Limits kept_events;
    };
    /// Registers all nodes and arcs and commits the graph. The engine must outlive the router.
    static absl::StatusOr<std::unique_ptr<Router>> create(graph::Engine& engine,
                                                          const Options& options);
    static absl::StatusOr<std::unique_ptr<Router>> create(graph::Engine& engine) {
        return create(engine, Options());
    }
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    graph::Engine& engine() noexcept { return engine_; }
    interface::Table& interfaces() noexcept {
        return interfaces_;
    }
    ethernet::EtherTypes& ether_types() noexcept { return ether_types_; }
    device::Ports& ports() noexcept { return *ports_; }
    device::Taps& taps() noexcept { return *taps_; }
    device::Nulls& nulls() noexcept { return *nulls_; }
    handoff::Handoffs& handoffs() noexcept { return *handoffs_; }
    fib::ForwardingTable& forwarding() noexcept { return forwarding_; }
    using Ip4 = Network<ip4::Family, neighbor::Arp>;
    using Ip6 = Network<ip6::Family, neighbor::Nd>;
    Ip4& ip4() noexcept { return ip4_; }
    const Ip4& ip4() const noexcept { return ip4_; }
    Ip6& ip6() noexcept { return ip6_; }
    const Ip6& ip6() const noexcept { return ip6_; }
    /// The same, for templates over the family.
    template <class Family>
    auto& network() noexcept {
        if constexpr (std::is_same_v<Family, ip4::Family>) {
            return ip4_;
        } else {
            return ip6_;
        }
    }
    vrf::Vrfs& vrfs() noexcept { return *vrfs_; }
    /// What tunnels are built on.
    tunnel::Tunnels& tunnels() noexcept { return *tunnels_; }
    ip6::LinkLocals& link_locals() noexcept { return *link_locals_; }
    /// The multicast groups of IPv6 that the router listens to.
    ip6::JoinedGroups& ip6_groups() noexcept { return ip6_groups_; }
    const mld::Listener& mld() const noexcept { return *mld_; }
    membership::JoinedGroups<wire::Ip4Address>& ip4_groups() noexcept { return ip4_groups_; }
    const igmp::Listener& igmp() const noexcept { return *igmp_; }
    neighbor::RouterAdvertisements& router_advertisements() noexcept {
        return *router_advertisements_;
    }
    /// Whether hosts are told of a better first hop (RFC 4861 8.2).
    void send_ip6_redirects(bool send) noexcept { ip6_redirects_.store(send); }
    bool sends_ip6_redirects() const noexcept { return ip6_redirects_.load(); }

    // Of IPv4, for short.
    const ip4::Dir24& routes() const noexcept { return ip4_.table; }
    fib::NextHops<wire::Ip4Address>& next_hops() noexcept { return *ip4_.next_hops; }
    ip4::Fib& fib() noexcept { return *ip4_.fib; }
    ip4::Addresses& addresses() noexcept { return *ip4_.addresses; }
    ip4::LocalTable& local() noexcept { return ip4_.local; }
    /// How much may come to the router itself.
    punt::Limits& punt_limits() noexcept { return punt_limits_; }
    neighbor::Arp& neighbors() noexcept { return *ip4_.neighbors; }
    /// Fragmentation, reassembly, and the ports of packets for features that need them.
    fragment::Fragments& fragments() noexcept { return *fragments_; }
    /// Sessions, for the features that keep them.
    flow::Flows& flows() noexcept { return *flows_; }
    /// What changed lately, for who follows it.
    events::Journal& events() noexcept { return *events_; }
    const icmp4::ErrorSlot& icmp_error_slot() const noexcept { return *error_slot_; }
    const icmp6::ErrorSlot& icmp6_error_slot() const noexcept { return *error6_slot_; }

    /// Gives memory back that removed routes left, and moves tables to pages of the size that suits
    /// them. Called every half second by itself.
    void tend_memory();

private:
    explicit Router(graph::Engine& engine);
    absl::Status add_arcs();
    absl::Status add_nodes(const Options& options);
    absl::Status add_ip4_nodes(const Options& options);
    absl::Status add_ip6_nodes(const Options& options);
    absl::Status place_slots();
    template <class Family, class Neighbors>
    void make_boxes(Network<Family, Neighbors>& network, const char* unresolved, const char* heard,
                    void (Neighbors::*take)(std::span<graph::Packet*>));
    struct Ends {
        graph::NodeId resolve;
        graph::NodeId rewrite;
        graph::NodeId unreachable;
        graph::NodeId local;
        graph::NodeId lookup_vrf;
        graph::NodeId balance;
        graph::NodeId tunnel;
    };
    template <class Family, class Neighbors>
    void make_fib(Network<Family, Neighbors>& network, const Ends& ends);
    template <class Family, class Neighbors>
    absl::Status set_formats(const Network<Family, Neighbors>& network, const std::string& lookup);
    /// Groups ask for their members' MAC addresses, and say what became of a traced packet.
    template <class Family, class Neighbors>
    absl::Status start_groups(Network<Family, Neighbors>& network,
                              std::shared_ptr<const fib::LoadBalance<Family>> node);
    template <class Family, class Neighbors>
    std::unique_ptr<tunnel::Underlay<Family>> make_underlay(
        Network<Family, Neighbors>& network,
        membership::JoinedGroups<typename Family::Address>& groups);
    /// The way in to tunnels of an underlay; the node that their addresses' routes lead to.
    template <class Family, class Neighbors>
    absl::StatusOr<graph::NodeId> add_tunnel_nodes(Network<Family, Neighbors>& network,
                                                   graph::ArcId local_arc);
    absl::Status add_devices();

    graph::Engine& engine_;
    interface::Table interfaces_;
    fib::ForwardingTable forwarding_;
    punt::Limits punt_limits_;
    Ip4 ip4_;
    Ip6 ip6_;
    membership::JoinedGroups<wire::Ip4Address> ip4_groups_;
    ip6::JoinedGroups ip6_groups_;
    /// Queries on their way to control.
    graph::Mailbox igmp_queries_;
    graph::Mailbox mld_queries_;
    std::atomic<bool> ip6_redirects_{false};
    ethernet::EtherTypes ether_types_;
    std::optional<icmp4::ErrorSlot> error_slot_;
    std::optional<icmp6::ErrorSlot> error6_slot_;
    std::optional<neighbor::NextHopSlot> next_hop_slot_;
    graph::ArcId device_input_arc_ = 0;
    graph::ArcId ip4_unicast_arc_ = 0;
    graph::ArcId ip4_local_arc_ = 0;
    graph::ArcId ip4_output_arc_ = 0;
    graph::ArcId ip6_unicast_arc_ = 0;
    graph::ArcId ip6_local_arc_ = 0;
    graph::ArcId ip6_output_arc_ = 0;
    graph::ArcId interface_output_arc_ = 0;
    std::unique_ptr<device::Ports> ports_;
    std::unique_ptr<device::Taps> taps_;
    std::unique_ptr<device::Nulls> nulls_;
    std::unique_ptr<handoff::Handoffs> handoffs_;
    std::unique_ptr<ip6::LinkLocals> link_locals_;
    std::unique_ptr<vrf::Vrfs> vrfs_;
    std::unique_ptr<igmp::Listener> igmp_;
    std::unique_ptr<mld::Listener> mld_;
    std::unique_ptr<neighbor::RouterAdvertisements> router_advertisements_;
    std::unique_ptr<fragment::Fragments> fragments_;
    std::unique_ptr<flow::Flows> flows_;
    std::unique_ptr<tunnel::Tunnels> tunnels_;
    std::unique_ptr<events::Journal> events_;
    /// Both Fib::removed() when the memory of removed routes was given back, and when it was last
    /// seen.
    uint64_t given_back_at_ = 0;
    uint64_t removed_before_ = 0;
    graph::Control::Handle memory_timer_;
    graph::Control::Handle seek_timer_;
};

}  // namespace vnet
