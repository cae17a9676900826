// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/fib/fibs.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/membership/joined_groups.hpp"
#include "vnet/tunnel/names.hpp"
#include "vnet/tunnel/outer.hpp"

namespace vnet::tunnel {

/// A tunnel's way through its underlay, for as long as it lives. Control thread.
class Way {
public:
    virtual ~Way() = default;
    /// Largest packet of the tunnel that fits the way, its own headers not counted: what routes and
    /// Packet Too Big say. 0: there is no way to the other end now.
    virtual uint32_t mtu() const = 0;
};

/// The router's end of tunnels whose other ends are not known beforehand, for as long as it lives.
class LocalEnd {
public:
    virtual ~LocalEnd() = default;
};

/// What all tunnels of one underlay have in common, IPv4 or IPv6: the routes of their own
/// addresses, the ways to the other ends and what they carry, errors of routers on the way. It
/// follows routes, so that what workers read of a tunnel changes within a change of routes; MTUs
/// follow soon after. Owned by Tunnels. Control thread.
template <class Family>
class Underlay {
public:
    using Address = typename Family::Address;

    /// What tunnels are made of. All must outlive it.
    struct Parts {
        graph::Engine& engine;
        interface::Table& interfaces;
        fib::ForwardingTable& forwarding;
        const fib::Tables<typename Family::Table>& tables;
        fib::Fibs<Family>& fibs;
        fib::NextHops<Address>& next_hops;
        /// For errors that are relayed.
        icmp4::ErrorSlot icmp4_slot;
        icmp6::ErrorSlot icmp6_slot;
        /// Who hears of ICMP errors.
        ip4::LocalTable& local;
        membership::JoinedGroups<Address>& groups;
    };
    /// A Packet Too Big is believed for so long (RFC 1191 6.3, RFC 8201 4).
    static constexpr auto too_big_lasts = std::chrono::minutes(10);

    explicit Underlay(const Parts& parts);
    ~Underlay();
    Underlay(const Underlay&) = delete;
    Underlay& operator=(const Underlay&) = delete;

    struct Request {
        Ends<Address> ends;
        interface::Vrf vrf = interface::default_vrf;
        /// Of the packets in the tunnel.
        interface::Index interface = 0;
        /// Which are Ethernet frames.
        bool carries_ethernet = false;
        /// Laid already; their path is kept up. They outlive the way.
        std::vector<Outer*> outers;
        /// Bytes behind the outer IP header, from and to, that each packet has of its own; those of
        /// UDP are known.
        std::vector<std::pair<size_t, size_t>> varying{};
        /// Called soon after mtu() became another one.
        std::function<void()> changed;
    };
    /// Begins to lead packets of a tunnel both ways. INVALID_ARGUMENT for an end that is no host's
    /// address, RESOURCE_EXHAUSTED where there is no room for its route.
    absl::StatusOr<std::unique_ptr<Way>> open(const Request& request);
    /// Sends packets of a tunnel to a group, its remote end, by the interface `link`, and listens
    /// to the group there, as long as the way lives, which must be no longer than the interface.
    /// INVALID_ARGUMENT for what is no group that routers forward, or for a link of another VRF;
    /// RESOURCE_EXHAUSTED where there is no room for its path.
    absl::StatusOr<std::unique_ptr<Way>> open_group(const Request& request, interface::Index link);
    /// Leads what comes to an address of the router to tunnels as long as the answer lives: for who
    /// takes from any. As open().
    absl::StatusOr<std::unique_ptr<LocalEnd>> open_local(interface::Vrf vrf, Address local);
    /// Whether tunnels send in a VRF.
    bool is_used_in(interface::Vrf vrf) const;

    /// Takes ICMP errors that may be about packets of tunnels. Others go on to who takes the rest.
    void take_errors(std::span<graph::Packet*> packets);

private:
    class HeldWay;
    class HeldLocal;
    class GroupWay;
    /// What both ends of tunnels have in common, however many there are between them.
    struct Pair;
    using Key = std::tuple<interface::Vrf, Address, Address>;
    struct Error;

    static absl::Status check(Address address);
    absl::Status check(const Ends<Address>& ends) const;
    absl::Status hold_local(interface::Vrf vrf, Address local);
    void release_local(interface::Vrf vrf, Address local);
    std::shared_ptr<Pair> pair(const Key& key);
    uint32_t mtu_of(fib::PathIndex path, Address remote, unsigned depth = 0) const;
    /// Of a group, the least of its members.
    uint32_t mtu_of_group(fib::GroupIndex group) const;
    /// Soon, once for many changes. All are reckoned every second, since members of groups and
    /// routes of other VRFs change without a word.
    void reckon_soon();
    void reckon_soon(Pair& pair);
    void reckon_all();
    void reckon(Pair& pair);
    /// The tunnels of a pair, that its MTU is another one.
    void tell(Pair& pair);
    void leave_by(Pair& pair, interface::Index interface);
    /// False where it is about no tunnel.
    bool take_error(const graph::Packet& packet);
    void too_big(Pair& pair, uint32_t mtu);
    void relay(const HeldWay& way, std::span<const std::byte> inner);

    Parts parts_;
    graph::NodeId icmp4_error_;
    graph::NodeId icmp6_error_;
    graph::NodeId errors_;
    graph::NodeId rewrite_;
    std::vector<GroupWay*> group_ways_;
    std::map<Key, std::weak_ptr<Pair>> pairs_;
    /// Tunnels of an address of the router.
    std::map<std::pair<interface::Vrf, Address>, unsigned> locals_;
    /// Those to be reckoned soon; all of them, where `reckons_all_` says so.
    std::vector<std::weak_ptr<Pair>> to_reckon_;
    bool reckons_all_ = false;
    bool will_reckon_ = false;
    /// Of groups that were looked at for the pairs at hand: many pairs share one.
    mutable std::unordered_map<fib::GroupIndex, uint32_t> group_mtus_;
    /// How many ways leave by an interface.
    std::map<interface::Index, unsigned> leaves_by_;
    graph::Control::Handle timer_;
    /// For what runs later and may find this gone.
    std::shared_ptr<Underlay*> self_ = std::make_shared<Underlay*>(this);
};

}  // namespace vnet::tunnel

extern template class vnet::tunnel::Underlay<vnet::ip4::Family>;
extern template class vnet::tunnel::Underlay<vnet::ip6::Family>;
