// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/tap.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "vnet/device/host_link.hpp"
#include "vnet/device/link_bytes.hpp"
#include "vnet/device/random_mac.hpp"
#include "vnet/device/tun_file.hpp"

namespace vnet::device {

/// One tap. Its descriptor keeps the kernel's side alive.
class Tap final : public interface::Device {
public:
    Tap(Taps& taps, interface::Index index, uint32_t unit, int fd)
        : taps_(taps), unit_(unit), host_(fd) {
        target_.fd = fd;
        target_.interface = index;
        taps_.units_[unit_] = true;
        description_ = host_.name();
        const auto host_mac = host_.mac();
        do {
            mac_ = random_mac();
        } while (host_mac.ok() && mac_ == *host_mac);
    }
    ~Tap() override {
        if (up_) {
            (void)set_up(false);
        }
        close(target_.fd);
        taps_.units_[unit_] = false;
    }

    std::string_view kind() const override { return "tap"; }
    graph::NodeId tx_node() const override { return taps_.tx_node_; }
    uint32_t unit() const override { return unit_; }
    wire::MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override { return jumbo_mtu; }
    std::string description() const override { return description_; }

    absl::Status set_up(bool up) override {
        if (up == up_) {
            return absl::OkStatus();
        }
        if (up) {
            if (auto status = host_.set_up(true); !status.ok()) {
                return status;
            }
            taps_.tx_->set(unit_, &target_);
            source_ = std::make_shared<TapQueue>(taps_.table_, target_, taps_.path_);
            (void)taps_.engine_.attach(source_);
        } else {
            leave();
            // Where the host's side is gone, it is down enough.
            (void)host_.set_up(false);
        }
        up_ = up;
        return absl::OkStatus();
    }
    absl::Status set_mtu(uint32_t mtu) override { return host_.set_mtu(mtu); }
    absl::Status set_mac(const wire::MacAddress& mac) override {
        if (const auto host_mac = host_.mac(); host_mac.ok() && *host_mac == mac) {
            return absl::InvalidArgumentError(
                fmt::format("{} is the address of host interface '{}', at the other end of the "
                            "tap; give another",
                            mac, host_.name()));
        }
        mac_ = mac;
        return absl::OkStatus();
    }
    bool link_up() const override {
        // The descriptor of a tap that was deleted behind our back is readable for ever: no worker
        // may wait on it.
        if (host_.name().empty()) {
            leave();
            return false;
        }
        return up_ && host_.up();
    }

private:
    /// On return no worker knows the tap.
    void leave() const {
        if (source_ != nullptr) {
            taps_.engine_.detach(source_.get());
            source_.reset();
            taps_.tx_->set(unit_, nullptr);
            taps_.engine_.rcu().synchronize();
        }
    }

    Taps& taps_;
    const uint32_t unit_;
    HostLink host_;
    TapTarget target_;
    wire::MacAddress mac_;
    std::string description_;
    bool up_ = false;
    mutable std::shared_ptr<TapQueue> source_;
};

Taps::Taps(graph::Engine& engine, interface::Table& table)
    : engine_(engine), table_(table), tx_(std::make_shared<TapTx>(table)), units_(max_taps) {}

absl::StatusOr<std::unique_ptr<Taps>> Taps::create(graph::Engine& engine, interface::Table& table,
                                                   graph::ArcId device_input) {
    std::unique_ptr<Taps> taps(new Taps(engine, table));
    taps->path_.arc = device_input;
    taps->path_.next = engine.graph().find("ethernet-input");
    if (taps->path_.next == graph::no_node) {
        return absl::FailedPreconditionError(
            "the node 'ethernet-input' must be there before taps are");
    }
    graph::NodeSpec input;
    input.name = "tap-rx";
    input.kind = graph::NodeKind::input;
    auto rx_node = engine.graph().add(std::move(input));
    if (!rx_node.ok()) {
        return rx_node.status();
    }
    auto tx_node = engine.graph().add<TapTx>(std::shared_ptr<const TapTx>(taps->tx_));
    if (!tx_node.ok()) {
        return tx_node.status();
    }
    taps->path_.input = *rx_node;
    taps->tx_node_ = *tx_node;
    engine.graph().link("interface-output", "tap-tx");
    engine.graph().link("interface-tx", "tap-tx");
    return taps;
}

absl::StatusOr<std::unique_ptr<interface::Device>> Taps::create(interface::Index index,
                                                                const TapOptions& options) {
    if (auto status = check_host_name(options.host_interface); !status.ok()) {
        return status;
    }
    const auto free = std::find(units_.begin(), units_.end(), false);
    if (free == units_.end()) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for another tap: there are {}", max_taps));
    }
    auto fd = open_tun(TunLayer::tap, options.host_interface);
    if (!fd.ok()) {
        return fd.status();
    }
    return std::make_unique<Tap>(*this, index, uint32_t(free - units_.begin()), *fd);
}

}  // namespace vnet::device
