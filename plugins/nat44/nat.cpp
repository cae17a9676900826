// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/nat.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "graph/random_number.hpp"

namespace nat44 {

using vnet::fib::RouteSource;
using Via = vnet::fib::Via<Ip4Address>;

namespace {

constexpr const char* unicast_arc = "ip4-unicast";
constexpr const char* output_arc = "ip4-output";
constexpr const char* local_arc = "ip4-local";
/// How often addresses that were taken from pools are looked after.
constexpr auto tend_period = std::chrono::milliseconds(100);
constexpr size_t longest_name = 63;
constexpr uint32_t most_sessions_per_host = 1U << 24;
constexpr uint32_t most_new_sessions = 10'000;
constexpr uint32_t most_hold_down_s = 86'400;

absl::Status check_name(const std::string& name) {
    const bool good = !name.empty() && name.size() <= longest_name &&
                      std::all_of(name.begin(), name.end(), [](unsigned char c) {
                          return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                      });
    return good ? absl::OkStatus()
                : absl::InvalidArgumentError(
                      fmt::format("'{}' cannot name a pool; use 1 to {} letters, digits and - _ .",
                                  name, longest_name));
}

absl::Status check_hold_down(const PoolSettings& settings) {
    if (settings.hold_down_s > most_hold_down_s) {
        return absl::OutOfRangeError(
            fmt::format("a hold-down of {} s is out of range; give 0 to {}", settings.hold_down_s,
                        most_hold_down_s));
    }
    if (settings.hold_down_ports > most_port) {
        return absl::OutOfRangeError(
            fmt::format("{} ports that are held at most are out of range; give 1 to {}",
                        settings.hold_down_ports, most_port));
    }
    if (settings.hold_down_s == 0) {
        return absl::OkStatus();
    }
    if (settings.deterministic) {
        return absl::InvalidArgumentError(
            "ports of a deterministic pool are always the same host's; leave hold-down out");
    }
    if (settings.mapping != MappingKind::endpoint_independent && settings.block_size == 0) {
        return absl::InvalidArgumentError(
            "a port of this pool serves several hosts at a time; hold-down is for a pool whose "
            "mapping is endpoint-independent or whose allocation is `blocks`");
    }
    return absl::OkStatus();
}

AddressRange alone(Ip4Address address) {
    return {address, address};
}

}  // namespace

Nat::Nat(vnet::Router& router, Translators& translators)
    : self_(this, [](Nat*) {}),
      router_(router),
      translators_(translators),
      sweep_(router.flows(), router.engine(),
             [this](const vnet::flow::Flows::Found& found) {
                 return found.session.owner == translators_.owner() && is_stale(found.session);
             }),
      seed_(graph::random_number()) {
    pool_names_.resize(most_pools + 1, std::string(1, '-'));
    publish();
    router_.addresses().observe_use([weak = std::weak_ptr(self_)](Index, const Ip4Prefix&, bool) {
        if (const auto nat = weak.lock()) {
            nat->follow_addresses();
        }
    });
    router_.vrfs().guard([weak = std::weak_ptr(self_)](Vrf vrf) {
        const auto nat = weak.lock();
        return nat == nullptr ? absl::OkStatus() : nat->check_vrf_unused(vrf);
    });
    answers_ = std::make_shared<vnet::neighbor::Arp::AnswersFor>(
        [this](Index interface, Ip4Address address) { return answers_for(interface, address); });
    router_.neighbors().answer_for(answers_);
    timer_ = router_.engine().control().every(tend_period, [this] { tend(); });
}

Nat::~Nat() {
    self_.reset();
    timer_.cancel();
    change_routes(pool_routes_, {}, static_routes_);
    change_routes(static_routes_, {}, {});
    for (const auto& [vrf, path] : vrf_paths_) {
        router_.fib().release(Via::look_up(vrf));
    }
}

// ---- interfaces ----

absl::Status Nat::turn(Index interface, Role role, bool on) {
    graph::Graph& graph = router_.engine().graph();
    absl::Status status = graph.set_feature(local_arc, "nat44-hairpin", interface, on);
    if (role == Role::inside) {
        return status;
    }
    status.Update(graph.set_feature(unicast_arc, "nat44-out2in", interface, on));
    status.Update(graph.set_feature(output_arc, "nat44-in2out", interface, on));
    return status;
}

absl::Status Nat::set_role(const std::string& name, Role role) {
    const auto interface = router_.interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const Index index = (*interface)->index;
    const auto before = roles_.find(index);
    if (before != roles_.end()) {
        if (before->second == role) {
            return absl::OkStatus();
        }
        (void)turn(index, before->second, false);
    } else {
        auto lookup = router_.flows().use(index);
        if (!lookup.ok()) {
            return lookup.status();
        }
        lookups_[index] = *std::move(lookup);
    }
    translators_.set_role(index, role);
    roles_[index] = role;
    return turn(index, role, true);
}

void Nat::forget(Index index) {
    const auto found = roles_.find(index);
    if (found == roles_.end()) {
        return;
    }
    (void)turn(index, found->second, false);
    translators_.set_role(index, Role::none);
    lookups_.erase(index);
    roles_.erase(found);
}

absl::Status Nat::reset_role(const std::string& name) {
    const auto interface = router_.interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (!roles_.contains((*interface)->index)) {
        return absl::NotFoundError(
            fmt::format("interface '{}' is neither inside nor outside of nat44", name));
    }
    forget((*interface)->index);
    return absl::OkStatus();
}

void Nat::removing(Index index) {
    forget(index);
    for (auto& [name, pool] : pools_) {
        const auto found = pool.interfaces.find(index);
        if (found == pool.interfaces.end()) {
            continue;
        }
        if (!found->second.is_unspecified()) {
            release(pool, alone(found->second));
        }
        pool.interfaces.erase(found);
        publish();
    }
}

// ---- pools ----

absl::StatusOr<Nat::PoolEntry*> Nat::find_pool(const std::string& name) {
    const auto found = pools_.find(name);
    if (found != pools_.end()) {
        return &found->second;
    }
    return no_such_pool(name);
}

absl::StatusOr<uint16_t> Nat::pool_number(const std::string& name) const {
    const auto found = pools_.find(name);
    return found == pools_.end() ? absl::StatusOr<uint16_t>(no_such_pool(name))
                                 : found->second.number;
}

absl::Status Nat::no_such_pool(const std::string& name) const {
    std::string there;
    for (const auto& [other, pool] : pools_) {
        there += (there.empty() ? "" : ", ") + other;
    }
    return absl::NotFoundError(
        pools_.empty() ? fmt::format("there is no pool '{}', nor any other", name)
                       : fmt::format("there is no pool '{}'; there are: {}", name, there));
}

absl::Status Nat::check(const PoolSettings& settings) const {
    if (absl::Status status = check_name(settings.name); !status.ok()) {
        return status;
    }
    if (!settings.inside.is_normalised()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is not a network: bits behind the prefix length are set; {} would be right",
            settings.inside, settings.inside.normalised()));
    }
    if (settings.ports.first == 0 || settings.ports.first > settings.ports.last) {
        return absl::OutOfRangeError(
            fmt::format("ports {} to {} are no range; give 1 to 65535, the lower one first",
                        settings.ports.first, settings.ports.last));
    }
    if (settings.block_size != 0) {
        if (absl::Status status = PortBlocks::check_size(settings.block_size); !status.ok()) {
            return status;
        }
        if (settings.blocks_per_host == 0 || settings.blocks_per_host > Host::most_blocks) {
            return absl::OutOfRangeError(
                fmt::format("{} blocks for each host are out of range; give 1 to {}",
                            settings.blocks_per_host, Host::most_blocks));
        }
    }
    if (settings.sessions_per_host > most_sessions_per_host) {
        return absl::OutOfRangeError(
            fmt::format("{} sessions for each host are out of range; give 0 to {}",
                        settings.sessions_per_host, most_sessions_per_host));
    }
    if (settings.new_sessions_per_second > most_new_sessions) {
        return absl::OutOfRangeError(
            fmt::format("{} new sessions a second for each host are out of range; give 0 to {}",
                        settings.new_sessions_per_second, most_new_sessions));
    }
    if (absl::Status status = check_hold_down(settings); !status.ok()) {
        return status;
    }
    return PortPartition::make(settings.ports, translators_.contexts() - 1,
                               std::max(settings.block_size, 1U))
        .status();
}

absl::Status Nat::add_pool(const PoolSettings& settings) {
    if (absl::Status status = check(settings); !status.ok()) {
        return status;
    }
    const auto found = pools_.find(settings.name);
    if (found != pools_.end()) {
        return found->second.settings == settings
                   ? absl::OkStatus()
                   : absl::AlreadyExistsError(
                         fmt::format("pool '{}' is there already; delete it to make another one",
                                     settings.name));
    }
    std::set<uint16_t> taken;
    for (const auto& [name, pool] : pools_) {
        taken.insert(pool.number);
    }
    // Hosts of a pool that was deleted may still have sessions, which are on their way out.
    const auto is_free = [&](uint16_t number) {
        return !taken.contains(number) && counted(number).hosts == 0;
    };
    uint16_t number = 0;
    while (number < most_pools && !is_free(number)) {
        ++number;
    }
    if (number >= most_pools) {
        return absl::ResourceExhaustedError(
            fmt::format("there are {} pools, and no more can be", most_pools));
    }
    PoolEntry& pool = pools_[settings.name];
    pool = {settings, number, {}, {}, counted(number), {}, ++pools_made_, {}};
    pool_names_[number] = settings.name;
    if (settings.hold_down_s != 0) {
        for (unsigned worker = 0; worker + 1 < translators_.contexts(); ++worker) {
            pool.held.push_back(
                std::make_shared<HeldCount>(settings.hold_down_s * vnet::flow::ticks_per_second));
        }
    }
    publish();
    return absl::OkStatus();
}

absl::Status Nat::set_threshold(const std::string& name, Threshold threshold) {
    const auto pool = find_pool(name);
    if (!pool.ok()) {
        return pool.status();
    }
    if (threshold.high > 100 || threshold.low == 0 || threshold.low >= threshold.high) {
        return absl::OutOfRangeError(
            fmt::format("thresholds of {} and {} percent are out of range; give 2 to 100, and for "
                        "the lower one less than that, but 1 at least",
                        threshold.high, threshold.low));
    }
    (*pool)->threshold = threshold;
    return absl::OkStatus();
}

absl::Status Nat::remove_pool(const std::string& name) {
    const auto pool = find_pool(name);
    if (!pool.ok()) {
        return pool.status();
    }
    for (const AddressRange& range : (*pool)->ranges) {
        release(**pool, range);
    }
    for (const auto& [index, address] : (*pool)->interfaces) {
        if (!address.is_unspecified()) {
            release(**pool, alone(address));
        }
    }
    pool_names_[(*pool)->number] = pool_names_.back();
    pools_.erase(name);
    publish();
    return absl::OkStatus();
}

absl::Status Nat::claim(PoolEntry& pool, AddressRange range) {
    // A configuration may move an address: where nobody uses it, that needs no waiting.
    const auto leaves = [&range](const Leaving& leaving) { return leaving.range.overlaps(range); };
    if (std::any_of(leaving_.begin(), leaving_.end(), leaves)) {
        finish_leaving();
    }
    for (const Leaving& leaving : leaving_) {
        // Nobody of those that are on their way out may meet the new ones.
        if (leaving.range.overlaps(range)) {
            return absl::UnavailableError(
                fmt::format("sessions of {} are still being ended; try again in a second",
                            leaving.range.to_string()));
        }
    }
    const auto numbers = addresses_.add({pool.number, pool.settings.name}, range);
    if (!numbers.ok()) {
        return numbers.status();
    }
    index_.reset();
    make_states(pool, *numbers);
    return absl::OkStatus();
}

void Nat::make_states(const PoolEntry& pool, const std::vector<uint16_t>& numbers) {
    const PoolSettings& settings = pool.settings;
    const bool independent = settings.mapping == MappingKind::endpoint_independent;
    if (!independent && settings.block_size == 0) {
        return;
    }
    const unsigned workers = translators_.contexts() - 1;
    const auto partition =
        PortPartition::make(settings.ports, workers, std::max(settings.block_size, 1U));
    for (const uint16_t number : numbers) {
        auto& states = states_[number];
        for (unsigned worker = 0; worker < workers; ++worker) {
            const PortRange part =
                settings.deterministic ? settings.ports : partition->part(worker);
            auto state = std::make_unique<AddressState>(
                settings, part, pool.held.empty() ? nullptr : pool.held[worker]);
            translators_.of(worker).addresses().set(number, state.get());
            states.push_back(std::move(state));
        }
    }
}

void Nat::drop_states(const std::vector<uint16_t>& numbers) {
    for (const uint16_t number : numbers) {
        for (unsigned worker = 0; worker + 1 < translators_.contexts(); ++worker) {
            translators_.of(worker).addresses().set(number, nullptr);
        }
    }
    router_.engine().rcu().synchronize();
    for (const uint16_t number : numbers) {
        states_.erase(number);
    }
    addresses_.recycle(numbers);
}

void Nat::release(const PoolEntry& pool, AddressRange range) {
    auto numbers = addresses_.remove({pool.number, pool.settings.name}, range);
    if (numbers.ok()) {
        index_.reset();
        leaving_.push_back({range, pool.settings.outside_vrf, *std::move(numbers),
                            pool.settings.name, pool.number});
        const std::vector<uint16_t>& left = leaving_.back().numbers;
        for (size_t i = 0; i < left.size(); ++i) {
            leaving_numbers_[Ip4Address(uint32_t(range.first.value() + i))] = left[i];
        }
        taken_back_.add(range, pool.settings.outside_vrf);
        sweep_.start();
    }
}

absl::Status Nat::add_addresses(const std::string& name, AddressRange range) {
    const auto pool = find_pool(name);
    if (!pool.ok()) {
        return pool.status();
    }
    if (range.last < range.first) {
        return absl::InvalidArgumentError(
            fmt::format("{} is above {}; give the lower address first", range.first, range.last));
    }
    const auto& ranges = (*pool)->ranges;
    if (std::find(ranges.begin(), ranges.end(), range) != ranges.end()) {
        return absl::OkStatus();
    }
    if ((*pool)->settings.deterministic) {
        if (!ranges.empty()) {
            return absl::InvalidArgumentError(
                fmt::format("pool '{}' is deterministic and has its one range already", name));
        }
        const PoolSettings& settings = (*pool)->settings;
        const std::vector<Ip4Prefix> inside = {settings.inside};
        if (auto made = DeterministicMapping::make(inside, range, settings.ports); !made.ok()) {
            return made.status();
        }
    }
    for (const auto& [place, mapping] : statics_) {
        if (mapping.is_one_to_one() && range.contains(mapping.outside)) {
            return absl::AlreadyExistsError(fmt::format(
                "{} is the address of {} alone", mapping.outside, mapping.targets[0].address));
        }
    }
    if (absl::Status status = claim(**pool, range); !status.ok()) {
        return status;
    }
    (*pool)->ranges.push_back(range);
    publish();
    return absl::OkStatus();
}

absl::Status Nat::remove_addresses(const std::string& name, AddressRange range) {
    const auto pool = find_pool(name);
    if (!pool.ok()) {
        return pool.status();
    }
    auto& ranges = (*pool)->ranges;
    const auto found = std::find(ranges.begin(), ranges.end(), range);
    if (found == ranges.end()) {
        return absl::NotFoundError(
            fmt::format("pool '{}' has no addresses {} as such; `show nat44 pool` has them", name,
                        range.to_string()));
    }
    ranges.erase(found);
    release(**pool, range);
    publish();
    return absl::OkStatus();
}

absl::Status Nat::add_interface(const std::string& name, const std::string& interface) {
    const auto pool = find_pool(name);
    if (!pool.ok()) {
        return pool.status();
    }
    const auto found = router_.interfaces().find(interface);
    if (!found.ok()) {
        return found.status();
    }
    if ((*pool)->settings.deterministic) {
        return absl::InvalidArgumentError(
            fmt::format("pool '{}' is deterministic and needs addresses that do not change", name));
    }
    for (const auto& [other, entry] : pools_) {
        if (entry.interfaces.contains((*found)->index) && other != name) {
            return absl::AlreadyExistsError(
                fmt::format("pool '{}' has the address of '{}' already", other, interface));
        }
    }
    const Index index = (*found)->index;
    const auto [entry, made] = (*pool)->interfaces.try_emplace(index);
    if (!made) {
        return absl::OkStatus();
    }
    const Ip4Address wanted(
        router_.interfaces().hot(index).ip4_address.load(std::memory_order_relaxed));
    if (wanted.is_unspecified()) {
        return absl::OkStatus();
    }
    const absl::Status status = claim(**pool, alone(wanted));
    if (absl::IsAlreadyExists(status)) {
        (*pool)->interfaces.erase(index);
        return status;
    }
    // Where its sessions are still ending it comes by itself.
    if (status.ok()) {
        entry->second = wanted;
        publish();
    }
    return absl::OkStatus();
}

absl::Status Nat::remove_interface(const std::string& name, const std::string& interface) {
    const auto pool = find_pool(name);
    if (!pool.ok()) {
        return pool.status();
    }
    const auto index = router_.interfaces().find(interface);
    if (!index.ok()) {
        return index.status();
    }
    const auto found = (*pool)->interfaces.find((*index)->index);
    if (found == (*pool)->interfaces.end()) {
        return absl::NotFoundError(
            fmt::format("pool '{}' does not have the address of '{}'", name, interface));
    }
    if (!found->second.is_unspecified()) {
        release(**pool, alone(found->second));
    }
    (*pool)->interfaces.erase(found);
    publish();
    return absl::OkStatus();
}

void Nat::follow_addresses() {
    const auto address_of = [this](Index index) {
        return Ip4Address(
            router_.interfaces().hot(index).ip4_address.load(std::memory_order_relaxed));
    };
    bool changed = false;
    for (auto& [name, pool] : pools_) {
        for (auto& [index, address] : pool.interfaces) {
            if (!address.is_unspecified() && address != address_of(index)) {
                release(pool, alone(address));
                address = Ip4Address();
                changed = true;
            }
        }
    }
    if (std::exchange(changed, false)) {
        // Before another address is claimed, which may finish these: a number is given out again
        // only when no worker finds an address by it.
        publish();
    }
    for (auto& [name, pool] : pools_) {
        for (auto& [index, address] : pool.interfaces) {
            const Ip4Address now = address_of(index);
            // Where it cannot be had now, as its sessions are still ending, it is asked for again.
            if (now != address && claim(pool, alone(now)).ok()) {
                address = now;
                changed = true;
            }
        }
    }
    if (changed || own_addresses() != own_) {
        publish();
    }
}

// ---- static mappings ----

absl::Status Nat::add_static(const StaticMapping& mapping) {
    const Place place{mapping.outside_vrf, mapping.outside, 0, 0};
    const Target& target = mapping.targets.front();
    if (const auto found = statics_.find(place); found != statics_.end()) {
        return found->second == mapping ? absl::OkStatus()
                                        : absl::AlreadyExistsError(fmt::format(
                                              "{} is the address of {} already", mapping.outside,
                                              found->second.targets[0].address));
    }
    if (!mapping.outside.valid_source() || !target.address.valid_source()) {
        return absl::InvalidArgumentError(
            fmt::format("{} and {} must be addresses of hosts", mapping.outside, target.address));
    }
    for (const auto& [other, entry] : statics_) {
        if (entry.outside == mapping.outside && entry.outside_vrf == mapping.outside_vrf) {
            return absl::AlreadyExistsError(fmt::format(
                "port {} of {} is forwarded; delete that first", entry.port, mapping.outside));
        }
        if (entry.is_one_to_one() && entry.targets[0].address == target.address &&
            entry.inside_vrf == mapping.inside_vrf) {
            return absl::AlreadyExistsError(fmt::format("{} has the outside address {} already",
                                                        target.address, entry.outside));
        }
    }
    if (is_own(mapping.outside_vrf, mapping.outside)) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is the router's own address; forward ports of it instead", mapping.outside));
    }
    for (const auto& [name, pool] : pools_) {
        for (const AddressRange& range : pool.ranges) {
            if (range.contains(mapping.outside)) {
                return absl::AlreadyExistsError(
                    fmt::format("{} is an address of pool '{}'", mapping.outside, name));
            }
        }
    }
    statics_[place] = mapping;
    publish();
    return absl::OkStatus();
}

absl::Status Nat::remove_static(Vrf vrf, Ip4Address outside) {
    const auto found = statics_.find({vrf, outside, 0, 0});
    if (found == statics_.end()) {
        return absl::NotFoundError(
            fmt::format("{} is nobody's; `show nat44 static` lists static mappings", outside));
    }
    const StaticMapping mapping = found->second;
    statics_.erase(found);
    publish();
    end_sessions_of(mapping, mapping.targets.front());
    return absl::OkStatus();
}

void Nat::end_sessions_of(const StaticMapping& mapping, const Target& target) {
    taken_back_.add(mapping, target, sweep_.start());
}

absl::Status Nat::add_forward(const StaticMapping& mapping) {
    const Place place{mapping.outside_vrf, mapping.outside, mapping.port, mapping.protocol};
    const Target& target = mapping.targets.front();
    if (mapping.port == 0 || target.port == 0) {
        return absl::OutOfRangeError("a port of 0 cannot be forwarded; give 1 to 65535");
    }
    constexpr uint32_t most_weight = 1000;
    if (target.weight == 0 || target.weight > most_weight) {
        return absl::OutOfRangeError(fmt::format("a weight of {} is out of range; give 1 to {}",
                                                 target.weight, most_weight));
    }
    if (!mapping.outside.valid_source() || !target.address.valid_source()) {
        return absl::InvalidArgumentError(
            fmt::format("{} and {} must be addresses of hosts", mapping.outside, target.address));
    }
    if (statics_.contains({mapping.outside_vrf, mapping.outside, 0, 0})) {
        return absl::AlreadyExistsError(
            fmt::format("{} is the address of one host, with all of its ports", mapping.outside));
    }
    const auto [found, made] = statics_.try_emplace(place, mapping);
    StaticMapping& entry = found->second;
    if (!made) {
        if (entry.inside_vrf != mapping.inside_vrf) {
            return absl::InvalidArgumentError(
                "all targets of a port are in one VRF, and the others are in another one");
        }
        entry.affinity = mapping.affinity;
        entry.twice = mapping.twice;
        const auto same =
            std::find_if(entry.targets.begin(), entry.targets.end(), [&](const Target& other) {
                return other.address == target.address && other.port == target.port;
            });
        if (same != entry.targets.end()) {
            *same = target;
        } else {
            entry.targets.push_back(target);
        }
    }
    publish();
    return absl::OkStatus();
}

absl::Status Nat::remove_forward(const StaticMapping& mapping) {
    const Target& target = mapping.targets.front();
    const auto found =
        statics_.find({mapping.outside_vrf, mapping.outside, mapping.port, mapping.protocol});
    const size_t erased =
        found == statics_.end() || found->second.is_one_to_one()
            ? 0
            : std::erase_if(found->second.targets, [&](const Target& other) {
                  return other.address == target.address && other.port == target.port;
              });
    if (erased == 0) {
        return absl::NotFoundError(
            fmt::format("port {} of {} is not forwarded to {} port {}; `show nat44 static` lists "
                        "what is",
                        mapping.port, mapping.outside, target.address, target.port));
    }
    const StaticMapping before = found->second;
    if (before.targets.empty()) {
        statics_.erase(found);
    }
    publish();
    end_sessions_of(before, target);
    return absl::OkStatus();
}

// ---- exempts ----

absl::Status Nat::add_exempt(const Exempt& exempt) {
    absl::Status status =
        exempts_.add(exempt, [this](uint16_t number) { return counted_exempt(number); });
    if (status.ok()) {
        publish();
    }
    return status;
}

absl::Status Nat::remove_exempt(const Exempt& exempt) {
    absl::Status status = exempts_.remove(exempt);
    if (status.ok()) {
        publish();
    }
    return status;
}

uint64_t Nat::counted_exempt(uint16_t number) const {
    uint64_t packets = 0;
    for (unsigned worker = 0; worker + 1 < translators_.contexts(); ++worker) {
        packets += translators_.of(worker).uses().exempt(number);
    }
    return packets;
}

uint64_t Nat::packets_of(const Exempts::Entry& exempt) const {
    return counted_exempt(exempt.number) - exempt.before;
}

// ---- what workers see ----

bool Nat::is_own(Vrf vrf, Ip4Address address) const {
    const auto& all = router_.addresses().all();
    return std::any_of(all.begin(), all.end(), [&](const auto& entry) {
        return router_.interfaces().vrf_of(entry.first) == vrf &&
               std::any_of(entry.second.begin(), entry.second.end(),
                           [&](const Ip4Prefix& prefix) { return prefix.address() == address; });
    });
}

Nat::Own Nat::own_addresses() const {
    std::set<std::pair<Vrf, Ip4Address>> mapped;
    for (const auto& [place, mapping] : statics_) {
        mapped.emplace(mapping.outside_vrf, mapping.outside);
    }
    const auto has = [](const PoolEntry& pool, Ip4Address address) {
        const auto in = [&](const AddressRange& range) { return range.contains(address); };
        const auto is = [&](const auto& of) { return of.second == address; };
        return std::any_of(pool.ranges.begin(), pool.ranges.end(), in) ||
               std::any_of(pool.interfaces.begin(), pool.interfaces.end(), is);
    };
    Own own;
    for (const auto& [interface, prefixes] : router_.addresses().all()) {
        const Vrf vrf = router_.interfaces().vrf_of(interface);
        for (const Ip4Prefix& prefix : prefixes) {
            const Ip4Address address = prefix.address();
            if (mapped.contains({vrf, address}) ||
                std::any_of(pools_.begin(), pools_.end(), [&](const auto& pool) {
                    return pool.second.settings.outside_vrf == vrf && has(pool.second, address);
                })) {
                own.emplace(vrf, address);
            }
        }
    }
    return own;
}

std::set<Vrf> Nat::used_vrfs() const {
    std::set<Vrf> vrfs = {vnet::interface::default_vrf};
    for (const auto& [name, pool] : pools_) {
        vrfs.insert(pool.settings.inside_vrf);
    }
    for (const auto& [place, mapping] : statics_) {
        vrfs.insert(mapping.inside_vrf);
    }
    return vrfs;
}

void Nat::publish() {
    own_ = own_addresses();
    const bool moved = index_ == nullptr;
    if (moved) {
        index_ = std::make_shared<const AddressIndex>(addresses_.index(graph::random_number()));
    }
    Config::Parts parts{{}, index_, {}, {}, own_, 1, seed_, exempts_.index()};
    parts.workers = translators_.contexts() - 1;
    for (const auto& [name, entry] : pools_) {
        const PoolSettings& settings = entry.settings;
        Pool pool{
            settings,
            entry.number,
            *PortPartition::make(settings.ports, parts.workers, std::max(settings.block_size, 1U)),
            {}};
        if (settings.deterministic && !entry.ranges.empty()) {
            const std::vector<Ip4Prefix> inside = {settings.inside};
            auto made = DeterministicMapping::make(inside, entry.ranges.front(), settings.ports);
            if (made.ok()) {
                pool.deterministic = *std::move(made);
            }
        }
        parts.pools.resize(std::max<size_t>(parts.pools.size(), entry.number + size_t{1}));
        parts.pools[entry.number] = std::move(pool);
    }
    for (const auto& [place, mapping] : statics_) {
        parts.statics.push_back(mapping);
    }
    for (const Vrf vrf : used_vrfs()) {
        const auto [path, made] = vrf_paths_.try_emplace(vrf);
        if (made) {
            path->second = router_.fib().acquire(Via::look_up(vrf));
        }
    }
    // Those of what was taken back too: its sessions have packets until they are ended.
    for (const auto& [vrf, path] : vrf_paths_) {
        parts.vrf_paths[vrf] = path;
    }
    translators_.publish(std::make_unique<const Config>(std::move(parts)));
    publish_routes(moved);
}

void Nat::release_paths() {
    const std::set<Vrf> used = used_vrfs();
    std::vector<Vrf> over;
    std::erase_if(vrf_paths_, [&](const auto& path) {
        const bool is_over = !used.contains(path.first);
        if (is_over) {
            over.push_back(path.first);
        }
        return is_over;
    });
    if (over.empty()) {
        return;
    }
    publish();
    // No worker has the configuration before in hand.
    router_.engine().rcu().synchronize();
    for (const Vrf vrf : over) {
        router_.fib().release(Via::look_up(vrf));
    }
}

void Nat::publish_routes(bool moved) {
    if (moved) {
        Routes wanted;
        for (const auto& [name, pool] : pools_) {
            for (const AddressRange& range : pool.ranges) {
                for (uint64_t i = 0; i < range.size(); ++i) {
                    wanted.emplace(pool.settings.outside_vrf,
                                   Ip4Address(uint32_t(range.first.value() + i)));
                }
            }
        }
        change_routes(pool_routes_, std::move(wanted), static_routes_);
    }
    Routes wanted;
    for (const auto& [place, mapping] : statics_) {
        if (!own_.contains({mapping.outside_vrf, mapping.outside})) {
            wanted.emplace(mapping.outside_vrf, mapping.outside);
        }
    }
    change_routes(static_routes_, std::move(wanted), pool_routes_);
}

void Nat::change_routes(Routes& routes, Routes wanted, const Routes& others) {
    for (const auto& route : routes) {
        if (!wanted.contains(route) && !others.contains(route)) {
            (void)router_.ip4()
                .fibs->of(route.first)
                .remove({route.second, 32}, RouteSource::translation);
        }
    }
    for (const auto& route : wanted) {
        if (!routes.contains(route) && !others.contains(route)) {
            (void)router_.ip4()
                .fibs->of(route.first)
                .add({route.second, 32}, RouteSource::translation, Via(Via::Kind::local));
        }
    }
    routes = std::move(wanted);
}

bool Nat::has_route(Vrf vrf, Ip4Address address) const {
    return pool_routes_.contains({vrf, address}) || static_routes_.contains({vrf, address});
}

bool Nat::answers_for(Index interface, Ip4Address address) const {
    const auto role = roles_.find(interface);
    return role != roles_.end() && role->second == Role::outside &&
           has_route(router_.interfaces().vrf_of(interface), address);
}

absl::Status Nat::check_vrf_unused(Vrf vrf) {
    for (const auto& [name, pool] : pools_) {
        if (pool.settings.inside_vrf == vrf || pool.settings.outside_vrf == vrf) {
            return absl::FailedPreconditionError(
                fmt::format("nat44 pool '{}' is for this VRF", name));
        }
    }
    for (const auto& [place, mapping] : statics_) {
        if (mapping.inside_vrf == vrf || mapping.outside_vrf == vrf) {
            return absl::FailedPreconditionError(
                fmt::format("a static mapping of {} is for this VRF", mapping.outside));
        }
    }
    for (const auto& [exempt, entry] : exempts_.all()) {
        if (exempt.outside_vrf == vrf) {
            return absl::FailedPreconditionError(
                fmt::format("nat44 exempt {} is for this VRF", exempt.to_string()));
        }
    }
    // It goes with packets of sessions that are still being ended, which are dropped.
    release_paths();
    return absl::OkStatus();
}

// ---- sessions ----

bool Nat::is_stale(const vnet::flow::Session& session) const {
    return taken_back_.has(session, [this](Vrf outside_vrf, const vnet::flow::Key& to_outside,
                                           const vnet::flow::Key& from_target) {
        return is_led(outside_vrf, to_outside, from_target);
    });
}

bool Nat::is_led(Vrf outside_vrf, const vnet::flow::Key& to_outside,
                 const vnet::flow::Key& from_target) const {
    const auto is_by = [&](uint16_t port, uint8_t protocol) {
        const auto found = statics_.find({outside_vrf, to_outside.destination, port, protocol});
        return found != statics_.end() &&
               std::any_of(found->second.targets.begin(), found->second.targets.end(),
                           [&](const Target& target) {
                               return leads(found->second, target, to_outside, from_target);
                           });
    };
    return is_by(to_outside.ports.destination(), to_outside.protocol) || is_by(0, 0);
}

bool Nat::is_ending() const {
    return !taken_back_.empty() || sweep_.is_running() || router_.flows().ending() != 0;
}

void Nat::tend() {
    taken_back_.forget(sweep_.completed());
    if (!leaving_.empty()) {
        finish_leaving();
    }
    // Also where it was somebody else's wish that finished them.
    if (std::exchange(are_addresses_free_, false)) {
        follow_addresses();
    }
    if (!leaving_.empty() && !sweep_.is_running()) {
        // An open port of theirs may have begun more, behind the place that was looked at.
        sweep_.start();
    }
    if (!is_ending()) {
        release_paths();
    }
}

bool Nat::is_spoken_to(const AddressRange& range) const {
    for (unsigned worker = 0; worker + 1 < translators_.contexts(); ++worker) {
        const Uses& uses = translators_.of(worker).uses();
        for (uint64_t i = 0; i < range.size(); ++i) {
            if (uses.hairpins(Ip4Address(uint32_t(range.first.value() + i))) != 0) {
                return true;
            }
        }
    }
    return false;
}

void Nat::finish_leaving() {
    // From now on no worker gives them out.
    router_.engine().rcu().synchronize();
    std::vector<uint16_t> unused;
    std::erase_if(leaving_, [&](Leaving& leaving) {
        const auto is_used = [this](uint16_t number) { return use_of_address(number).hosts != 0; };
        if (std::any_of(leaving.numbers.begin(), leaving.numbers.end(), is_used)) {
            return false;
        }
        // Who speaks to them from inside is a host of another address. Without a host of theirs no
        // more of that begins: what there is, one more pass finds.
        if (is_spoken_to(leaving.range)) {
            leaving.pass = leaving.pass != 0 ? leaving.pass : sweep_.start();
            if (leaving.pass > sweep_.completed()) {
                return false;
            }
        }
        unused.insert(unused.end(), leaving.numbers.begin(), leaving.numbers.end());
        for (size_t i = 0; i < leaving.numbers.size(); ++i) {
            leaving_numbers_.erase(Ip4Address(uint32_t(leaving.range.first.value() + i)));
        }
        taken_back_.remove(leaving.range);
        return true;
    });
    if (!unused.empty()) {
        drop_states(unused);
        are_addresses_free_ = true;
    }
}

PoolUse Nat::counted(uint16_t number) const {
    PoolUse use;
    for (unsigned worker = 0; worker + 1 < translators_.contexts(); ++worker) {
        translators_.of(worker).uses().add_to(use, number);
    }
    return use;
}

PoolUse Nat::use_of(const PoolEntry& pool) const {
    PoolUse use = counted(pool.number);
    use.created -= pool.before.created;
    for (size_t i = 0; i < refusals; ++i) {
        use.refused[i] -= pool.before.refused[i];
    }
    const vnet::flow::Tick now = router_.flows().tables().tick(rte_rdtsc());
    uint64_t& held = pool.settings.block_size != 0 ? use.held_blocks : use.held_ports;
    for (const auto& of_worker : pool.held) {
        held += of_worker->held(now);
    }
    return use;
}

PoolUse Nat::use_of_statics() const {
    return counted(no_pool);
}

AddressUse Nat::use_of_address(uint16_t number) const {
    AddressUse use;
    for (unsigned worker = 0; worker + 1 < translators_.contexts(); ++worker) {
        translators_.of(worker).uses().add_to(use, number);
    }
    return use;
}

PoolSize Nat::size_of(const PoolEntry& pool) const {
    uint64_t addresses = 0;
    for (const AddressRange& range : pool.ranges) {
        addresses += range.size();
    }
    for (const auto& [index, address] : pool.interfaces) {
        addresses += address.is_unspecified() ? 0 : 1;
    }
    return size_of(pool, addresses);
}

PoolSize Nat::size_with_leaving(const PoolEntry& pool) const {
    uint64_t addresses = size_of(pool).addresses;
    for (const Leaving& leaving : leaving_) {
        addresses += leaving.pool_number == pool.number ? leaving.numbers.size() : 0;
    }
    return size_of(pool, addresses);
}

PoolSize Nat::size_of(const PoolEntry& pool, uint64_t addresses) const {
    PoolSize size;
    size.addresses = addresses;
    size.ports = size.addresses * pool.settings.ports.size();
    if (pool.settings.block_size != 0) {
        const unsigned workers = translators_.contexts() - 1;
        const auto partition =
            PortPartition::make(pool.settings.ports, workers, pool.settings.block_size);
        for (unsigned worker = 0; partition.ok() && worker < workers; ++worker) {
            size.blocks +=
                size.addresses * (partition->part(worker).size() / pool.settings.block_size);
        }
    }
    return size;
}

std::vector<Nat::Addresses> Nat::addresses() const {
    std::vector<Addresses> all;
    for (const auto& [first, range] : addresses_.all()) {
        all.push_back({range.pool_name, range.addresses, range.numbers, false});
    }
    for (const Leaving& leaving : leaving_) {
        all.push_back({leaving.pool, leaving.range, leaving.numbers, true});
    }
    return all;
}

bool Nat::is_number_of(uint16_t number, Ip4Address address) const {
    const auto leaving = leaving_numbers_.find(address);
    if (leaving != leaving_numbers_.end()) {
        return leaving->second == number;
    }
    const auto after = addresses_.all().upper_bound(address);
    if (after == addresses_.all().begin()) {
        return false;
    }
    const PoolAddresses::Range& range = std::prev(after)->second;
    return range.addresses.contains(address) &&
           range.numbers[address.value() - range.addresses.first.value()] == number;
}

}  // namespace nat44
