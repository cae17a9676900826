// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/fib/addresses.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/neighbor/by_age.hpp"
#include "vnet/neighbor/resolve.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::neighbor {

using Clock = std::chrono::steady_clock;

/// Times and bounds, after RFC 1122 2.3.2 and RFC 4861 10.
struct Settings {
    /// An address that was confirmed is used so long before it is asked for again.
    std::chrono::milliseconds reachable_time{30'000};
    /// Between two requests for the same address.
    std::chrono::milliseconds retransmit_time{1'000};
    /// Requests before a neighbour counts as unreachable.
    unsigned tries = 3;
    /// Packets held for one neighbour while it is asked for; the oldest gives way.
    unsigned held_each = 16;
    /// Packets held for all; the oldest gives way, those for next hops of routes last.
    unsigned held_in_all = 1024;
    /// Neighbours known or asked for, in all; next hops of routes may be most_unresolved more.
    unsigned most = 65'536;
    /// Neighbours asked for at one time: as many next hops of routes, and as many others. The
    /// oldest of its kind gives way, so that a scan of a network keeps nobody from being asked for.
    unsigned most_unresolved = 1'024;
    /// Neighbours that are known from what they said alone and have not answered yet: the oldest
    /// gives way.
    unsigned most_unproven = 1'024;
    /// Between two announcements that defend the same address (RFC 5227 1.1, DEFEND_INTERVAL).
    std::chrono::milliseconds defend_interval{10'000};
    /// Solicitations that ask whether another host has a new IPv6 address, retransmit_time apart
    /// (RFC 4862 5.1); 0: nobody is asked, and an address is used at once.
    unsigned duplicate_tries = 1;
    /// How often it is seen what is due.
    std::chrono::milliseconds tick{100};
};

enum class State {
    /// Asked for, no answer yet.
    incomplete,
    /// Confirmed within the reachable time.
    reachable,
    /// Known, and asked for again.
    probing,
    /// Set by the operator; never asked for.
    fixed,
};
std::string_view name(State state);

/// One host on a link, as it is told to others.
template <class Address>
struct Neighbor {
    interface::Index interface;
    Address address;
    wire::MacAddress mac;
    State state;
    Clock::time_point since;
    size_t held;
};

/// What became of a neighbour whose MAC address is known.
enum class Change { added, changed, removed };

/// Who is where on the links, of one address family: holds a few packets for those not resolved
/// yet, ages and probes what it knows, and turns the paths that lead to neighbours. How they are
/// asked for and heard is the protocol's, which derives from it: Arp for IPv4, Nd for IPv6. Control
/// thread: packets come from workers through mailboxes and go back by injection.
template <class Family>
class Cache {
public:
    using Address = typename Family::Address;
    using Neighbor = neighbor::Neighbor<Address>;
    using Change = neighbor::Change;

    /// What the cache builds on. All must outlive it.
    struct Parts {
        graph::Engine& engine;
        interface::Table& interfaces;
        fib::Addresses<Family>& addresses;
        fib::Fibs<Family>& fibs;
        fib::NextHops<Address>& next_hops;
        NextHopSlot next_hop_slot;
    };
    /// Where it sends packets.
    struct Nodes {
        graph::NodeId lookup;
        /// For a packet that was led to another VRF.
        graph::NodeId lookup_vrf;
        graph::NodeId output;
        graph::NodeId icmp_error;
    };
    using Now = std::function<Clock::time_point()>;

    virtual ~Cache() = default;
    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

    /// From the mailbox of those that wait for a neighbour; packets change hands.
    void take_unresolved(std::span<graph::Packet*> packets);

    /// Finds out where a neighbour is that packets will go to: asks for it, where nothing is known
    /// of it and it may be on the link. Nothing tells that nobody answered; call again.
    void seek(interface::Index interface, Address address);

    // ---- from the API ----

    /// Sets where a neighbour is. The entry stays while the interface is down, and goes with the
    /// interface, and with the address or the route that has the neighbour on its link.
    absl::Status add_fixed(const std::string& interface, Address address,
                           const wire::MacAddress& mac);
    absl::Status remove(const std::string& interface, Address address);
    /// In order of interface and address.
    std::vector<Neighbor> list() const;
    using Observer = std::function<void(const Neighbor&, Change)>;
    /// Calls back after a neighbour was learned or set, was found at another MAC address or was
    /// lost, for as long as the cache lives; not when one is asked for or confirmed.
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }
    /// How many there are in a state.
    size_t count(State state) const;
    /// Packets held for neighbours that are asked for.
    size_t held() const noexcept { return held_; }

    /// Does what is due at `now`; a timer calls it.
    virtual void tick(Clock::time_point now);

    // ---- who decides otherwise than by the destination ----

    /// Says where a packet goes on that waited for its next hop: at the node that sent it there, or
    /// nowhere special, which is its lookup. Where that node is a feature, the packet is put on its
    /// arc.
    using Chooser = std::function<std::optional<graph::NodeId>(graph::Packet&)>;
    /// Asked for as long as the cache lives, for packets that the router did not make itself.
    void add_chooser(Chooser chooser) { choosers_.push_back(std::move(chooser)); }

    // ---- an interface that changes its VRF ----

    /// Adds the routes of the neighbours on an interface to a VRF that it is going to be in. One
    /// that has no room is resolved packet by packet, as its network is.
    void enter(interface::Index interface, interface::Vrf vrf);
    /// Takes them out of a VRF that it is no longer in.
    void leave(interface::Index interface, interface::Vrf vrf);

protected:
    struct Key {
        interface::Index interface;
        Address address;
        friend auto operator<=>(const Key&, const Key&) = default;
        template <class H>
        friend H AbslHashValue(H state, const Key& key) {
            return H::combine(std::move(state), key.interface, key.address);
        }
    };
    enum class Drop : graph::Edge {
        held_full,
        table_full,
        not_on_link,
        address_conflict,
        own_packet,
        unreachable,
        no_buffer
    };

    /// Control's own drops are counted under a node of their own, so that they are shown like all
    /// others: `node`, whose packets go on to `edges`.
    Cache(const Parts& parts, const Nodes& nodes, const Settings& settings, Now clock,
          std::string node, std::vector<std::string> edges);

    // ---- what a protocol does ----

    /// Asks for the neighbour: at `alone`, or all who may have the address.
    virtual void ask(const Key& key, const std::optional<wire::MacAddress>& alone) = 0;
    /// Tells the packet's sender that its destination cannot be reached; the packet changes hands.
    virtual void tell_unreachable(graph::Packet* packet) = 0;

    // ---- what a protocol may use ----

    /// The neighbour may be on that link, and there is an address of ours to ask from: it is in a
    /// network of the interface, or a connected route leads there, or a route's next hop names the
    /// interface, as leases of one address alone need it.
    bool may_be_on_link(const Key& key) const;
    /// The address to ask a neighbour from that may be on the link.
    Address own_address(const Key& key) const {
        return addresses()
            .on_link(key.interface, key.address)
            .value_or(addresses().of(key.interface).front().address());
    }

    /// A neighbour was heard: it is at `mac`. One that is not known is noted where `create` says
    /// so. Those set by the operator stay as they are. `confirmed`: it answered us, so it is
    /// reached; otherwise it is asked at once whether it is, and used meanwhile.
    void learn(const Key& key, const wire::MacAddress& mac, bool create, bool confirmed);
    /// The neighbour answered from where it is known to be.
    void confirm(const Key& key);
    /// What is known of it: nothing where it is being asked for or not known at all.
    std::optional<wire::MacAddress> mac_of(const Key& key) const;
    bool is_asked_for(const Key& key) const;
    /// It was asked and has not answered yet, whether it is known or not.
    bool is_questioned(const Key& key) const;
    void forget_all();
    void forget_off_link(interface::Index interface);

    /// Room for a packet of the router's own, to be sent to `destination` on a link; null, and
    /// counted, where no buffer is free. The caller lays what follows the Ethernet header and hands
    /// it to send().
    graph::Packet* make_frame(interface::Index interface, const wire::MacAddress& destination,
                              uint16_t ether_type, uint32_t bytes);
    void send(graph::Packet* packet);

    void count_drop(Drop reason);
    void count_drop(Drop reason, graph::Packet& packet);
    void drop(graph::Packet* packet, Drop reason);

    /// Has a packet that waited go on at a node, by the worker that it came from.
    void give_back(graph::Packet* packet, graph::NodeId node);

    graph::Engine& engine() noexcept { return parts_.engine; }
    interface::Table& interfaces() noexcept {
        return parts_.interfaces;
    }
    const interface::Table& interfaces() const noexcept { return parts_.interfaces; }
    fib::Addresses<Family>& addresses() noexcept { return parts_.addresses; }
    const fib::Addresses<Family>& addresses() const noexcept { return parts_.addresses; }
    const Nodes& nodes() const noexcept { return nodes_; }
    const Settings& settings() const noexcept { return settings_; }
    Clock::time_point now() const { return clock_(); }

private:
    struct Entry {
        State state = State::incomplete;
        /// A next hop of routes, not only a destination in a connected network: those there are few
        /// of, whatever anybody sends.
        bool is_next_hop = false;
        wire::MacAddress mac;
        Clock::time_point since;
        Clock::time_point due;
        /// It answered us once, or the operator set it.
        bool is_proven = false;
        /// Its places among those that are not, that are asked for first, and that hold packets.
        uint64_t unproven_place = 0;
        uint64_t asked_place = 0;
        uint64_t holding_place = 0;
        unsigned tries = 0;
        std::deque<graph::Packet*> held;
    };
    using Which = std::function<bool(const Key&, const Entry&)>;
    /// Entries that share a bound: next hops of routes, and others.
    struct Shared {
        ByAge<Key> next_hops;
        ByAge<Key> others;
        ByAge<Key>& of(const Entry& entry) { return entry.is_next_hop ? next_hops : others; }
    };

    void take_unresolved(graph::Packet* packet);
    void ask(const Key& key, Entry& entry, Clock::time_point now);
    bool make_room(bool for_next_hop);
    bool make_room_to_ask(bool for_next_hop);
    bool make_room_to_hold(const Entry& entry);
    Entry& begin(const Key& key, bool is_next_hop);
    void promote(const Key& key, Entry& entry);
    void hold(const Key& key, Entry& entry, graph::Packet* packet);
    void drop_oldest_held(const Key& key, Entry& entry);
    std::deque<graph::Packet*> take_held(const Key& key, Entry& entry);
    void give_up(const Key& key);
    void set(const Key& key, Entry& entry, const wire::MacAddress& mac, State state);
    void unreachable(graph::Packet* packet);
    static Neighbor describe(const Key& key, const Entry& entry);
    void tell(const Key& key, const Entry& entry, Change change) const;
    void erase(const Key& key);
    void note_proof(const Key& key, Entry& entry);
    void forget(const Which& which);
    void go_on(graph::Packet* packet);
    bool try_route(fib::Fib<Family>& fib, const Key& key);
    void add_route(fib::Fib<Family>& fib, const Key& key);
    void schedule(const Key& key, Entry& entry, Clock::time_point due);
    /// The routes of the VRF that the neighbour's interface is in.
    fib::Fib<Family>& fib_of(interface::Index interface) const {
        return parts_.fibs.of(interfaces().vrf_of(interface));
    }
    const typename Family::Prefix* own_network(const Key& key) const;
    std::optional<typename fib::Fib<Family>::Match> way_without_neighbors(const Key& key) const;
    bool is_next_hop_of_routes(const Key& key) const;
    bool needs_route(const Key& key) const;
    void forget_fixed_off_link();
    typename Family::Prefix route_to(const Key& key) const {
        return {Family::scoped(key.address, key.interface), Family::Prefix::longest};
    }

    Parts parts_;
    Nodes nodes_;
    Settings settings_;
    Now clock_;
    graph::DropId first_drop_;
    absl::flat_hash_map<Key, std::unique_ptr<Entry>> entries_;
    /// What is to be done next, soonest first.
    std::set<std::pair<Clock::time_point, Key>> due_;
    /// Those that are known and not proven.
    ByAge<Key> unproven_;
    /// Those that are incomplete.
    Shared asked_;
    /// Those that hold packets.
    Shared holding_;
    size_t held_ = 0;
    /// Those set by the operator that are in no network of their interface: they go with a route.
    std::set<Key> fixed_beyond_;
    std::vector<Observer> observers_;
    std::vector<Chooser> choosers_;
    graph::Control::Handle timer_;
};

}  // namespace vnet::neighbor
