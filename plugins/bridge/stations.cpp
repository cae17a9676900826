// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/stations.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "vnet/wire/text.hpp"

namespace bridge {

using vnet::wire::MacAddress;

namespace {

constexpr uint32_t moves_period_s = 60;

Index bridge_of(Station station) {
    return Index(station >> 48);
}

Tick now() {
    return tick_of(rte_rdtsc());
}

uint32_t seconds_between(Tick before, Tick after) {
    // What one worker heard may reach control behind what another heard later.
    const auto passed = int32_t(Tick(after - before));
    return passed <= 0 ? 0 : uint32_t((uint64_t(passed) << 30) / rte_get_tsc_hz());
}

uint32_t age_of(Tick heard) {
    return seconds_between(heard, now());
}

bool is_ip4(const HostTable::Host& host) {
    return host.key.address.is_ip4_mapped();
}

}  // namespace

void Stations::close(Index bridge) {
    shared_.ports.set_suppressed(bridge, 0);
    shared_.stations.remove_if(
        [&](Station station, const auto&) { return bridge_of(station) == bridge; });
    shared_.hosts.remove_if([&](const auto& host) { return host.key.bridge == bridge; });
    std::erase_if(moves_, [&](const auto& entry) { return bridge_of(entry.first) == bridge; });
    bridges_.erase(bridge);
}

void Stations::set(Index bridge, const Settings& settings) {
    bridges_.at(bridge).settings = settings;
    shared_.ports.set_suppressed(bridge, settings.suppressed);
    forget_hosts(bridge, [&](const HostTable::Host& host) {
        return (settings.suppressed & (is_ip4(host) ? suppress::arp : suppress::nd)) == 0;
    });
}

void Stations::set_own(Index bridge, std::optional<MacAddress> before, const MacAddress& mac) {
    if (before) {
        shared_.stations.remove(station(bridge, *before));
    }
    // What is for the router leads to it by the table that all frames are looked up in; it takes
    // the place of a station that had its address.
    if (const MacTable::Entry* known = shared_.stations.find(station(bridge, mac))) {
        forgot(station(bridge, mac), *known);
    }
    (void)shared_.stations.put(station(bridge, mac), bridge, true, now());
}

void Stations::forgot(Station station, const MacTable::Entry& entry) {
    const auto bridge = bridges_.find(bridge_of(station));
    if (bridge != bridges_.end() && !entry.fixed()) {
        --bridge->second.figures.learned;
    }
    moves_.erase(station);
}

absl::Status Stations::fix(Index bridge, const MacAddress& mac, Index interface) {
    const Station key = station(bridge, mac);
    const MacTable::Entry* known = shared_.stations.find(key);
    if (known != nullptr) {
        forgot(key, *known);
    }
    if (!shared_.stations.put(key, interface, true, now())) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for station {}: there are {}", mac, shared_.stations.size()));
    }
    return absl::OkStatus();
}

absl::Status Stations::unfix(Index bridge, const MacAddress& mac) {
    const Station key = station(bridge, mac);
    const MacTable::Entry* known = shared_.stations.find(key);
    if (known == nullptr || !known->fixed() || known->interface() == bridge) {
        return absl::NotFoundError(fmt::format(
            "{} was not configured as a station of bridge '{}'; `show bridge-station` lists those",
            mac, table_.name_of(bridge)));
    }
    shared_.stations.remove(key);
    return absl::OkStatus();
}

absl::Status Stations::fix_host(const HostKey& key, const MacAddress& mac, bool router) {
    const HostTable::Host* known = shared_.hosts.find(key);
    const bool learned = known != nullptr && !known->facts.fixed;
    if (!shared_.hosts.put(key, {mac.to_uint64(), true, router, true}, now())) {
        return absl::ResourceExhaustedError(fmt::format(
            "no room for address {}: there are {}", text_of(key.address), shared_.hosts.size()));
    }
    bridges_.at(key.bridge).figures.hosts -= learned;
    return absl::OkStatus();
}

absl::Status Stations::unfix_host(const HostKey& key) {
    const HostTable::Host* known = shared_.hosts.find(key);
    if (known == nullptr || !known->facts.fixed) {
        return absl::NotFoundError(fmt::format(
            "address {} was not configured for bridge '{}'; `show bridge-host` lists those",
            text_of(key.address), table_.name_of(key.bridge)));
    }
    shared_.hosts.remove(key);
    return absl::OkStatus();
}

void Stations::forget_hosts(Index bridge,
                            const std::function<bool(const HostTable::Host&)>& which) {
    shared_.hosts.remove_if([&](const HostTable::Host& host) {
        const bool there = host.key.bridge == bridge && !host.facts.fixed && which(host);
        bridges_.at(bridge).figures.hosts -= there;
        return there;
    });
}

void Stations::forget_if(Index bridge, const std::function<bool(const MacTable::Entry&)>& which) {
    shared_.stations.remove_if([&](Station station, const MacTable::Entry& entry) {
        const bool there = bridge_of(station) == bridge && which(entry);
        if (there) {
            forgot(station, entry);
        }
        return there;
    });
}

void Stations::forget(Index bridge) {
    forget_if(bridge, [](const auto& entry) { return !entry.fixed(); });
    forget_hosts(bridge, [](const auto&) { return true; });
}

void Stations::forget_port(Index bridge, Index interface) {
    forget_if(bridge, [&](const auto& entry) { return entry.interface() == interface; });
}

void Stations::forget_learned(Index bridge, Index interface) {
    forget_if(bridge,
              [&](const auto& entry) { return entry.interface() == interface && !entry.fixed(); });
}

void Stations::learn() {
    shared_.station_learner.drain([this](const auto& heard) { hear(heard); });
    shared_.host_learner.drain([this](const auto& heard) { hear_host(heard); });
}

bool Stations::may_move(Station station, const Learner<HeardStation>::Heard& heard,
                        Bridge& bridge) {
    const uint32_t limit = bridge.settings.move_limit;
    if (limit == 0) {
        return true;
    }
    Moves& moves = moves_[station];
    if (moves.count == 0 || seconds_between(moves.since, heard.tick) >= moves_period_s) {
        moves = {heard.tick, 0, false};
    }
    if (moves.held) {
        return false;
    }
    if (++moves.count <= limit) {
        return true;
    }
    moves.held = true;
    moves.since = heard.tick;
    // A loop moves many stations: one sentence a minute does.
    if (!bridge.warned || seconds_between(*bridge.warned, heard.tick) >= moves_period_s) {
        bridge.warned = heard.tick;
        spdlog::warn(
            "bridge '{}': station {} was heard by '{}' and another port in turn more than {} times "
            "in "
            "{} s, and stays where it is for as long; there may be a loop",
            table_.name_of(bridge_of(station)), MacAddress::from_uint64(station).to_string(),
            table_.name_of(heard.what.interface), limit, moves_period_s);
    }
    return false;
}

void Stations::hear(const Learner<HeardStation>::Heard& heard) {
    const Station station = heard.what.station;
    const auto bridge = bridges_.find(bridge_of(station));
    // Either may be gone by now, or the port's link.
    if (bridge == bridges_.end() ||
        shared_.ports.port(heard.what.interface).bridge.load() != bridge->first ||
        !table_.hot(heard.what.interface).operational()) {
        return;
    }
    Figures& figures = bridge->second.figures;
    const MacTable::Entry* known = shared_.stations.find(station);
    if (known != nullptr) {
        if (known->fixed() || known->interface() == heard.what.interface) {
            return;
        }
        const bool moves = may_move(station, heard, bridge->second);
        ++(moves ? figures.moves : figures.moves_refused);
        if (moves) {
            shared_.stations.put(station, heard.what.interface, false, heard.tick);
        }
    } else if (figures.learned >= bridge->second.settings.mac_limit ||
               !shared_.stations.put(station, heard.what.interface, false, heard.tick)) {
        ++figures.refused;
    } else {
        ++figures.learned;
    }
}

void Stations::hear_host(const Learner<HeardHost>::Heard& heard) {
    const HostKey& key = heard.what.key;
    const auto bridge = bridges_.find(key.bridge);
    const uint8_t kind = key.address.is_ip4_mapped() ? suppress::arp : suppress::nd;
    if (bridge == bridges_.end() || (bridge->second.settings.suppressed & kind) == 0) {
        return;
    }
    const HostTable::Host* known = shared_.hosts.find(key);
    if (known != nullptr) {
        const bool other = known->facts.mac != heard.what.facts.mac;
        if (!known->facts.fixed && (!other || heard.what.facts.overrides)) {
            shared_.hosts.put(key, heard.what.facts, heard.tick);
        }
        return;
    }
    Figures& figures = bridge->second.figures;
    const bool learned = figures.hosts < bridge->second.settings.mac_limit &&
                         shared_.hosts.put(key, heard.what.facts, heard.tick);
    figures.hosts += learned;
    figures.hosts_refused += !learned;
}

void Stations::age() {
    const auto is_old = [this](Index index, Tick heard) {
        const auto bridge = bridges_.find(index);
        return bridge != bridges_.end() && age_of(heard) > bridge->second.settings.ageing_s;
    };
    shared_.stations.remove_if([&](Station station, const MacTable::Entry& entry) {
        const bool old = !entry.fixed() &&
                         is_old(bridge_of(station), entry.heard.load(std::memory_order_relaxed));
        if (old) {
            forgot(station, entry);
        }
        return old;
    });
    shared_.hosts.remove_if([&](const HostTable::Host& host) {
        const bool old = !host.facts.fixed &&
                         is_old(host.key.bridge, host.heard.load(std::memory_order_relaxed));
        if (old) {
            --bridges_.at(host.key.bridge).figures.hosts;
        }
        return old;
    });
    std::erase_if(moves_,
                  [](const auto& entry) { return age_of(entry.second.since) >= moves_period_s; });
}

std::vector<Stations::StationInfo> Stations::stations() const {
    std::vector<StationInfo> all;
    shared_.stations.visit([&](Station station, const MacTable::Entry& entry) {
        const auto moves = moves_.find(station);
        StationInfo& info = all.emplace_back();
        info.bridge = bridge_of(station);
        info.mac = MacAddress::from_uint64(station);
        info.interface = entry.interface();
        info.fixed = entry.fixed();
        info.own = info.interface == info.bridge;
        info.held = moves != moves_.end() && moves->second.held;
        info.age_s = info.fixed ? 0 : age_of(entry.heard.load(std::memory_order_relaxed));
    });
    std::sort(all.begin(), all.end(), [this](const StationInfo& a, const StationInfo& b) {
        return a.bridge == b.bridge ? a.mac < b.mac
                                    : table_.name_of(a.bridge) < table_.name_of(b.bridge);
    });
    return all;
}

std::vector<Stations::HostInfo> Stations::hosts() const {
    std::vector<HostInfo> all;
    shared_.hosts.visit([&](const HostTable::Host& host) {
        all.push_back({host.key.bridge, host.key.address, host.facts,
                       host.facts.fixed ? 0 : age_of(host.heard.load(std::memory_order_relaxed))});
    });
    std::sort(all.begin(), all.end(), [this](const HostInfo& a, const HostInfo& b) {
        return a.bridge == b.bridge ? a.address.bytes() < b.address.bytes()
                                    : table_.name_of(a.bridge) < table_.name_of(b.bridge);
    });
    return all;
}

}  // namespace bridge
