// SPDX-License-Identifier: Apache-2.0
#include "plugins/loopback/interfaces.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vnet/device/random_mac.hpp"
#include "vnet/wire/text.hpp"

namespace loopback {

using vnet::wire::MacAddress;

namespace {

/// The longest packet that IP has: nothing is behind it that could not carry that.
constexpr uint32_t most_mtu = 65535;

}  // namespace

class Interfaces::Device final : public vnet::interface::Device {
public:
    Device(Interfaces& owner, Index index, std::optional<MacAddress> mac)
        : owner_(owner), index_(index), mac_(mac ? *mac : vnet::device::random_mac()) {
        owner_.loopbacks_[index] = mac;
    }
    ~Device() override { owner_.loopbacks_.erase(index_); }

    std::string_view kind() const override { return Interfaces::kind; }
    graph::NodeId tx_node() const override { return owner_.tx_node_; }
    MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override { return most_mtu; }
    std::string description() const override { return Interfaces::kind; }
    absl::Status set_up(bool) override { return absl::OkStatus(); }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const MacAddress& mac) override {
        mac_ = mac;
        return absl::OkStatus();
    }
    bool link_up() const override { return true; }

private:
    Interfaces& owner_;
    const Index index_;
    MacAddress mac_;
};

absl::Status Interfaces::add(const std::string& name, std::optional<MacAddress> mac) {
    if (mac && !mac->is_unicast()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} cannot be the address of loopback '{}'; give a unicast MAC address", *mac, name));
    }
    return table_
        .add(name,
             [&](Index index) -> absl::StatusOr<std::unique_ptr<vnet::interface::Device>> {
                 return std::make_unique<Device>(*this, index, mac);
             })
        .status();
}

std::vector<Interfaces::Loopback> Interfaces::all() const {
    std::vector<Loopback> sorted;
    for (const auto& [index, mac] : loopbacks_) {
        sorted.push_back({table_.name_of(index), mac});
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const Loopback& a, const Loopback& b) { return a.name < b.name; });
    return sorted;
}

}  // namespace loopback
