// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/neighbor/resolve.hpp"
#include "vnet/wire/arp.hpp"

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
    /// Packets held for all.
    unsigned held_in_all = 1024;
    /// Neighbours known or asked for, in all.
    unsigned most = 65'536;
    /// Neighbours asked for at one time: a scan of an empty network fills no more than this.
    unsigned most_unresolved = 1'024;
    /// Between two announcements that defend the same address (RFC 5227 1.1, DEFEND_INTERVAL).
    std::chrono::milliseconds defend_interval{10'000};
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

/// Who is where on the links: resolves IPv4 neighbours by ARP (RFC 826), ages and probes them,
/// answers for the router's own addresses, and holds a few packets for those not resolved yet.
/// Control thread: packets come from workers through mailboxes and go back by injection.
class Table {
public:
    struct Neighbor {
        interface::Index interface;
        wire::Ip4Address address;
        wire::MacAddress mac;
        State state;
        Clock::time_point since;
        size_t held;
    };
    /// What the table needs to send.
    struct Nodes {
        graph::NodeId lookup;
        graph::NodeId output;
        graph::NodeId icmp_error;
    };

    Table(graph::Engine& engine, interface::Table& interfaces, ip4::Addresses& addresses,
          ip4::Fib& fib, fib::NextHops& next_hops, NextHopSlot next_hop_slot,
          icmp4::ErrorSlot error_slot, Nodes nodes, Settings settings = {},
          std::function<Clock::time_point()> clock = &Clock::now);
    ~Table();
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    // ---- from the mailboxes; packets change hands ----
    void take_unresolved(std::span<graph::Packet*> packets);
    void take_arp(std::span<graph::Packet*> packets);

    // ---- from the API ----

    /// Sets where a neighbour is. The entry stays while the interface is down, and goes with the
    /// interface or with the address that has the neighbour in its network.
    absl::Status add_fixed(const std::string& interface, wire::Ip4Address address,
                           const wire::MacAddress& mac);
    absl::Status remove(const std::string& interface, wire::Ip4Address address);
    /// In order of interface and address.
    std::vector<Neighbor> list() const;
    /// What became of a neighbour whose MAC address is known.
    enum class Change { added, changed, removed };
    using Observer = std::function<void(const Neighbor&, Change)>;
    /// Calls back after a neighbour was learned or set, was found at another MAC address or was
    /// lost, for as long as the table lives; not when one is asked for or confirmed.
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }
    /// How many there are in a state.
    size_t count(State state) const;
    /// Packets held for neighbours that are asked for.
    size_t held() const noexcept { return held_; }

    /// Does what is due at `now`; a timer calls it.
    void tick(Clock::time_point now);

private:
    struct Key {
        interface::Index interface;
        uint32_t address;
        friend auto operator<=>(const Key&, const Key&) = default;
        template <class H>
        friend H AbslHashValue(H state, const Key& key) {
            return H::combine(std::move(state), key.interface, key.address);
        }
    };
    struct Entry {
        State state = State::incomplete;
        wire::MacAddress mac;
        Clock::time_point since;
        Clock::time_point due;
        unsigned tries = 0;
        std::deque<graph::Packet*> held;
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
    using Which = std::function<bool(const Key&, const Entry&)>;

    void take_unresolved(graph::Packet* packet);
    void ask(const Key& key, Entry& entry, Clock::time_point now);
    void hold(Entry& entry, graph::Packet* packet);
    void learn(const Key& key, const wire::MacAddress& mac, bool create);
    void confirmed(const Key& key, Entry& entry, const wire::MacAddress& mac, State state);
    void unreachable(graph::Packet* packet);
    static Neighbor describe(const Key& key, const Entry& entry);
    void tell(const Key& key, const Entry& entry, Change change) const;
    void erase(const Key& key);
    void forget(const Which& which);
    void schedule(const Key& key, Entry& entry, Clock::time_point due);
    void answer(const wire::ArpHeader& request, interface::Index interface);
    void announce(interface::Index interface, wire::Ip4Address address);
    void defend(interface::Index interface, wire::Ip4Address address);
    void send_arp(interface::Index interface, const wire::ArpHeader& arp,
                  const wire::MacAddress& destination);
    void count(Drop reason);
    void count(Drop reason, graph::Packet& packet);
    void drop(graph::Packet* packet, Drop reason);

    graph::Engine& engine_;
    interface::Table& interfaces_;
    ip4::Addresses& addresses_;
    ip4::Fib& fib_;
    fib::NextHops& next_hops_;
    NextHopSlot next_hop_slot_;
    icmp4::ErrorSlot error_slot_;
    Nodes nodes_;
    Settings settings_;
    std::function<Clock::time_point()> clock_;
    graph::DropId first_drop_;
    absl::flat_hash_map<Key, std::unique_ptr<Entry>> entries_;
    /// What is to be done next, soonest first.
    std::set<std::pair<Clock::time_point, Key>> due_;
    /// When each of the router's addresses was last defended.
    absl::flat_hash_map<Key, Clock::time_point> defended_;
    size_t unresolved_ = 0;
    size_t held_ = 0;
    std::vector<Observer> observers_;
    graph::Control::Handle timer_;
};

}  // namespace vnet::neighbor
