// SPDX-License-Identifier: Apache-2.0
#include "plugins/vlan/interfaces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "plugins/vlan/tag_bytes.hpp"
#include "vnet/wire/text.hpp"

namespace vlan {

using vnet::interface::Change;
using vnet::interface::Interface;

namespace {

/// Tags of one frame.
constexpr unsigned most_tags = 2;
constexpr uint32_t tag_length = sizeof(vnet::wire::VlanTag);
constexpr uint32_t usual_mtu = 1500;

}  // namespace

class Interfaces::Device final : public vnet::interface::Device {
public:
    Device(Interfaces& owner, const Vlan& vlan, const Interface& parent)
        : owner_(owner),
          vlan_(vlan),
          max_mtu_(parent.device->max_mtu()),
          tag_room_(parent.device->tag_room()) {
        owner_.vlans_[vlan.index] = vlan;
        owner_.output_.set(vlan.index, vlan.parent, vlan.tag);
        owner_.tags_.add(vlan.parent, vlan.tag, vlan.index);
    }
    ~Device() override {
        owner_.tags_.remove(vlan_.parent, vlan_.tag);
        owner_.output_.clear(vlan_.index);
        owner_.vlans_.erase(vlan_.index);
    }

    std::string_view kind() const override { return Interfaces::kind; }
    graph::NodeId tx_node() const override { return owner_.output_node_; }
    vnet::wire::MacAddress mac() const override { return parent().mac; }
    uint32_t max_mtu() const override { return max_mtu_; }
    uint32_t tag_room() const override { return tag_room_ - std::min(tag_room_, tag_length); }
    /// What fits the parent, where nobody says otherwise.
    void fit_mtu(const Interface& to) const {
        const uint32_t tag = vlan_.tag && tag_room_ < tag_length ? tag_length : 0;
        owner_.table_.set_default_mtu(vlan_.index,
                                      std::min(usual_mtu, to.mtu - std::min(to.mtu, tag)));
    }
    std::string description() const override {
        return vlan_.tag
                   ? fmt::format("{} {} {}", parent().name, word(vlan_.tag->type), vlan_.tag->id)
                   : fmt::format("{} default", parent().name);
    }
    absl::Status set_up(bool up) override {
        up_ = up;
        return absl::OkStatus();
    }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const vnet::wire::MacAddress&) override {
        // Nobody else may, not even to what it is: the statement would outlive the parent's
        // address.
        if (owner_.following_) {
            return absl::OkStatus();
        }
        return absl::FailedPreconditionError(
            fmt::format("interface '{}' has the address of '{}', {}; change it there",
                        owner_.table_.name_of(vlan_.index), parent().name, parent().mac));
    }
    void set_promiscuous(bool on) override { owner_.table_.want_promiscuous(vlan_.parent, on); }
    bool link_up() const override { return up_ && parent().up && parent().link; }

private:
    /// It is there for as long as this is.
    const Interface& parent() const { return *owner_.table_.get(vlan_.parent); }

    Interfaces& owner_;
    const Vlan vlan_;
    const uint32_t max_mtu_;
    /// Of the parent.
    const uint32_t tag_room_;
    bool up_ = false;
};

unsigned Interfaces::depth(Index index) const {
    const auto vlan = vlans_.find(index);
    return vlan == vlans_.end() ? 0 : 1 + depth(vlan->second.parent);
}

absl::Status Interfaces::check(const Interface& parent, std::optional<Tag> tag) const {
    if (!parent.device->carries_ethernet()) {
        return absl::InvalidArgumentError(fmt::format(
            "interface '{}' carries packets without Ethernet headers, and has no VLANs; "
            "name another",
            parent.name));
    }
    if (depth(parent.index) == most_tags) {
        return absl::OutOfRangeError(
            fmt::format("interface '{}' has two tags already, and frames have no more; choose the "
                        "one that it is on",
                        parent.name));
    }
    if (const Index has = tags_.find(parent.index, tag); has != 0) {
        return absl::AlreadyExistsError(
            tag ? fmt::format("{} {} of '{}' is taken by interface '{}'; delete that first",
                              word(tag->type), tag->id, parent.name, table_.name_of(has))
                : fmt::format("what no other takes in of '{}' is taken by interface '{}'; delete "
                              "that first",
                              parent.name, table_.name_of(has)));
    }
    return absl::OkStatus();
}

absl::Status Interfaces::add(const std::string& name, const std::string& parent,
                             std::optional<Tag> tag) {
    const auto found = table_.find(parent);
    if (!found.ok()) {
        return found.status();
    }
    if (absl::Status status = check(**found, tag); !status.ok()) {
        return status;
    }
    const auto index =
        table_.add(name, [&](Index at) -> absl::StatusOr<std::unique_ptr<vnet::interface::Device>> {
            return std::make_unique<Device>(*this, Vlan{at, (*found)->index, tag}, **found);
        });
    if (index.ok()) {
        fit_mtu(*index, **found);
    }
    return index.status();
}

std::vector<Interfaces::Vlan> Interfaces::all() const {
    std::vector<std::tuple<unsigned, std::string, Vlan>> sorted;
    for (const auto& [index, vlan] : vlans_) {
        sorted.emplace_back(depth(index), table_.name_of(index), vlan);
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
    });
    std::vector<Vlan> vlans;
    for (const auto& [depth, name, vlan] : sorted) {
        vlans.push_back(vlan);
    }
    return vlans;
}

void Interfaces::fit_mtu(Index vlan, const Interface& parent) const {
    static_cast<const Device&>(*table_.get(vlan)->device).fit_mtu(parent);
}

void Interfaces::changed(const Interface& interface, Change change) {
    std::vector<std::string> children;
    for (const auto& [index, vlan] : vlans_) {
        // While it is being made, the table does not know it yet.
        if (vlan.parent == interface.index && table_.get(index) != nullptr) {
            children.push_back(table_.name_of(index));
        }
    }
    const bool followed = std::exchange(following_, change == Change::mac);
    for (const std::string& child : children) {
        if (change == Change::removing) {
            (void)table_.remove(child);
        } else if (change == Change::mac) {
            (void)table_.set_mac(child, interface.mac);
        } else if (change == Change::mtu) {
            fit_mtu((*table_.find(child))->index, interface);
        }
    }
    following_ = followed;
}

}  // namespace vlan
