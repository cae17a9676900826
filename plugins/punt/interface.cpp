// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/interface.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "vnet/device/random_mac.hpp"
#include "vnet/device/tun_file.hpp"

namespace punt {

using vnet::wire::MacAddress;

class KernelInterface::Device final : public vnet::interface::Device {
public:
    Device(KernelInterface& owner, Index index, int fd)
        : owner_(owner), target_{fd, index}, host_(fd), net_(host_), description_(host_.name()) {
        owner_.device_ = this;
    }
    ~Device() override {
        if (up_) {
            (void)set_up(false);
        }
        owner_.device_ = nullptr;
        close(target_.fd);
    }

    std::string_view kind() const override { return KernelInterface::kind; }
    graph::NodeId tx_node() const override { return owner_.nodes_.tx; }
    MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override { return graph::buffer_bytes; }
    std::string description() const override { return description_; }
    bool carries_ethernet() const override { return false; }

    absl::Status set_up(bool up) override {
        if (!up) {
            leave();
            net_.clear();
            // Where the kernel's end is gone, it is down enough.
            (void)host_.set_up(false);
            up_ = false;
            return absl::OkStatus();
        }
        absl::Status status = host_.set_up(true);
        if (status.ok()) {
            // Of one family only, where the kernel has but one: `show punt kernel-interface` tells.
            status = follow();
            status = absl::IsPermissionDenied(status) ? status : absl::OkStatus();
        }
        auto& router = owner_.router_;
        if (status.ok()) {
            status = owner_.take_rest();
        }
        if (!status.ok()) {
            net_.clear();
            (void)host_.set_up(false);
            return status;
        }
        owner_.write_to(&target_);
        source_ = std::make_shared<vnet::device::TapQueue>(router.interfaces(), target_,
                                                           owner_.nodes_.input);
        (void)router.engine().attach(source_);
        up_ = true;
        return absl::OkStatus();
    }
    absl::Status set_mtu(uint32_t mtu) override { return host_.set_mtu(mtu); }
    absl::Status set_mac(const MacAddress& mac) override {
        mac_ = mac;
        return absl::OkStatus();
    }
    bool link_up() const override {
        // The descriptor of a tun that was deleted behind our back is readable for ever: no worker
        // may wait on it.
        if (host_.name().empty()) {
            leave();
            return false;
        }
        return up_ && host_.up();
    }
    /// It was moved to another namespace, or set down there: what the kernel knew is gone.
    void rejoin() override {
        if (up_ && !host_.name().empty() && host_.set_up(true).ok()) {
            (void)follow();
        }
    }

    /// Has the kernel know the router's addresses as they are now.
    absl::Status follow() {
        absl::Status status = net_.set(owner_.addresses());
        problem_ = std::string(status.message());
        return status;
    }
    bool is_up() const { return up_; }
    Index index() const { return target_.interface; }
    Info info() const {
        return {owner_.router_.interfaces().name_of(target_.interface), host_.name(), net_.known(),
                problem_};
    }

private:
    /// On return no worker knows the tun.
    void leave() const {
        if (source_ == nullptr) {
            return;
        }
        auto& router = owner_.router_;
        owner_.leave_rest();
        router.engine().detach(source_.get());
        source_.reset();
        owner_.write_to(nullptr);
        router.engine().rcu().synchronize();
    }

    KernelInterface& owner_;
    const vnet::device::TapTarget target_;
    vnet::device::HostLink host_;
    KernelNet net_;
    const std::string description_;
    MacAddress mac_ = vnet::device::random_mac();
    bool up_ = false;
    std::string problem_;
    mutable std::shared_ptr<vnet::device::TapQueue> source_;
};

std::shared_ptr<KernelInterface> KernelInterface::create(vnet::Router& router,
                                                         const Writers& writers,
                                                         const Nodes& nodes) {
    std::shared_ptr<KernelInterface> made(new KernelInterface(router, writers, nodes));
    // Observers are never taken back, and a plugin may go.
    const auto follow = [weak = std::weak_ptr(made)](auto, const auto&, bool) {
        if (const auto alive = weak.lock()) {
            alive->addresses_changed();
        }
    };
    router.ip4().addresses->observe_use(follow);
    router.ip6().addresses->observe_use(follow);
    router.interfaces().observe(
        [weak = std::weak_ptr(made)](const auto&, vnet::interface::Change change) {
            const auto alive = weak.lock();
            if (alive != nullptr && change == vnet::interface::Change::vrf) {
                alive->addresses_changed();
            }
        });
    return made;
}

absl::Status KernelInterface::take_rest() {
    auto& graph = router_.engine().graph();
    absl::Status status = router_.ip4().local.register_rest(graph, nodes_.ip4_punt);
    if (status.ok()) {
        status = router_.ip6().local.register_rest(graph, nodes_.ip6_punt);
        if (!status.ok()) {
            router_.ip4().local.unregister_rest();
        }
    }
    return status;
}

void KernelInterface::leave_rest() {
    router_.ip4().local.unregister_rest();
    router_.ip6().local.unregister_rest();
}

void KernelInterface::write_to(const vnet::device::TapTarget* target) {
    writers_.ip4.set(target);
    writers_.ip6.set(target);
}

std::set<HostAddress> KernelInterface::addresses() const {
    std::set<HostAddress> all;
    // The kernel has one set of addresses: those of its interface's VRF.
    const auto& interfaces = router_.interfaces();
    const auto vrf =
        device_ == nullptr ? vnet::interface::default_vrf : interfaces.vrf_of(device_->index());
    for (const auto& [index, prefixes] : router_.ip4().addresses->all()) {
        for (const auto& prefix : prefixes) {
            if (interfaces.vrf_of(index) == vrf) {
                all.insert(HostAddress::of(prefix.address()));
            }
        }
    }
    const auto& ip6 = *router_.ip6().addresses;
    for (const auto& [index, prefixes] : ip6.all()) {
        for (const auto& prefix : prefixes) {
            if (!prefix.address().is_link_local() && !ip6.is_tentative(index, prefix.address()) &&
                interfaces.vrf_of(index) == vrf) {
                all.insert(HostAddress::of(prefix.address()));
            }
        }
    }
    return all;
}

void KernelInterface::addresses_changed() {
    if (device_ != nullptr && device_->is_up()) {
        // The address stands, whatever the kernel makes of it: `show punt kernel-interface` tells.
        (void)device_->follow();
    }
}

absl::Status KernelInterface::add(const std::string& name) {
    if (device_ != nullptr) {
        return absl::AlreadyExistsError(fmt::format(
            "interface '{}' leads to the kernel already; delete that first", device_->info().name));
    }
    if (absl::Status status = vnet::device::check_host_name(name); !status.ok()) {
        return status;
    }
    return router_.interfaces()
        .add(name,
             [&](Index index) -> absl::StatusOr<std::unique_ptr<vnet::interface::Device>> {
                 const auto fd = vnet::device::open_tun(vnet::device::TunLayer::tun, name);
                 if (!fd.ok()) {
                     return fd.status();
                 }
                 return std::make_unique<Device>(*this, index, *fd);
             })
        .status();
}

std::optional<KernelInterface::Info> KernelInterface::info() const {
    return device_ == nullptr ? std::nullopt : std::optional(device_->info());
}

}  // namespace punt
