// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/bridges.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <tuple>

#include "vnet/device/link_bytes.hpp"
#include "vnet/device/random_mac.hpp"
#include "vnet/wire/text.hpp"

namespace bridge {

using vnet::interface::Change;
using vnet::interface::Interface;
using vnet::wire::MacAddress;

namespace {

constexpr std::chrono::milliseconds learning_period{20};
constexpr std::chrono::seconds ageing_period{1};

Index bridge_of(Station station) {
    return Index(station >> 48);
}

Tick now() {
    return tick_of(rte_rdtsc());
}

uint32_t seconds_since(Tick tick) {
    return uint32_t((uint64_t(Tick(now() - tick)) << 30) / rte_get_tsc_hz());
}

}  // namespace

/// The router's end of a bridge.
class Bridges::Device final : public vnet::interface::Device {
public:
    Device(Bridges& owner, Index index, Bridge bridge)
        : owner_(owner),
          index_(index),
          mac_(bridge.asked_mac ? *bridge.asked_mac : vnet::device::random_mac()) {
        owner_.bridges_.emplace(index, std::move(bridge));
        owner_.publish(index_);
        learn_own(mac_);
    }
    ~Device() override {
        std::vector<Index> ports;
        for (const auto& [interface, port] : owner_.ports_) {
            if (port.bridge == index_) {
                ports.push_back(interface);
            }
        }
        for (const Index interface : ports) {
            owner_.drop_port(interface);
        }
        owner_.shared_.ports.publish(index_, nullptr);
        owner_.shared_.stations.remove_if(
            [this](Station station, const auto&) { return bridge_of(station) == index_; });
        owner_.engine_.rcu().synchronize();
        owner_.bridges_.erase(index_);
    }

    std::string_view kind() const override { return Bridges::kind; }
    graph::NodeId tx_node() const override { return owner_.output_; }
    MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override {
        return graph::buffer_bytes - vnet::device::ethernet_bytes - vnet::device::vlan_bytes;
    }
    std::string description() const override { return "bridge"; }
    absl::Status set_up(bool) override { return absl::OkStatus(); }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const MacAddress& mac) override {
        owner_.shared_.stations.remove(station(index_, mac_));
        mac_ = mac;
        learn_own(mac_);
        return absl::OkStatus();
    }
    /// While one of its ports has a link.
    bool link_up() const override {
        return std::any_of(owner_.ports_.begin(), owner_.ports_.end(), [this](const auto& entry) {
            const Interface* port = owner_.table_.get(entry.first);
            return entry.second.bridge == index_ && port != nullptr && port->up && port->link;
        });
    }

private:
    /// What is for the router leads to it, by the table that all frames are looked up in.
    void learn_own(const MacAddress& mac) {
        (void)owner_.shared_.stations.put(station(index_, mac), index_, true, now());
    }

    Bridges& owner_;
    const Index index_;
    MacAddress mac_;
};

Bridges::Bridges(graph::Engine& engine, vnet::interface::Table& table, Shared& shared,
                 graph::NodeId output)
    : engine_(engine), table_(table), shared_(shared), output_(output) {
    ageing_ = engine.control().every(ageing_period, [this] { age(); });
}

Bridges::~Bridges() = default;

absl::StatusOr<Index> Bridges::find(const std::string& bridge) const {
    const auto interface = table_.find(bridge);
    if (!interface.ok()) {
        return interface.status();
    }
    if (!bridges_.contains((*interface)->index)) {
        return absl::InvalidArgumentError(
            fmt::format("interface '{}' is a {}, not a bridge; `show bridge` lists those", bridge,
                        (*interface)->device->kind()));
    }
    return (*interface)->index;
}

absl::Status Bridges::add(const std::string& name, std::optional<MacAddress> mac,
                          const Settings& settings) {
    if (mac && !mac->is_unicast()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} cannot be the address of bridge '{}'; give a unicast MAC address", *mac, name));
    }
    return table_
        .add(name,
             [&](Index index) -> absl::StatusOr<std::unique_ptr<vnet::interface::Device>> {
                 Bridge bridge;
                 bridge.settings = settings;
                 bridge.asked_mac = mac;
                 return std::make_unique<Device>(*this, index, std::move(bridge));
             })
        .status();
}

void Bridges::publish(Index bridge) {
    auto members = std::make_shared<Ports::Members>();
    for (const auto& [interface, port] : ports_) {
        if (port.bridge == bridge) {
            members->push_back(interface);
        }
    }
    shared_.ports.publish(bridge, members.get());
    // What was published before goes when no worker can have it in hand.
    std::shared_ptr<const Ports::Members> before = bridges_.at(bridge).members;
    bridges_.at(bridge).members = std::move(members);
    engine_.rcu().retire([before = std::move(before)] {});
}

absl::Status Bridges::add_port(const std::string& bridge, const std::string& interface,
                               const PortSettings& settings) {
    const auto to = find(bridge);
    if (!to.ok()) {
        return to.status();
    }
    const auto found = table_.find(interface);
    if (!found.ok()) {
        return found.status();
    }
    const Index index = (*found)->index;
    if (bridges_.contains(index)) {
        return absl::InvalidArgumentError(fmt::format(
            "interface '{}' is a bridge itself, which cannot be a port; name another", interface));
    }
    if (const auto port = ports_.find(index); port != ports_.end() && port->second.bridge != *to) {
        return absl::AlreadyExistsError(
            fmt::format("interface '{}' is a port of bridge '{}'; delete that first", interface,
                        table_.name_of(port->second.bridge)));
    }
    shared_.ports.set(index, *to, settings);
    if (absl::Status status = engine_.graph().set_feature(arc, input, index, true); !status.ok()) {
        shared_.ports.clear(index);
        return status;
    }
    if (ports_.empty()) {
        learning_ = engine_.control().every(learning_period, [this] { learn(); });
    }
    ports_[index] = {*to, index, settings};
    publish(*to);
    return absl::OkStatus();
}

/// The port's stations are forgotten, configured ones too.
void Bridges::drop_port(Index interface) {
    const Index bridge = ports_.at(interface).bridge;
    (void)engine_.graph().set_feature(arc, input, interface, false);
    shared_.ports.clear(interface);
    ports_.erase(interface);
    publish(bridge);
    shared_.stations.remove_if([&](Station station, const MacTable::Entry& entry) {
        const bool there = bridge_of(station) == bridge && entry.interface() == interface;
        if (there) {
            count_learned(station, entry, -1);
        }
        return there;
    });
    if (ports_.empty()) {
        learning_.cancel();
    }
}

absl::Status Bridges::remove_port(const std::string& interface) {
    const auto found = table_.find(interface);
    if (!found.ok()) {
        return found.status();
    }
    if (!ports_.contains((*found)->index)) {
        return absl::NotFoundError(fmt::format(
            "interface '{}' is no port of a bridge; `show bridge-port` lists those", interface));
    }
    drop_port((*found)->index);
    return absl::OkStatus();
}

absl::Status Bridges::add_station(const std::string& bridge, const MacAddress& mac,
                                  const std::string& interface) {
    const auto at = find(bridge);
    if (!at.ok()) {
        return at.status();
    }
    if (!mac.is_unicast()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a station's address; give a unicast MAC address", mac));
    }
    const auto found = table_.find(interface);
    if (!found.ok()) {
        return found.status();
    }
    const auto port = ports_.find((*found)->index);
    if (port == ports_.end() || port->second.bridge != *at) {
        return absl::InvalidArgumentError(
            fmt::format("interface '{}' is no port of bridge '{}'; `show bridge-port` lists those",
                        interface, bridge));
    }
    if (table_.get(*at)->mac == mac) {
        return absl::AlreadyExistsError(
            fmt::format("{} is the address of bridge '{}' itself", mac, bridge));
    }
    const Station key = station(*at, mac);
    shared_.stations.visit([&](Station known, const MacTable::Entry& entry) {
        if (known == key) {
            count_learned(known, entry, -1);
        }
    });
    if (!shared_.stations.put(key, (*found)->index, true, now())) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for station {}: there are {}", mac, shared_.stations.size()));
    }
    return absl::OkStatus();
}

absl::Status Bridges::remove_station(const std::string& bridge, const MacAddress& mac) {
    const auto at = find(bridge);
    if (!at.ok()) {
        return at.status();
    }
    for (const StationInfo& known : stations()) {
        if (known.bridge == *at && known.mac == mac && known.fixed && !known.own) {
            shared_.stations.remove(station(*at, mac));
            return absl::OkStatus();
        }
    }
    return absl::NotFoundError(fmt::format(
        "{} was not configured as a station of bridge '{}'; `show bridge-station` lists those", mac,
        bridge));
}

absl::Status Bridges::forget(const std::string& bridge) {
    const auto at = find(bridge);
    if (!at.ok()) {
        return at.status();
    }
    shared_.stations.remove_if([&](Station station, const MacTable::Entry& entry) {
        return bridge_of(station) == *at && !entry.fixed();
    });
    bridges_.at(*at).learned = 0;
    return absl::OkStatus();
}

void Bridges::count_learned(Station station, const MacTable::Entry& entry, int change) {
    const auto bridge = bridges_.find(bridge_of(station));
    if (bridge != bridges_.end() && !entry.fixed()) {
        bridge->second.learned += size_t(change);
    }
}

void Bridges::heard(const Learner::Heard& heard) {
    const auto bridge = bridges_.find(bridge_of(heard.station));
    const auto port = ports_.find(heard.interface);
    // Either may be gone by now.
    if (bridge == bridges_.end() || port == ports_.end() || port->second.bridge != bridge->first) {
        return;
    }
    Bridge& own = bridge->second;
    const MacTable::Entry* known = shared_.stations.find(heard.station);
    if (known != nullptr) {
        // Two ports hear it at once where there is a loop: the count tells.
        if (!known->fixed() && known->interface() != heard.interface) {
            ++own.moves;
            shared_.stations.put(heard.station, heard.interface, false, heard.tick);
        }
    } else if (own.learned >= own.settings.mac_limit ||
               !shared_.stations.put(heard.station, heard.interface, false, heard.tick)) {
        ++own.refused;
    } else {
        ++own.learned;
    }
}

void Bridges::learn() {
    shared_.learner.drain([this](const Learner::Heard& one) { heard(one); });
}

void Bridges::age() {
    shared_.stations.remove_if([this](Station station, const MacTable::Entry& entry) {
        const auto bridge = bridges_.find(bridge_of(station));
        if (entry.fixed() || bridge == bridges_.end() ||
            seconds_since(entry.heard.load(std::memory_order_relaxed)) <=
                bridge->second.settings.ageing_s) {
            return false;
        }
        --bridge->second.learned;
        return true;
    });
    engine_.rcu().reclaim();
}

void Bridges::changed(const Interface& interface, Change change) {
    if (change == Change::removing && ports_.contains(interface.index)) {
        drop_port(interface.index);
    }
}

std::optional<MacAddress> Bridges::asked_mac(Index bridge) const {
    return bridges_.at(bridge).asked_mac;
}

std::vector<Bridges::BridgeInfo> Bridges::bridges() const {
    std::vector<BridgeInfo> all;
    for (const auto& [index, bridge] : bridges_) {
        all.push_back({index, bridge.settings, bridge.members->size(), bridge.learned,
                       bridge.refused, bridge.moves});
    }
    std::sort(all.begin(), all.end(), [this](const BridgeInfo& a, const BridgeInfo& b) {
        return table_.name_of(a.bridge) < table_.name_of(b.bridge);
    });
    return all;
}

std::vector<Bridges::PortInfo> Bridges::ports() const {
    std::vector<PortInfo> all;
    for (const auto& [index, port] : ports_) {
        all.push_back(port);
    }
    std::sort(all.begin(), all.end(), [this](const PortInfo& a, const PortInfo& b) {
        return std::make_tuple(table_.name_of(a.bridge), table_.name_of(a.interface)) <
               std::make_tuple(table_.name_of(b.bridge), table_.name_of(b.interface));
    });
    return all;
}

std::vector<Bridges::StationInfo> Bridges::stations() const {
    std::vector<StationInfo> all;
    shared_.stations.visit([&](Station station, const MacTable::Entry& entry) {
        const Index bridge = bridge_of(station);
        all.push_back(
            {bridge, MacAddress::from_uint64(station), entry.interface(), entry.fixed(),
             entry.interface() == bridge,
             entry.fixed() ? 0 : seconds_since(entry.heard.load(std::memory_order_relaxed))});
    });
    std::sort(all.begin(), all.end(), [this](const StationInfo& a, const StationInfo& b) {
        return a.bridge == b.bridge ? a.mac < b.mac
                                    : table_.name_of(a.bridge) < table_.name_of(b.bridge);
    });
    return all;
}

}  // namespace bridge
