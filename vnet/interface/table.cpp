// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace vnet::interface {

namespace {
constexpr size_t longest_name = 32;
/// RFC 791: every link carries 68 bytes.
constexpr uint32_t smallest_mtu = 68;

/// What was counted beyond what stood at `bases`.
Totals since(Totals totals, const std::map<Index, Totals>& bases, Index index) {
    const auto base = bases.find(index);
    if (base != bases.end()) {
        totals.rx_packets -= base->second.rx_packets;
        totals.rx_bytes -= base->second.rx_bytes;
        totals.tx_packets -= base->second.tx_packets;
        totals.tx_bytes -= base->second.tx_bytes;
        totals.tx_full -= base->second.tx_full;
        totals.rx_missed -= base->second.rx_missed;
        totals.rx_no_buffer -= base->second.rx_no_buffer;
    }
    return totals;
}
}  // namespace

Table::Table(graph::Engine& engine) : engine_(engine), hot_(graph::max_interfaces) {
    for (unsigned context = 0; context < engine.contexts(); ++context) {
        counters_.push_back(std::make_unique<graph::StableArray<Counters>>(graph::max_interfaces));
    }
    // An interface that never was sends to node 0, which is "drop"; and as it is not up, nothing
    // comes so far.
    link_timer_ = engine.control().every(std::chrono::seconds(1), [this] { poll_links(); });
}

Table::~Table() {
    remove_all();
}

absl::Status Table::check_name(const std::string& name) const {
    const bool good =
        !name.empty() && name.size() <= longest_name &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
        });
    if (!good) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' cannot name an interface; use 1 to {} letters, digits and - _ . /",
                        name, longest_name));
    }
    if (by_name_.contains(name)) {
        return absl::AlreadyExistsError(fmt::format("interface '{}' is there already", name));
    }
    return absl::OkStatus();
}

absl::StatusOr<Index> Table::add(
    const std::string& name,
    const std::function<absl::StatusOr<std::unique_ptr<Device>>(Index)>& make) {
    if (auto status = check_name(name); !status.ok()) {
        return status;
    }
    if (free_.empty() && next_ == graph::max_interfaces) {
        return absl::ResourceExhaustedError(fmt::format("no room for interface '{}': there are {}",
                                                        name, graph::max_interfaces - 1));
    }
    const Index index = free_.empty() ? next_ : free_.front();
    auto device = make(index);
    if (!device.ok()) {
        return device.status();
    }
    free_.empty() ? void(++next_) : free_.pop_front();
    Interface& interface = interfaces_[index];
    interface.index = index;
    interface.name = name;
    by_name_[name] = index;
    interface.mac = (*device)->mac();
    interface.mtu = interface.default_mtu = std::min(1500U, (*device)->max_mtu());
    interface.device = std::move(*device);
    birth_[index] = base_[index] = sum(index);
    Hot& hot = hot_[index];
    hot.mac.store(interface.mac.to_uint64(), std::memory_order_relaxed);
    hot.mtu.store(interface.mtu, std::memory_order_relaxed);
    hot.unit.store(interface.device->unit(), std::memory_order_relaxed);
    hot.ip4_address.store(0, std::memory_order_relaxed);
    hot.ip6_source.store({});
    hot.ip6_interface_id.store(0, std::memory_order_relaxed);
    hot.vrf.store(default_vrf, std::memory_order_relaxed);
    hot.flags.store(0, std::memory_order_relaxed);
    hot.tx_node.store(interface.device->tx_node(), std::memory_order_release);
    tell(interface, Change::added);
    return index;
}

absl::Status Table::remove(const std::string& name) {
    Interface* interface = find_mutable(name);
    if (interface == nullptr) {
        return find(name).status();
    }
    if (interface->up) {
        (void)set_up(name, false);
    }
    tell(*interface, Change::removing);
    const Index index = interface->index;
    engine_.forget_interface(index);
    hot_[index].tx_node.store(engine_.graph().find("drop"), std::memory_order_release);
    engine_.rcu().synchronize();
    takers_.release(index);
    by_name_.erase(interface->name);
    // A device that goes may look others up.
    (void)interfaces_.extract(index);
    free_.push_back(index);
    return absl::OkStatus();
}

void Table::remove_all() {
    while (!interfaces_.empty()) {
        (void)remove(std::string(interfaces_.rbegin()->second.name));
    }
}

absl::StatusOr<const Interface*> Table::find(const std::string& name) const {
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
        return &interfaces_.at(found->second);
    }
    if (interfaces_.empty()) {
        return absl::NotFoundError(
            fmt::format("there is no interface '{}'; none has been added yet", name));
    }
    // As many as fit into a sentence.
    constexpr size_t most_named = 16;
    std::string names;
    size_t named = 0;
    for (const auto& [index, interface] : interfaces_) {
        if (named++ == most_named) {
            names += fmt::format(" and {} more", interfaces_.size() - most_named);
            break;
        }
        names += (names.empty() ? "" : ", ") + interface.name;
    }
    return absl::NotFoundError(
        fmt::format("there is no interface '{}'; there are: {}", name, names));
}

Interface* Table::find_mutable(const std::string& name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &interfaces_.at(found->second);
}

const Interface* Table::get(Index index) const {
    const auto found = interfaces_.find(index);
    return found == interfaces_.end() ? nullptr : &found->second;
}

std::string Table::name_of(Index index) const {
    const Interface* interface = get(index);
    return interface == nullptr ? "-" : interface->name;
}

void Table::set_flag(Index index, uint16_t flag, bool on) {
    auto& flags = hot_[index].flags;
    on ? flags.fetch_or(flag, std::memory_order_relaxed)
       : flags.fetch_and(uint16_t(~flag), std::memory_order_relaxed);
}

absl::Status Table::set_up(const std::string& name, bool up) {
    Interface* interface = find_mutable(name);
    if (interface == nullptr) {
        return find(name).status();
    }
    if (interface->up == up) {
        return absl::OkStatus();
    }
    if (!up) {
        tell(*interface, Change::going_down);
        engine_.finish_injected();
    }
    // Packets before the device, both ways: the first one that it brings finds the interface up,
    // and none that is still under way finds the device stopped.
    set_flag(interface->index, flag::up, up);
    if (!up) {
        engine_.rcu().synchronize();
    }
    if (auto status = interface->device->set_up(up); !status.ok()) {
        set_flag(interface->index, flag::up, !up);
        if (!up) {
            tell(*interface, Change::up);
        }
        return status;
    }
    interface->up = up;
    tell(*interface, up ? Change::up : Change::down);
    poll_links();
    return absl::OkStatus();
}

absl::Status Table::set_mtu(const std::string& name, uint32_t mtu) {
    Interface* interface = find_mutable(name);
    if (interface == nullptr) {
        return find(name).status();
    }
    if (mtu < smallest_mtu || mtu > interface->device->max_mtu()) {
        return absl::OutOfRangeError(
            fmt::format("interface '{}' cannot have an MTU of {}; it takes {} to {}", name, mtu,
                        smallest_mtu, interface->device->max_mtu()));
    }
    const absl::Status status = change_mtu(*interface, mtu);
    interface->mtu_is_set |= status.ok();
    return status;
}

absl::Status Table::reset_mtu(const std::string& name) {
    Interface* interface = find_mutable(name);
    if (interface == nullptr) {
        return find(name).status();
    }
    const absl::Status status = change_mtu(*interface, interface->default_mtu);
    interface->mtu_is_set &= !status.ok();
    return status;
}

void Table::set_default_mtu(Index index, uint32_t mtu) {
    Interface& interface = interfaces_.at(index);
    interface.default_mtu = std::clamp(mtu, smallest_mtu, interface.device->max_mtu());
    if (!interface.mtu_is_set && interface.mtu != interface.default_mtu) {
        (void)change_mtu(interface, interface.default_mtu);
    }
}

absl::Status Table::change_mtu(Interface& interface, uint32_t mtu) {
    if (auto status = interface.device->set_mtu(mtu); !status.ok()) {
        return status;
    }
    interface.mtu = mtu;
    hot_[interface.index].mtu.store(mtu, std::memory_order_relaxed);
    tell(interface, Change::mtu);
    return absl::OkStatus();
}

absl::Status Table::set_mac(const std::string& name, const wire::MacAddress& mac) {
    Interface* interface = find_mutable(name);
    if (interface == nullptr) {
        return find(name).status();
    }
    if (!mac.is_unicast()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} cannot be the address of interface '{}'; give a unicast MAC address", mac, name));
    }
    if (auto status = interface->device->set_mac(mac); !status.ok()) {
        return status;
    }
    interface->mac = mac;
    hot_[interface->index].mac.store(mac.to_uint64(), std::memory_order_relaxed);
    tell(*interface, Change::mac);
    return absl::OkStatus();
}

void Table::want_promiscuous(Index index, bool wanted) {
    const auto found = interfaces_.find(index);
    if (found == interfaces_.end()) {
        return;
    }
    Interface& interface = found->second;
    wanted ? ++interface.promiscuous : --interface.promiscuous;
    if (interface.promiscuous == unsigned(wanted)) {
        interface.device->set_promiscuous(wanted);
    }
}

void Table::set_vrf(Index index, Vrf vrf) {
    Interface& interface = interfaces_.at(index);
    interface.vrf = vrf;
    hot_[index].vrf.store(vrf, std::memory_order_release);
    tell(interface, Change::vrf);
}

Vrf Table::vrf_of(Index index) const {
    const Interface* interface = get(index);
    return interface == nullptr ? default_vrf : interface->vrf;
}

void Table::poll_links() {
    for (auto& [index, interface] : interfaces_) {
        bool link = interface.up && interface.device->link_up();
        if (interface.up && !link) {
            interface.device->rejoin();
            link = interface.device->link_up();
        }
        if (link != interface.link) {
            interface.link = link;
            set_flag(index, flag::link, link);
            tell(interface, link ? Change::link_up : Change::link_down);
        }
    }
}

void Table::observe(std::function<void(const Interface&, Change)> observer) {
    observers_.push_back(std::move(observer));
}

void Table::tell(const Interface& interface, Change change) {
    for (const auto& observer : observers_) {
        observer(interface, change);
    }
}

Totals Table::sum(Index index) const {
    Totals totals;
    for (unsigned worker = 0; worker < engine_.workers().size(); ++worker) {
        const Counters& counters = (*counters_[worker])[index];
        totals.rx_packets += counters.rx_packets.read();
        totals.rx_bytes += counters.rx_bytes.read();
        totals.tx_packets += counters.tx_packets.read();
        totals.tx_bytes += counters.tx_bytes.read();
        totals.tx_full += counters.tx_full.read();
        totals.rx_missed += counters.rx_missed.read();
        totals.rx_no_buffer += counters.rx_no_buffer.read();
    }
    return totals;
}

Totals Table::totals(Index index) const {
    return since(sum(index), base_, index);
}

Totals Table::lifetime_totals(Index index) const {
    return since(sum(index), birth_, index);
}

graph::MemoryUse Table::memory() const noexcept {
    graph::MemoryUse use = hot_.memory();
    for (const auto& worker : counters_) {
        use += worker->memory();
    }
    return use;
}

void Table::clear_counters() {
    for (const auto& [index, interface] : interfaces_) {
        base_[index] = sum(index);
    }
}

}  // namespace vnet::interface
