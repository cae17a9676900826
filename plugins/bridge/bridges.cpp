// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/bridges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "vnet/device/link_bytes.hpp"
#include "vnet/device/random_mac.hpp"
#include "vnet/wire/text.hpp"

namespace bridge {

using vnet::interface::Change;
using vnet::interface::Interface;
using vnet::wire::Ip6Address;
using vnet::wire::MacAddress;

namespace {

constexpr std::chrono::milliseconds learning_period{20};
constexpr std::chrono::seconds ageing_period{1};

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
        owner_.stations_.open(index_);
        owner_.stations_.set_own(index_, {}, mac_);
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
        owner_.stations_.close(index_);
        owner_.engine_.rcu().synchronize();
        owner_.bridges_.erase(index_);
    }

    std::string_view kind() const override { return Bridges::kind; }
    graph::NodeId tx_node() const override { return owner_.output_; }
    MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override { return vnet::device::jumbo_mtu; }
    std::string description() const override { return "bridge"; }
    absl::Status set_up(bool) override { return absl::OkStatus(); }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const MacAddress& mac) override {
        owner_.stations_.set_own(index_, mac_, mac);
        mac_ = mac;
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
    Bridges& owner_;
    const Index index_;
    MacAddress mac_;
};

Bridges::Bridges(graph::Engine& engine, vnet::interface::Table& table, Shared& shared,
                 graph::NodeId output)
    : engine_(engine), table_(table), shared_(shared), output_(output), stations_(table, shared) {
    ageing_ = engine.control().every(ageing_period, [this] {
        stations_.age();
        engine_.rcu().reclaim();
    });
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

absl::Status Bridges::add(const std::string& name, std::optional<MacAddress> mac) {
    if (mac && !mac->is_unicast()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} cannot be the address of bridge '{}'; give a unicast MAC address", *mac, name));
    }
    return table_
        .add(name,
             [&](Index index) -> absl::StatusOr<std::unique_ptr<vnet::interface::Device>> {
                 Bridge bridge;
                 bridge.asked_mac = mac;
                 bridge.answered_before = shared_.ports.answers(index);
                 return std::make_unique<Device>(*this, index, std::move(bridge));
             })
        .status();
}

absl::Status Bridges::set(const std::string& bridge, const Settings& settings) {
    const auto at = find(bridge);
    if (at.ok()) {
        stations_.set(*at, settings);
    }
    return at.status();
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
    const auto port = ports_.find(index);
    const bool is_new = port == ports_.end() || port->second.bridge != *to;
    if (is_new) {
        if (absl::Status status =
                table_.takers().claim(index, fmt::format("a port of bridge '{}'", bridge));
            !status.ok()) {
            return status;
        }
    }
    shared_.ports.set(index, *to, settings);
    if (absl::Status status = engine_.graph().set_feature(arc, input, index, true); !status.ok()) {
        shared_.ports.clear(index);
        table_.takers().release(index);
        return status;
    }
    if (ports_.empty()) {
        learning_ = engine_.control().every(learning_period, [this] { stations_.learn(); });
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
    table_.takers().release(interface);
    ports_.erase(interface);
    publish(bridge);
    stations_.forget_port(bridge, interface);
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
    return stations_.fix(*at, mac, (*found)->index);
}

absl::Status Bridges::remove_station(const std::string& bridge, const MacAddress& mac) {
    const auto at = find(bridge);
    return at.ok() ? stations_.unfix(*at, mac) : at.status();
}

absl::Status Bridges::add_host(const std::string& bridge, const Ip6Address& address,
                               const MacAddress& mac, bool router) {
    const auto at = find(bridge);
    if (!at.ok()) {
        return at.status();
    }
    const bool good = address.is_ip4_mapped()
                          ? vnet::wire::Ip4Address(uint32_t(address.low())).valid_source()
                          : address.valid_source();
    if (!good) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a host's address; give a unicast address", text_of(address)));
    }
    if (router && address.is_ip4_mapped()) {
        return absl::InvalidArgumentError(fmt::format(
            "no answer for {} could say that it is a router; leave that out, or give an "
            "IPv6 address",
            text_of(address)));
    }
    if (!mac.is_unicast()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a host's address; give a unicast MAC address", mac));
    }
    return stations_.fix_host({address, *at}, mac, router);
}

absl::Status Bridges::remove_host(const std::string& bridge, const Ip6Address& address) {
    const auto at = find(bridge);
    return at.ok() ? stations_.unfix_host({address, *at}) : at.status();
}

absl::Status Bridges::forget(const std::string& bridge) {
    const auto at = find(bridge);
    if (at.ok()) {
        stations_.forget(*at);
    }
    return at.status();
}

void Bridges::changed(const Interface& interface, Change change) {
    const auto port = ports_.find(interface.index);
    if (port == ports_.end()) {
        return;
    }
    if (change == Change::removing) {
        drop_port(interface.index);
    } else if (change == Change::down || change == Change::link_down) {
        // They may be reached by another port meanwhile, and are heard again where they are.
        stations_.forget_learned(port->second.bridge, interface.index);
    }
}

std::vector<Bridges::BridgeInfo> Bridges::bridges() const {
    std::vector<BridgeInfo> all;
    for (const auto& [index, bridge] : bridges_) {
        const Ports::Answers answered = shared_.ports.answers(index);
        all.push_back(
            {index,
             bridge.asked_mac,
             bridge.members->size(),
             stations_.settings(index),
             stations_.figures(index),
             {answered.arp - bridge.answered_before.arp, answered.nd - bridge.answered_before.nd}});
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

}  // namespace bridge
