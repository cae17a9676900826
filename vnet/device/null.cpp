// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/null.hpp"

#include "vnet/device/random_mac.hpp"

namespace vnet::device {

namespace {

constexpr uint32_t most_mtu = 65535;

class Null final : public interface::Device {
public:
    explicit Null(graph::NodeId tx_node) : tx_node_(tx_node), mac_(random_mac()) {}

    std::string_view kind() const override { return "null"; }
    graph::NodeId tx_node() const override { return tx_node_; }
    wire::MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override { return most_mtu; }
    std::string description() const override { return "null"; }
    absl::Status set_up(bool) override { return absl::OkStatus(); }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const wire::MacAddress& mac) override {
        mac_ = mac;
        return absl::OkStatus();
    }
    bool link_up() const override { return true; }

private:
    const graph::NodeId tx_node_;
    wire::MacAddress mac_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Nulls>> Nulls::create(graph::Engine& engine) {
    auto node = engine.graph().add<NullTx>(std::make_shared<const NullTx>());
    if (!node.ok()) {
        return node.status();
    }
    engine.graph().link("interface-output", "null-tx");
    engine.graph().link("interface-tx", "null-tx");
    return std::unique_ptr<Nulls>(new Nulls(*node));
}

std::unique_ptr<interface::Device> Nulls::create() const {
    return std::make_unique<Null>(tx_node_);
}

}  // namespace vnet::device
