// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/config.hpp"

#include <bit>

namespace nat44 {

Config::Config(Parts parts) : parts_(std::move(parts)), hasher_(parts_.seed) {
    for (uint32_t i = 0; i < parts_.statics.size(); ++i) {
        const StaticMapping& mapping = parts_.statics[i];
        by_outside_[place(mapping.outside_vrf, mapping.outside, mapping.port, mapping.protocol)] =
            i;
        for (const Target& target : mapping.targets) {
            by_target_.try_emplace(
                place(mapping.inside_vrf, target.address, target.port, mapping.protocol), i);
        }
        if (mapping.targets.size() == 1) {
            const Target& target = mapping.targets.front();
            by_inside_[place(mapping.inside_vrf, target.address, target.port, mapping.protocol)] =
                i;
        }
    }
    for (const auto& pool : parts_.pools) {
        if (pool) {
            const PoolSettings& settings = pool->settings;
            index(scope(settings.inside_vrf, settings.outside_vrf), *pool);
            index(scope(settings.inside_vrf, std::nullopt), *pool);
        }
    }
}

void Config::index(uint32_t scope, const Pool& pool) {
    lengths_[scope] |= uint64_t{1} << pool.settings.inside.length();
    const auto [found, made] = by_prefix_.try_emplace({scope, pool.settings.inside}, pool.number);
    // Of several for the same hosts the first by name.
    if (!made && pool.settings.name < parts_.pools[found->second]->settings.name) {
        found->second = pool.number;
    }
}

const Pool* Config::longest(uint32_t scope, Ip4Address inside) const noexcept {
    const auto lengths = lengths_.find(scope);
    uint64_t left = lengths == lengths_.end() ? 0 : lengths->second;
    while (left != 0) {
        const auto length = unsigned(std::bit_width(left) - 1);
        left ^= uint64_t{1} << length;
        const auto found =
            by_prefix_.find({scope, Ip4Prefix(inside, uint8_t(length)).normalised()});
        if (found != by_prefix_.end()) {
            return pool(found->second);
        }
    }
    return nullptr;
}

std::optional<OutsideAddress> Config::address_for(const Pool& pool, Vrf vrf, Ip4Address host,
                                                  unsigned attempt) const noexcept {
    const OutsideAddress* chosen = nullptr;
    if (pool.settings.deterministic) {
        const auto block = pool.deterministic ? pool.deterministic->of(host) : std::nullopt;
        chosen = block ? addresses().find(block->address) : nullptr;
    } else {
        chosen = addresses().pick(pool.number, host_hash(vrf, host) + attempt);
    }
    return chosen == nullptr ? std::nullopt : std::optional(*chosen);
}

const StaticMapping* Config::find(const Map& map, Vrf vrf, Ip4Address address, uint16_t port,
                                  uint8_t protocol) const noexcept {
    if (map.empty()) [[likely]] {
        return nullptr;
    }
    auto found = map.find(place(vrf, address, port, protocol));
    if (found == map.end()) {
        found = map.find(place(vrf, address, 0, 0));
    }
    return found == map.end() ? nullptr : &parts_.statics[found->second];
}

End Config::target(const StaticMapping& mapping, const vnet::flow::Key& key) const noexcept {
    const auto& targets = mapping.targets;
    const Target* chosen = &targets.front();
    if (targets.size() > 1) {
        uint64_t weights = 0;
        for (const Target& target : targets) {
            weights += target.weight;
        }
        const uint64_t hash = mapping.affinity ? hasher_(key.source.value(), 0) : hasher_(key);
        uint64_t place = (hash >> 32) * weights >> 32;
        for (const Target& target : targets) {
            chosen = &target;
            if (place < target.weight) {
                break;
            }
            place -= target.weight;
        }
    }
    return {chosen->address, mapping.is_one_to_one() ? key.ports.destination() : chosen->port};
}

bool Config::has_ports(uint8_t protocol) noexcept {
    using vnet::wire::IpProtocol;
    return IpProtocol(protocol) == IpProtocol::tcp || IpProtocol(protocol) == IpProtocol::udp ||
           IpProtocol(protocol) == IpProtocol::icmp;
}

std::optional<unsigned> Config::worker_of_outside(const vnet::flow::Key& key) const noexcept {
    const uint16_t port = key.ports.destination();
    if (const StaticMapping* mapping = to_outside(key.vrf, key.destination, port, key.protocol)) {
        return worker_of_static(*mapping, key.source, key.ports.source());
    }
    const Pool* of = pool_of(key.vrf, key.destination);
    if (of == nullptr) {
        return std::nullopt;
    }
    if (!has_ports(key.protocol)) {
        return worker_of_host(of->settings.outside_vrf, key.destination);
    }
    if (of->deterministic) {
        const auto host = of->deterministic->owner(key.destination, port);
        return host ? std::optional(worker_of_host(of->settings.inside_vrf, *host)) : std::nullopt;
    }
    return of->partition.worker_of(port);
}

unsigned Config::worker_of_static(const StaticMapping& mapping, Ip4Address remote,
                                  uint16_t remote_port) const noexcept {
    if (mapping.is_one_to_one()) {
        return worker_of_host(mapping.inside_vrf, mapping.targets.front().address);
    }
    // Not by the target: which one it is changes with their number, and sessions stay.
    return worker_for(hasher_(uint64_t{remote.value()} << 16 | remote_port, 0));
}

Vrf Config::outside_vrf_of(const vnet::flow::Key& key) const noexcept {
    const OutsideAddress* address = addresses().find(key.destination);
    const Pool* its = address == nullptr ? nullptr : pool(address->pool);
    if (its == nullptr) {
        return key.vrf;
    }
    // What is nobody's there may be anybody's address in another VRF.
    const Vrf vrf = its->settings.outside_vrf;
    const StaticMapping* of =
        find(by_target_, key.vrf, key.source, key.ports.source(), key.protocol);
    const bool is_somebodys =
        (of != nullptr && of->outside_vrf == vrf) || pool_for(key.vrf, key.source, vrf) != nullptr;
    return is_somebodys ? vrf : key.vrf;
}

std::optional<unsigned> Config::worker_of_inside(const vnet::flow::Key& key) const noexcept {
    const uint16_t port = key.ports.source();
    vnet::flow::Key outside = key;
    outside.vrf = outside_vrf_of(key);
    const StaticMapping* to =
        to_outside(outside.vrf, key.destination, key.ports.destination(), key.protocol);
    const StaticMapping* of = find(by_target_, key.vrf, key.source, port, key.protocol);
    if (to == nullptr && pool_of(outside.vrf, key.destination) != nullptr) {
        // To a port of somebody else inside, or in answer to what is translated at both ends: all
        // of that is where the port is.
        return worker_of_outside(outside);
    }
    if (to != nullptr && of != nullptr) {
        // Between two who have static mappings: either way by both.
        return worker_for(hasher_(to->outside.value() ^ of->outside.value(), 1));
    }
    if (of != nullptr) {
        return worker_of_static(*of, key.destination, key.ports.destination());
    }
    if (!has_ports(key.protocol)) {
        // What has no port comes back to its outside address alone.
        const Pool* by = pool_for(key.vrf, key.source);
        const auto address =
            by == nullptr ? std::nullopt : address_for(*by, key.vrf, key.source, 0);
        if (address) {
            return worker_of_host(by->settings.outside_vrf, address->address);
        }
    }
    return worker_of_host(key.vrf, key.source);
}

unsigned Config::worker_of_host(Vrf vrf, Ip4Address host) const noexcept {
    return worker_for(host_hash(vrf, host));
}

}  // namespace nat44
