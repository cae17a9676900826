// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/service.hpp"

#include <fmt/format.h>

#include "plugins/geneve/geneve.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/tunnel.hpp"

namespace geneve {

namespace {

namespace proto = sluice::geneve;
using vnet::tunnel::PointToPoint;

constexpr const char* add_method = "sluice.geneve.GeneveTunnels.Add";

absl::StatusOr<sluice::Empty> add(vnet::Router& router, Tunnels& tunnels,
                                  const proto::AddGeneveTunnelRequest& request) {
    auto spec = vnet::service::tunnel_spec(request, router.vrfs());
    if (!spec.ok()) {
        return spec.status();
    }
    if (auto status =
            vnet::service::tunnel_carries(request, *spec, sluice::TUNNEL_CARRIES_ETHERNET);
        !status.ok()) {
        return status;
    }
    const bool has_checksum = vnet::service::tunnel_checksum(request, spec->ends.index() == 1);
    spec->description =
        fmt::format("geneve {} {} to {}", request.vni(), vnet::service::tunnel_end(request.local()),
                    vnet::service::tunnel_end(request.remote()));
    return vnet::service::done(tunnels.add(request.name(), request.vni(), request.options(),
                                           has_checksum, std::move(*spec)));
}

template <class Message>
void describe(const Tunnels& tunnels, Index index, const PointToPoint::Spec& spec,
              Message& message) {
    message.set_vni(uint32_t(spec.number));
    message.set_carries(spec.mac ? sluice::TUNNEL_CARRIES_ETHERNET : sluice::TUNNEL_CARRIES_IP);
    if (const std::string text = tunnels.option_text(index); !text.empty()) {
        message.set_options(text);
    }
    vnet::service::describe_checksum((spec.note & note::checksum) != 0, spec.ends.index() == 1,
                                     message);
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Tunnels& tunnels) {
    vnet::Router& router = registry.router();
    registry.add_config([&router, &tunnels](const api::config::Emit& emit) {
        for (const auto& request : vnet::service::tunnel_messages<proto::AddGeneveTunnelRequest>(
                 tunnels.links, router,
                 [&tunnels](Index index, const PointToPoint::State&state, auto&message) {
                     describe(tunnels, index, state.spec, message);
                     vnet::service::describe_mac(state.spec, message);
                 })) {
            emit(add_method, request);
        }
    });
    absl::Status status = registry.add_unary<proto::AddGeneveTunnelRequest, sluice::Empty>(
        add_method,
        [&router, &tunnels](const auto& request) { return add(router, tunnels, request); });
    status.Update(registry.add_list<proto::ListGeneveTunnelsRequest, proto::GeneveTunnel>(
        "sluice.geneve.GeneveTunnels.List",
        [&router, &tunnels](const auto&) -> absl::StatusOr<api::ItemSource<proto::GeneveTunnel>> {
            return api::items(vnet::service::tunnel_messages<proto::GeneveTunnel>(
                tunnels.links, router,
                [&tunnels](Index index, const PointToPoint::State& state, auto& message) {
                    describe(tunnels, index, state.spec, message);
                    message.set_way_mtu(state.way_mtu);
                }));
        }));
    return status;
}

}  // namespace geneve
