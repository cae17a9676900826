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
            status = follow();
        }
        auto& router = owner_.router_;
        if (status.ok()) {
            status = router.local().register_rest(router.engine().graph(), owner_.nodes_.punt);
        }
        if (!status.ok()) {
            net_.clear();
            (void)host_.set_up(false);
            return status;
        }
        owner_.punt_.set(&target_);
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
        const std::set<HostAddress> wanted = owner_.addresses();
        absl::Status status = net_.set(wanted);
        problem_ = std::string(status.message());
        known_ = status.ok() ? wanted.size() : 0;
        return status;
    }
    bool is_up() const { return up_; }
    Info info() const {
        return {owner_.router_.interfaces().name_of(target_.interface), host_.name(), known_,
                problem_};
    }

private:
    /// On return no worker knows the tun.
    void leave() const {
        if (source_ == nullptr) {
            return;
        }
        auto& router = owner_.router_;
        router.local().unregister_rest();
        router.engine().detach(source_.get());
        source_.reset();
        owner_.punt_.set(nullptr);
        router.engine().rcu().synchronize();
    }

    KernelInterface& owner_;
    const vnet::device::TapTarget target_;
    vnet::device::HostLink host_;
    KernelNet net_;
    const std::string description_;
    MacAddress mac_ = vnet::device::random_mac();
    bool up_ = false;
    size_t known_ = 0;
    std::string problem_;
    mutable std::shared_ptr<vnet::device::TapQueue> source_;
};

std::shared_ptr<KernelInterface> KernelInterface::create(vnet::Router& router, ToKernel& punt,
                                                         const Nodes& nodes) {
    std::shared_ptr<KernelInterface> made(new KernelInterface(router, punt, nodes));
    // Observers are never taken back, and a plugin may go.
    router.addresses().observe([weak = std::weak_ptr(made)](auto, const auto&, bool) {
        if (const auto alive = weak.lock()) {
            alive->addresses_changed();
        }
    });
    return made;
}

std::set<HostAddress> KernelInterface::addresses() const {
    std::set<HostAddress> all;
    for (const auto& [index, prefixes] : router_.addresses().all()) {
        for (const auto& prefix : prefixes) {
            all.insert(HostAddress::of(prefix.address()));
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
