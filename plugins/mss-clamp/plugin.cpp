// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "plugins/mss-clamp/clamps.hpp"
#include "plugins/mss-clamp/mss_clamp.pb.h"
#include "plugins/mss-clamp/nodes.hpp"
#include "vnet/plugin/registry.hpp"
#include "vnet/service/convert.hpp"

namespace mss_clamp {

namespace {

namespace proto = sluice::mss_clamp;
constexpr const char* set_method = "sluice.mss_clamp.MssClamp.Set";

using vnet::service::done;

absl::Status set(Clamps& clamps, const proto::SetMssClampRequest& request) {
    if (!proto::Direction_IsValid(request.direction())) {
        return absl::InvalidArgumentError(
            fmt::format("{} is not a direction; it is both, rx or tx", int(request.direction())));
    }
    Setting setting;
    if (request.has_mss()) {
        // What does not fit is out of range all the same.
        setting.mss = uint16_t(std::min<uint32_t>(request.mss(), 0xffff));
    }
    setting.rx = request.direction() != proto::DIRECTION_TX;
    setting.tx = request.direction() != proto::DIRECTION_RX;
    return clamps.set(request.name(), setting);
}

proto::Direction direction_of(const Setting& setting) {
    return !setting.tx   ? proto::DIRECTION_RX
           : !setting.rx ? proto::DIRECTION_TX
                         : proto::DIRECTION_BOTH;
}

void write_config(const Clamps& clamps, const vnet::interface::Table& table,
                  const api::config::Emit& emit) {
    for (const Clamps::State& state : clamps.all()) {
        proto::SetMssClampRequest request;
        request.set_name(table.name_of(state.interface));
        if (state.setting.mss) {
            request.set_mss(*state.setting.mss);
        }
        if (direction_of(state.setting) != proto::DIRECTION_BOTH) {
            request.set_direction(direction_of(state.setting));
        }
        emit(set_method, request);
    }
}

std::vector<proto::MssClampState> states(const Clamps& clamps,
                                         const vnet::interface::Table& table) {
    std::vector<proto::MssClampState> all;
    for (const Clamps::State& state : clamps.all()) {
        proto::MssClampState& message = all.emplace_back();
        message.set_name(table.name_of(state.interface));
        message.set_mss(state.mss);
        message.set_auto_(!state.setting.mss);
        message.set_direction(direction_of(state.setting));
        message.set_clamped(state.counts.clamped);
        message.set_malformed(state.counts.malformed);
    }
    return all;
}

absl::Status register_service(vnet::plugin::Registry& registry, Clamps& clamps) {
    auto& table = registry.interfaces();
    registry.add_config(
        [&table, &clamps](const api::config::Emit& emit) { write_config(clamps, table, emit); });
    absl::Status status = registry.add_unary<proto::SetMssClampRequest, sluice::Empty>(
        set_method, [&clamps](const auto& request) { return done(set(clamps, request)); });
    status.Update(registry.add_unary<proto::ResetMssClampRequest, sluice::Empty>(
        "sluice.mss_clamp.MssClamp.Reset",
        [&clamps](const auto& request) { return done(clamps.reset(request.name())); }));
    status.Update(registry.add_list<proto::ListMssClampsRequest, proto::MssClampState>(
        "sluice.mss_clamp.MssClamp.List",
        [&table, &clamps](const auto&) -> absl::StatusOr<api::ItemSource<proto::MssClampState>> {
            return api::items(states(clamps, table));
        }));
    return status;
}

template <class Family>
absl::Status add_nodes(vnet::plugin::Registry& registry, const Limits& limits) {
    absl::Status status = registry.add_node(std::make_shared<const Rx<Family>>(limits)).status();
    status.Update(registry.add_node(std::make_shared<const Tx<Family>>(limits)).status());
    status.Update(registry.add_feature(Family::unicast_arc, {Family::rx, {}, {}}));
    status.Update(registry.add_feature(Family::output_arc, {Family::tx, {}, {}}));
    return status;
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto limits =
        std::make_shared<Limits>(registry.engine().contexts(), registry.interfaces());
    absl::Status status = add_nodes<Ip4>(registry, *limits);
    status.Update(add_nodes<Ip6>(registry, *limits));
    if (!status.ok()) {
        return status;
    }
    registry.keep(limits);
    const auto clamps =
        std::make_shared<Clamps>(registry.engine().graph(), registry.interfaces(), *limits);
    registry.keep(clamps);
    registry.observe_interfaces([clamps = clamps.get()](const auto& interface, auto change) {
        clamps->changed(interface, change);
    });
    return register_service(registry, *clamps);
}

}  // namespace mss_clamp
