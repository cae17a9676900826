// SPDX-License-Identifier: Apache-2.0
#include "plugins/gre/service.hpp"

#include <fmt/format.h>

#include "plugins/gre/gre.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/tunnel.hpp"
#include "vnet/wire/gre.hpp"
#include "vnet/wire/transparent_bridging.hpp"

namespace gre {

namespace {

namespace proto = sluice::gre;
namespace wire = vnet::wire;
using vnet::tunnel::PointToPoint;
using wire::GreHeader;

constexpr const char* add_gre_method = "sluice.gre.GreTunnels.Add";
constexpr const char* add_ipip_method = "sluice.gre.IpipTunnels.Add";

/// The GRE header in front of one kind of packets; sequence number and checksum are zero.
std::vector<std::byte> header(uint16_t protocol, const proto::AddGreTunnelRequest& request) {
    const auto bit = [](bool has, uint16_t value) { return has ? value : uint16_t(0); };
    const GreHeader fixed{wire::Be16(uint16_t(bit(request.checksum(), GreHeader::checksum_bit) |
                                              bit(request.has_key(), GreHeader::key_bit) |
                                              bit(request.sequence(), GreHeader::sequence_bit))),
                          wire::Be16(protocol)};
    std::vector<std::byte> bytes(fixed.length());
    const auto write = [&bytes](size_t at, const auto& value) {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    };
    write(0, fixed);
    if (request.has_key()) {
        write(sizeof fixed + (request.checksum() ? 4 : 0), wire::Be32(request.key()));
    }
    return bytes;
}

absl::StatusOr<sluice::Empty> add_gre(vnet::Router& router, PointToPoint& tunnels,
                                      const Sequences& sequences,
                                      const proto::AddGreTunnelRequest& request) {
    auto spec = vnet::service::tunnel_spec(request, router.vrfs());
    if (!spec.ok()) {
        return spec.status();
    }
    if (auto status = vnet::service::tunnel_carries(request, *spec); !status.ok()) {
        return status;
    }
    const bool is_ethernet = spec->mac.has_value();
    spec->number = number_of(request.has_key() ? std::optional(request.key()) : std::nullopt);
    spec->note =
        uint8_t((is_ethernet ? note::ethernet : 0) | (request.sequence() ? note::sequence : 0) |
                (request.checksum() ? note::checksum : 0));
    for (const wire::EtherType type : {wire::EtherType::ip4, wire::EtherType::ip6}) {
        const uint16_t protocol = uint16_t(is_ethernet ? wire::transparent_bridging : type);
        spec->behind.push_back({wire::IpProtocol::gre, header(protocol, request), {}});
        // The checksum is behind flags and protocol, the number at the end.
        const size_t length = spec->behind.back().bytes.size();
        auto& varying = spec->behind.back().varying;
        if (request.checksum()) {
            varying.emplace_back(4, 8);
        }
        if (request.sequence()) {
            varying.emplace_back(length - 4, length);
        }
    }
    spec->description = fmt::format("gre {} to {}", vnet::service::tunnel_end(request.local()),
                                    vnet::service::tunnel_end(request.remote()));
    const auto index = tunnels.add(request.name(), std::move(*spec));
    if (!index.ok()) {
        return index.status();
    }
    sequences.encap->begin(*index);
    sequences.decap4->begin(*index);
    sequences.decap6->begin(*index);
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> add_ipip(vnet::Router& router, PointToPoint& tunnels,
                                       const proto::AddIpipTunnelRequest& request) {
    auto spec = vnet::service::tunnel_spec(request, router.vrfs());
    if (!spec.ok()) {
        return spec.status();
    }
    spec->behind = {{wire::IpProtocol::ipip, {}}, {wire::IpProtocol::ip6, {}}};
    spec->description = fmt::format("ipip {} to {}", vnet::service::tunnel_end(request.local()),
                                    vnet::service::tunnel_end(request.remote()));
    return vnet::service::done(tunnels.add(request.name(), std::move(*spec)).status());
}

template <class Message>
void describe_gre(const PointToPoint::Spec& spec, Message& message) {
    if (spec.number != 0) {
        message.set_key(uint32_t(spec.number));
    }
    if (spec.mac) {
        message.set_carries(sluice::TUNNEL_CARRIES_ETHERNET);
    }
    if ((spec.note & note::sequence) != 0) {
        message.set_sequence(true);
    }
    if ((spec.note & note::checksum) != 0) {
        message.set_checksum(true);
    }
}

}  // namespace

absl::Status register_services(vnet::plugin::Registry& registry, PointToPoint& gre,
                               PointToPoint& ipip, const Sequences& sequences) {
    vnet::Router& router = registry.router();
    registry.add_config([&router, &gre, &ipip](const api::config::Emit& emit) {
        for (const auto& request : vnet::service::tunnel_messages<proto::AddGreTunnelRequest>(
                 gre, router, [](Index, const PointToPoint::State&state, auto&message) {
                     describe_gre(state.spec, message);
                     vnet::service::describe_mac(state.spec, message);
                 })) {
            emit(add_gre_method, request);
        }
        for (const auto& request : vnet::service::tunnel_messages<proto::AddIpipTunnelRequest>(
                 ipip, router, [](Index, const auto&, auto&) {})) {
            emit(add_ipip_method, request);
        }
    });
    absl::Status status = registry.add_unary<proto::AddGreTunnelRequest, sluice::Empty>(
        add_gre_method, [&router, &gre, sequences](const auto& request) {
            return add_gre(router, gre, sequences, request);
        });
    status.Update(registry.add_unary<proto::AddIpipTunnelRequest, sluice::Empty>(
        add_ipip_method,
        [&router, &ipip](const auto& request) { return add_ipip(router, ipip, request); }));
    status.Update(registry.add_list<proto::ListGreTunnelsRequest, proto::GreTunnel>(
        "sluice.gre.GreTunnels.List",
        [&router, &gre](const auto&) -> absl::StatusOr<api::ItemSource<proto::GreTunnel>> {
            return api::items(vnet::service::tunnel_messages<proto::GreTunnel>(
                gre, router, [](Index, const PointToPoint::State& state, auto& message) {
                    describe_gre(state.spec, message);
                    message.set_way_mtu(state.way_mtu);
                }));
        }));
    status.Update(registry.add_list<proto::ListIpipTunnelsRequest, proto::IpipTunnel>(
        "sluice.gre.IpipTunnels.List",
        [&router, &ipip](const auto&) -> absl::StatusOr<api::ItemSource<proto::IpipTunnel>> {
            return api::items(vnet::service::tunnel_messages<proto::IpipTunnel>(
                ipip, router, [](Index, const PointToPoint::State& state, auto& message) {
                    message.set_way_mtu(state.way_mtu);
                }));
        }));
    return status;
}

}  // namespace gre
