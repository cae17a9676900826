// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/interfaces.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vnet/device/random_mac.hpp"
#include "vnet/wire/text.hpp"

namespace pg {

using vnet::interface::Index;

namespace {
constexpr uint32_t ethernet_bytes = 14;
constexpr uint32_t vlan_bytes = 8;
}  // namespace

/// One interface without a wire. Its link is always there.
class PgDevice final : public vnet::interface::Device {
public:
    PgDevice(Interfaces& owner, Index index, uint32_t unit, const vnet::wire::MacAddress& mac)
        : owner_(owner), index_(index), unit_(unit), mac_(mac) {
        owner_.units_[unit_] = true;
        owner_.tx_->unit(unit_).interface.store(index_, std::memory_order_release);
    }
    ~PgDevice() override { owner_.forget(index_, unit_); }

    std::string_view kind() const override { return Interfaces::kind; }
    graph::NodeId tx_node() const override { return owner_.tx_node_; }
    uint32_t unit() const override { return unit_; }
    vnet::wire::MacAddress mac() const override { return mac_; }
    uint32_t max_mtu() const override { return graph::buffer_bytes - ethernet_bytes - vlan_bytes; }
    std::string description() const override { return ""; }
    absl::Status set_up(bool up) override {
        if (!up) {
            owner_.hear(index_, Interfaces::Event::down);
        }
        up_ = up;
        return absl::OkStatus();
    }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const vnet::wire::MacAddress& mac) override {
        mac_ = mac;
        return absl::OkStatus();
    }
    bool link_up() const override { return up_; }

private:
    Interfaces& owner_;
    const Index index_;
    const uint32_t unit_;
    vnet::wire::MacAddress mac_;
    bool up_ = false;
};

Interfaces::Interfaces(graph::Engine& engine, vnet::interface::Table& table, std::shared_ptr<Tx> tx,
                       graph::NodeId tx_node, SentAt sent_at)
    : engine_(engine),
      table_(table),
      tx_(std::move(tx)),
      tx_node_(tx_node),
      sent_at_(sent_at),
      units_(max_units) {}

Interfaces::~Interfaces() {
    while (!recorders_.empty()) {
        unpublish(recorders_.begin()->first);
        recorders_.erase(recorders_.begin());
    }
}

absl::Status Interfaces::add(const std::string& name, std::optional<vnet::wire::MacAddress> mac) {
    if (mac && !mac->is_unicast()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} cannot be the address of interface '{}'; give a unicast MAC address", *mac, name));
    }
    const auto free = std::find(units_.begin(), units_.end(), false);
    if (free == units_.end()) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for pg interface '{}': there are {}", name, max_units));
    }
    return table_
        .add(name,
             [&](Index index) -> absl::StatusOr<std::unique_ptr<vnet::interface::Device>> {
                 return std::make_unique<PgDevice>(*this, index, uint32_t(free - units_.begin()),
                                                   mac.value_or(vnet::device::random_mac()));
             })
        .status();
}

absl::StatusOr<Index> Interfaces::find(const std::string& name) const {
    const auto interface = table_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if ((*interface)->device->kind() == kind) {
        return (*interface)->index;
    }
    return absl::InvalidArgumentError(fmt::format(
        "interface '{}' is a {}; generators and recordings need one that `add pg interface` made",
        name, (*interface)->device->kind()));
}

absl::Status Interfaces::record(const std::string& interface, const std::string& file,
                                uint64_t packets) {
    const auto index = find(interface);
    if (!index.ok()) {
        return index.status();
    }
    for (const auto& [other, recorder] : recorders_) {
        if (recorder->ended()) {
            continue;
        }
        if (other == *index) {
            return absl::AlreadyExistsError(
                fmt::format("interface '{}' is being recorded to {} already; stop that first",
                            interface, vnet::wire::quoted(recorder->file())));
        }
        if (recorder->file() == file) {
            return absl::AlreadyExistsError(
                fmt::format("interface '{}' is being recorded to {}; name another file",
                            table_.name_of(other), vnet::wire::quoted(file)));
        }
    }
    auto recorder = Recorder::create(engine_.control(), file, packets, sent_at_,
                                     [this, index = *index] { unpublish(index); });
    if (!recorder.ok()) {
        return recorder.status();
    }
    unpublish(*index);
    recorders_[*index] = *std::move(recorder);
    const uint32_t unit = table_.hot(*index).unit.load(std::memory_order_relaxed);
    tx_->unit(unit).recorder.store(recorders_[*index].get(), std::memory_order_release);
    return absl::OkStatus();
}

void Interfaces::unpublish(Index interface) {
    const uint32_t unit = table_.hot(interface).unit.load(std::memory_order_relaxed);
    if (unit < max_units && tx_->unit(unit).recorder.exchange(nullptr) != nullptr) {
        engine_.rcu().synchronize();
    }
}

absl::Status Interfaces::stop_record(const std::string& interface) {
    const auto index = find(interface);
    if (!index.ok()) {
        return index.status();
    }
    const auto recorder = recorders_.find(*index);
    if (recorder == recorders_.end() || recorder->second->ended()) {
        return absl::FailedPreconditionError(fmt::format(
            "interface '{}' is not being recorded; `show pg record` lists what is", interface));
    }
    unpublish(*index);
    recorder->second->finish();
    return recorder->second->status();
}

std::vector<Interfaces::Recording> Interfaces::recordings() const {
    std::vector<Recording> all;
    for (const auto& [index, recorder] : recorders_) {
        all.push_back({table_.name_of(index), recorder->file(), recorder->written(),
                       recorder->overflow(), !recorder->ended(),
                       std::string(recorder->status().message())});
    }
    return all;
}

void Interfaces::forget(Index interface, uint32_t unit) {
    hear(interface, Event::gone);
    // By unit, not by index: the table may have given the index away.
    tx_->unit(unit).interface.store(0, std::memory_order_release);
    tx_->unit(unit).recorder.store(nullptr, std::memory_order_release);
    engine_.rcu().synchronize();
    if (const auto recorder = recorders_.find(interface); recorder != recorders_.end()) {
        recorder->second->finish();
        recorders_.erase(recorder);
    }
    units_[unit] = false;
}

}  // namespace pg
