// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>

#include "vnet/interface/device.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::interface::testing {

/// What a test sees and sets of a FakeDevice; outlives it.
struct FakeState {
    graph::NodeId tx_node = 0;
    wire::MacAddress mac = wire::MacAddress::from_uint64(0x02'00'00'00'00'a0);
    uint32_t max_mtu = 9000;
    bool cable = true;
    bool up = false;
    uint32_t mtu = 1500;
    bool alive = false;
    bool ethernet = true;
    bool promiscuous = false;
    /// Times that it was told to be that or not.
    unsigned promiscuous_told = 0;
    /// What it answers to the next change.
    absl::Status answer = absl::OkStatus();
};

/// A device that only remembers what it was told.
class FakeDevice : public Device {
public:
    explicit FakeDevice(std::shared_ptr<FakeState> state) : state_(std::move(state)) {
        state_->alive = true;
    }
    ~FakeDevice() override { state_->alive = false; }

    /// For Table::add().
    static std::function<absl::StatusOr<std::unique_ptr<Device>>(Index)> maker(
        std::shared_ptr<FakeState> state) {
        return [state](Index) -> absl::StatusOr<std::unique_ptr<Device>> {
            return std::make_unique<FakeDevice>(state);
        };
    }

    std::string_view kind() const override { return "fake"; }
    graph::NodeId tx_node() const override { return state_->tx_node; }
    uint32_t unit() const override { return 7; }
    wire::MacAddress mac() const override { return state_->mac; }
    uint32_t max_mtu() const override { return state_->max_mtu; }
    std::string description() const override { return "for a test"; }
    bool carries_ethernet() const override { return state_->ethernet; }
    absl::Status set_up(bool up) override {
        if (state_->answer.ok()) {
            state_->up = up;
        }
        return state_->answer;
    }
    absl::Status set_mtu(uint32_t mtu) override {
        if (state_->answer.ok()) {
            state_->mtu = mtu;
        }
        return state_->answer;
    }
    absl::Status set_mac(const wire::MacAddress& mac) override {
        if (state_->answer.ok()) {
            state_->mac = mac;
        }
        return state_->answer;
    }
    void set_promiscuous(bool on) override {
        state_->promiscuous = on;
        ++state_->promiscuous_told;
    }
    bool link_up() const override { return state_->cable; }

private:
    std::shared_ptr<FakeState> state_;
};

}  // namespace vnet::interface::testing
