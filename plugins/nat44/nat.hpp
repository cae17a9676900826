// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/status/statusor.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "plugins/nat44/exempts.hpp"
#include "plugins/nat44/pool_addresses.hpp"
#include "plugins/nat44/sweep.hpp"
#include "plugins/nat44/taken_back.hpp"
#include "plugins/nat44/translators.hpp"
#include "vnet/router.hpp"

namespace nat44 {

using vnet::interface::Index;

/// The translation as an operator sees it: interfaces, pools, static mappings, exempts. Every
/// change makes a new Config for the workers. Control thread.
class Nat {
public:
    /// The nodes are registered and on their arcs. All outlive it.
    Nat(vnet::Router& router, Translators& translators);
    ~Nat();
    Nat(const Nat&) = delete;
    Nat& operator=(const Nat&) = delete;

    // ---- interfaces ----
    absl::Status set_role(const std::string& interface, Role role);
    /// NOT_FOUND where it has none.
    absl::Status reset_role(const std::string& interface);
    const std::map<Index, Role>& roles() const noexcept { return roles_; }

    // ---- pools ----
    absl::Status add_pool(const PoolSettings& settings);
    absl::Status remove_pool(const std::string& name);
    absl::Status add_addresses(const std::string& pool, AddressRange range);
    absl::Status remove_addresses(const std::string& pool, AddressRange range);
    absl::Status add_interface(const std::string& pool, const std::string& interface);
    absl::Status remove_interface(const std::string& pool, const std::string& interface);
    struct PoolEntry {
        PoolSettings settings;
        uint16_t number = 0;
        std::vector<AddressRange> ranges;
        /// The address that each brings at present; 0.0.0.0: none.
        std::map<Index, Ip4Address> interfaces;
        /// What was counted of its number before it was made.
        PoolUse before;
        Threshold threshold;
        /// No other pool has, had or will have it; what has its name, or number, may be another
        /// one.
        uint64_t identity = 0;
        /// Of its addresses, what each worker holds; empty where it holds nothing.
        std::vector<std::shared_ptr<HeldCount>> held;
    };
    absl::Status set_threshold(const std::string& pool, Threshold threshold);
    /// By name.
    const std::map<std::string, PoolEntry>& pools() const noexcept { return pools_; }

    // ---- static mappings ----
    absl::Status add_static(const StaticMapping& mapping);
    absl::Status remove_static(Vrf vrf, Ip4Address outside);
    /// Adds `mapping`'s one target to those of its port, whose other settings it replaces.
    absl::Status add_forward(const StaticMapping& mapping);
    absl::Status remove_forward(const StaticMapping& mapping);
    /// VRF, address, port and protocol outside.
    using Place = std::tuple<Vrf, Ip4Address, uint16_t, uint8_t>;
    const std::map<Place, StaticMapping>& statics() const noexcept { return statics_; }

    // ---- exempts ----
    /// Sessions to the destination go on as they are until they end.
    absl::Status add_exempt(const Exempt& exempt);
    absl::Status remove_exempt(const Exempt& exempt);
    const Exempts::All& exempts() const noexcept { return exempts_.all(); }
    /// Packets that went out by one since it was added.
    uint64_t packets_of(const Exempts::Entry& exempt) const;

    // ---- sessions ----
    vnet::flow::OwnerId owner() const noexcept { return translators_.owner(); }
    const Translators& translators() const noexcept { return translators_; }
    /// How much of a pool is in use, all workers together, and what became of sessions since it was
    /// made.
    PoolUse use_of(const PoolEntry& pool) const;
    /// The same of sessions by static mappings.
    PoolUse use_of_statics() const;
    AddressUse use_of_address(uint16_t number) const;
    /// What a pool has to give out.
    PoolSize size_of(const PoolEntry& pool) const;
    /// That, and what is being taken from it: what its use is part of.
    PoolSize size_with_leaving(const PoolEntry& pool) const;
    /// Addresses that pools have, and those that were taken from them and still have sessions.
    struct Addresses {
        std::string pool;
        AddressRange range;
        std::vector<uint16_t> numbers;
        /// Taken from it.
        bool leaving = false;
    };
    std::vector<Addresses> addresses() const;
    /// What each worker keeps of the address with a number; nothing where ports are shared.
    const std::vector<std::unique_ptr<AddressState>>* states_of(uint16_t number) const {
        const auto found = states_.find(number);
        return found == states_.end() ? nullptr : &found->second;
    }
    /// The address is of a pool, or leaving it, and has that number.
    bool is_number_of(uint16_t number, Ip4Address address) const;
    /// "-" where there is none.
    const std::string& pool_name(uint16_t number) const {
        return pool_names_[std::min<size_t>(number, most_pools)];
    }
    /// NOT_FOUND names the pools.
    absl::StatusOr<uint16_t> pool_number(const std::string& name) const;

    /// The interface goes.
    void removing(Index interface);

private:
    /// Addresses that were taken from a pool, until nothing is theirs any more.
    struct Leaving {
        AddressRange range;
        Vrf outside_vrf;
        std::vector<uint16_t> numbers;
        std::string pool;
        uint16_t pool_number;
        /// The pass of the sweep behind which none speaks to them any more; 0: not known yet.
        uint64_t pass = 0;
    };
    /// All that was ever counted of a pool's number.
    PoolUse counted(uint16_t number) const;
    PoolSize size_of(const PoolEntry& pool, uint64_t addresses) const;
    /// The same of an exempt's.
    uint64_t counted_exempt(uint16_t number) const;
    absl::StatusOr<PoolEntry*> find_pool(const std::string& name);
    absl::Status no_such_pool(const std::string& name) const;
    absl::Status check(const PoolSettings& settings) const;
    absl::Status claim(PoolEntry& pool, AddressRange range);
    void release(const PoolEntry& pool, AddressRange range);
    void make_states(const PoolEntry& pool, const std::vector<uint16_t>& numbers);
    void drop_states(const std::vector<uint16_t>& numbers);
    /// Addresses of the router itself, by their VRF, that pools or static mappings have too.
    using Own = absl::flat_hash_set<std::pair<Vrf, Ip4Address>>;
    Own own_addresses() const;
    bool is_own(Vrf vrf, Ip4Address address) const;
    absl::Status turn(Index interface, Role role, bool on);
    void forget(Index interface);
    void follow_addresses();
    void publish();
    /// VRFs and addresses.
    using Routes = std::set<std::pair<Vrf, Ip4Address>>;
    /// Those of pools only where addresses came or went.
    void publish_routes(bool moved);
    void change_routes(Routes& routes, Routes wanted, const Routes& others);
    bool has_route(Vrf vrf, Ip4Address address) const;
    /// VRFs that pools and static mappings speak of.
    std::set<Vrf> used_vrfs() const;
    /// Gives up paths to VRFs of which nothing speaks any more.
    void release_paths();
    /// Sessions of what was taken back may still have packets.
    bool is_ending() const;
    /// Ends those of a static mapping's target that is not its any more.
    void end_sessions_of(const StaticMapping& mapping, const Target& target);
    void tend();
    /// Forgets the addresses that are leaving and that nobody has any more.
    void finish_leaving();
    /// Somebody inside may have a session with one of these outside addresses.
    bool is_spoken_to(const AddressRange& range) const;
    /// It is by what was taken back.
    bool is_stale(const vnet::flow::Session& session) const;
    /// A static mapping leads packets with the one key to whom those with the other come from.
    bool is_led(Vrf outside_vrf, const vnet::flow::Key& to_outside,
                const vnet::flow::Key& from_target) const;
    absl::Status check_vrf_unused(Vrf vrf);
    bool answers_for(Index interface, Ip4Address address) const;

    /// For observers that live longer. Owns nothing.
    std::shared_ptr<Nat> self_;
    vnet::Router& router_;
    Translators& translators_;
    PoolAddresses addresses_;
    std::map<std::string, PoolEntry> pools_;
    /// By number.
    std::vector<std::string> pool_names_;
    uint64_t pools_made_ = 0;
    std::map<Place, StaticMapping> statics_;
    Exempts exempts_;
    std::map<Index, Role> roles_;
    std::map<Index, std::shared_ptr<void>> lookups_;
    /// By number, for each worker.
    std::map<uint16_t, std::vector<std::unique_ptr<AddressState>>> states_;
    std::vector<Leaving> leaving_;
    /// By address, the numbers of those.
    absl::flat_hash_map<Ip4Address, uint16_t> leaving_numbers_;
    /// Addresses are free that some interface may wait for.
    bool are_addresses_free_ = false;
    TakenBack taken_back_;
    Sweep sweep_;
    /// VRFs that packets are led to, and routes to outside addresses.
    std::map<Vrf, vnet::fib::PathIndex> vrf_paths_;
    /// As workers have them.
    Own own_;
    Routes pool_routes_;
    Routes static_routes_;
    /// Of the pools' addresses; null when they have changed.
    std::shared_ptr<const AddressIndex> index_;
    uint64_t seed_;
    std::shared_ptr<vnet::neighbor::Arp::AnswersFor> answers_;
    graph::Control::Handle timer_;
};

}  // namespace nat44
