// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plugins/urpf/checks.hpp"
#include "plugins/urpf/node.hpp"
#include "plugins/urpf/urpf.pb.h"
#include "vnet/plugin/registry.hpp"
#include "vnet/router.hpp"
#include "vnet/service/convert.hpp"

namespace urpf {

namespace {

namespace proto = sluice::urpf;
using vnet::service::done;
constexpr const char* set_method = "sluice.urpf.SourceCheck.Set";

absl::Status set(Checks& checks, const proto::SetSourceCheckRequest& request) {
    if (!proto::Mode_IsValid(request.mode())) {
        return absl::InvalidArgumentError(
            fmt::format("{} is not a mode; it is strict or loose", int(request.mode())));
    }
    return checks.set(request.name(),
                      {request.mode() == proto::MODE_STRICT ? Mode::strict : Mode::loose,
                       !request.has_default_route() || request.default_route()});
}

proto::Mode mode_of(const Setting& setting) {
    return setting.mode == Mode::strict ? proto::MODE_STRICT : proto::MODE_LOOSE;
}

void write_config(const Checks& checks, const api::config::Emit& emit) {
    for (const Checks::State& state : checks.all()) {
        proto::SetSourceCheckRequest request;
        request.set_name(state.interface);
        request.set_mode(mode_of(state.setting));
        if (!state.setting.default_route) {
            request.set_default_route(false);
        }
        emit(set_method, request);
    }
}

std::vector<proto::SourceCheckState> states(const Checks& checks) {
    std::vector<proto::SourceCheckState> all;
    for (const Checks::State& state : checks.all()) {
        proto::SourceCheckState& message = all.emplace_back();
        message.set_name(state.interface);
        message.set_mode(mode_of(state.setting));
        message.set_default_route(state.setting.default_route);
        message.set_dropped(state.dropped);
    }
    return all;
}

absl::Status register_service(vnet::plugin::Registry& registry, Checks& checks) {
    registry.add_config([&checks](const api::config::Emit& emit) { write_config(checks, emit); });
    absl::Status status = registry.add_unary<proto::SetSourceCheckRequest, sluice::Empty>(
        set_method, [&checks](const auto& request) { return done(set(checks, request)); });
    status.Update(registry.add_unary<proto::ResetSourceCheckRequest, sluice::Empty>(
        "sluice.urpf.SourceCheck.Reset",
        [&checks](const auto& request) { return done(checks.reset(request.name())); }));
    status.Update(registry.add_list<proto::ListSourceChecksRequest, proto::SourceCheckState>(
        "sluice.urpf.SourceCheck.List",
        [&checks](const auto&) -> absl::StatusOr<api::ItemSource<proto::SourceCheckState>> {
            return api::items(states(checks));
        }));
    return status;
}

template <class Family>
absl::Status add_check(vnet::plugin::Registry& registry, const Modes& modes) {
    vnet::Router& router = registry.router();
    absl::Status status = registry
                              .add_node(std::make_shared<const SourceCheck<Family>>(
                                  modes, router.network<Family>().tables, router.forwarding()))
                              .status();
    status.Update(
        registry.add_feature(Words<Family>::arc, {std::string(Words<Family>::node), {}, {}}));
    return status;
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto modes = std::make_shared<Modes>(registry.engine().contexts());
    absl::Status status = add_check<vnet::ip4::Family>(registry, *modes);
    status.Update(add_check<vnet::ip6::Family>(registry, *modes));
    if (!status.ok()) {
        return status;
    }
    registry.keep(modes);
    const auto checks =
        std::make_shared<Checks>(registry.engine().graph(), registry.interfaces(), *modes);
    registry.keep(checks);
    registry.observe_interfaces([checks = checks.get()](const auto& interface, auto change) {
        checks->changed(interface, change);
    });
    return register_service(registry, *checks);
}

}  // namespace urpf
