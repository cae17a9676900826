// SPDX-License-Identifier: Apache-2.0
#include "plugins/vxlan/service.hpp"

#include <fmt/format.h>

#include <map>

#include "plugins/vxlan/encap.hpp"
#include "plugins/vxlan/vxlan.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/tunnel.hpp"
#include "vnet/wire/vxlan.hpp"

namespace vxlan {

namespace {

namespace proto = sluice::vxlan;
namespace wire = vnet::wire;
using vnet::tunnel::PointToPoint;

constexpr const char* add_method = "sluice.vxlan.VxlanTunnels.Add";
constexpr const char* add_mac_method = "sluice.vxlan.VxlanTunnels.AddMac";
constexpr const char* add_flood_method = "sluice.vxlan.VxlanTunnels.AddFlood";

absl::Status check_numbers(const proto::AddVxlanTunnelRequest& request) {
    if (request.vni() > wire::highest_vni) {
        return absl::OutOfRangeError(
            fmt::format("VNI {} is out of range; give 0 to {}", request.vni(), wire::highest_vni));
    }
    if (request.has_port() && (request.port() == 0 || request.port() > 65535)) {
        return absl::OutOfRangeError(
            fmt::format("port {} is out of range; give 1 to 65535", request.port()));
    }
    return absl::OkStatus();
}

uint16_t port_of(const proto::AddVxlanTunnelRequest& request) {
    return request.has_port() ? uint16_t(request.port()) : wire::VxlanHeader::port;
}

/// The address that was asked for, or a random one.
absl::StatusOr<wire::MacAddress> read_mac(const proto::AddVxlanTunnelRequest& request) {
    const auto mac = vnet::service::tunnel_mac(request.name(), sluice::TUNNEL_CARRIES_ETHERNET,
                                               request.has_mac() ? &request.mac() : nullptr);
    return mac.ok() ? absl::StatusOr<wire::MacAddress>(**mac) : mac.status();
}
uint8_t note_of(const proto::AddVxlanTunnelRequest& request, bool is_ip6) {
    return vnet::service::tunnel_checksum(request, is_ip6) ? note::checksum : uint8_t(0);
}

/// IPv4 as ::ffff:a.b.c.d.
absl::StatusOr<Ip6Address> read_end(const sluice::IpAddress& message) {
    return vnet::service::with_address(
        message, []<class Address>(Address address) -> absl::StatusOr<Ip6Address> {
            if constexpr (std::is_same_v<Address, Ip4Address>) {
                return Ip6Address::mapped(address);
            } else {
                return address;
            }
        });
}
sluice::IpAddress end_to_api(const Ip6Address& address) {
    return address.is_ip4_mapped() ? vnet::service::ip_to_api(Ip4Address(uint32_t(address.low())))
                                   : vnet::service::ip_to_api(address);
}

absl::Status add_point_to_point(vnet::Router& router, PointToPoint& tunnels,
                                const proto::AddVxlanTunnelRequest& request) {
    if (request.has_learning() || request.has_ageing() || request.has_mac_limit()) {
        return absl::InvalidArgumentError(fmt::format(
            "tunnel '{}' has one remote end, and nothing to learn; leave out the end, or "
            "learning, ageing and mac-limit",
            request.name()));
    }
    auto spec = vnet::service::tunnel_spec(request, router.vrfs());
    const auto mac = read_mac(request);
    if (!spec.ok() || !mac.ok()) {
        return spec.ok() ? mac.status() : spec.status();
    }
    spec->mac = *mac;
    spec->mac_is_asked_for = request.has_mac();
    const uint16_t port = port_of(request);
    spec->number = number_of(port, request.vni());
    spec->note = note_of(request, spec->ends.index() == 1);
    spec->behind = {{wire::IpProtocol::udp, header(port, request.vni())}};
    spec->description =
        fmt::format("vxlan {} {} to {}", request.vni(), vnet::service::tunnel_end(request.local()),
                    vnet::service::tunnel_end(request.remote()));
    return tunnels.add(request.name(), std::move(*spec)).status();
}

absl::Status check_range(const char* what, uint32_t value, uint32_t least, uint32_t most) {
    if (value >= least && value <= most) {
        return absl::OkStatus();
    }
    return absl::OutOfRangeError(
        fmt::format("{} {} is out of range; give {} to {}", what, value, least, most));
}

absl::Status add_segment(vnet::Router& router, Segments& segments,
                         const proto::AddVxlanTunnelRequest& request) {
    Segments::Spec spec;
    const auto local = read_end(request.local());
    const auto policy = vnet::service::tunnel_policy(request);
    const auto mac = read_mac(request);
    absl::Status status = local.status();
    status.Update(policy.status());
    status.Update(mac.status());
    const auto vrf = vnet::service::tunnel_vrf(request, router.vrfs());
    status.Update(vrf.status());
    if (request.has_ageing()) {
        spec.ageing_s = request.ageing();
        status.Update(check_range("ageing", spec.ageing_s, 10, 1'000'000));
    }
    if (request.has_mac_limit()) {
        spec.mac_limit = request.mac_limit();
        status.Update(check_range("mac-limit", spec.mac_limit, 0, 2 * SegmentTables::buckets));
    }
    if (!status.ok()) {
        return status;
    }
    spec.local = *local;
    spec.vrf = *vrf;
    spec.port = port_of(request);
    spec.vni = request.vni();
    spec.policy = *policy;
    spec.note = note_of(request, spec.is_ip6());
    spec.mac = *mac;
    spec.mac_is_asked_for = request.has_mac();
    spec.learns = !request.has_learning() || request.learning();
    return segments.add(request.name(), spec).status();
}

absl::Status add(vnet::Router& router, PointToPoint& tunnels, Segments& segments, Ports& ports,
                 const proto::AddVxlanTunnelRequest& request) {
    absl::Status status = check_numbers(request);
    if (!status.ok()) {
        return status;
    }
    const uint16_t port = port_of(request);
    status = ports.take(port);
    if (!status.ok()) {
        return status;
    }
    status = request.has_remote() ? add_point_to_point(router, tunnels, request)
                                  : add_segment(router, segments, request);
    if (!status.ok()) {
        ports.leave(port);
    }
    return status;
}

/// What the messages have in common.
template <class Message>
void describe(Index index, const PointToPoint::Spec& spec, vnet::Router& router, Message& message) {
    vnet::service::describe_tunnel(index, spec, router, message);
    message.set_vni(uint32_t(spec.number));
    message.set_port(vxlan::port_of(spec));
    vnet::service::describe_checksum((spec.note & note::checksum) != 0, spec.ends.index() == 1,
                                     message);
}
template <class Message>
void describe(Index index, const Segments::Spec& spec, vnet::Router& router, Message& message) {
    message.set_name(router.interfaces().name_of(index));
    message.set_vni(spec.vni);
    *message.mutable_local() = end_to_api(spec.local);
    message.set_port(spec.port);
    vnet::service::describe_checksum((spec.note & note::checksum) != 0, spec.is_ip6(), message);
    message.set_vrf(router.vrfs().name_of(spec.vrf));
    vnet::service::describe_policy(spec.policy, message);
    message.set_learning(spec.learns);
    message.set_ageing(spec.ageing_s);
    message.set_mac_limit(spec.mac_limit);
}

template <class Request>
void describe_remote(const Segments::RemoteInfo& remote, uint32_t own_vni, Request& request) {
    *request.mutable_remote() = end_to_api(remote.address);
    if (remote.vni != own_vni) {
        request.set_vni(remote.vni);
    }
}

/// The tunnels of a configuration are named in an order that does not depend on how it came about.
void write_tunnels(const PointToPoint& tunnels, const Segments& segments, vnet::Router& router,
                   const api::config::Emit& emit) {
    std::map<std::string, proto::AddVxlanTunnelRequest> requests;
    const auto add = [&](Index index, const auto& spec, const wire::MacAddress& mac) {
        proto::AddVxlanTunnelRequest& request = requests[router.interfaces().name_of(index)];
        describe(index, spec, router, request);
        if (spec.mac_is_asked_for) {
            *request.mutable_mac() = vnet::service::to_api(mac);
        }
    };
    for (const Index index : tunnels.all()) {
        const PointToPoint::State state = *tunnels.state(index);
        add(index, state.spec, *state.spec.mac);
    }
    for (const Segments::Info& info : segments.all()) {
        add(info.interface, info.spec, info.spec.mac);
    }
    for (const auto& [name, request] : requests) {
        emit(add_method, request);
    }
}

void write_ends(const Segments& segments, vnet::Router& router, const api::config::Emit& emit) {
    for (const Segments::FloodInfo& info : segments.floods()) {
        proto::AddVxlanFloodRequest request;
        request.set_tunnel(router.interfaces().name_of(info.interface));
        describe_remote(info.remote, segments.spec(info.interface).vni, request);
        if (info.remote.link != 0) {
            request.set_interface(router.interfaces().name_of(info.remote.link));
        }
        emit(add_flood_method, request);
    }
    for (const Segments::MacInfo& info : segments.macs()) {
        if (info.is_fixed) {
            proto::AddVxlanMacRequest request;
            request.set_tunnel(router.interfaces().name_of(info.interface));
            *request.mutable_mac() = vnet::service::to_api(info.mac);
            describe_remote(info.remote, segments.spec(info.interface).vni, request);
            emit(add_mac_method, request);
        }
    }
}

/// The VNI of a request, where it has one.
template <class Request>
absl::StatusOr<std::optional<uint32_t>> read_vni(const Request& request) {
    if (!request.has_vni()) {
        return std::optional<uint32_t>();
    }
    const absl::Status status = check_range("VNI", request.vni(), 0, wire::highest_vni);
    return status.ok() ? absl::StatusOr<std::optional<uint32_t>>(request.vni()) : status;
}

absl::Status add_mac(Segments& segments, const proto::AddVxlanMacRequest& request) {
    const auto mac = vnet::service::from_api(request.mac());
    const auto remote = read_end(request.remote());
    const auto vni = read_vni(request);
    absl::Status status = mac.status();
    status.Update(remote.status());
    status.Update(vni.status());
    return status.ok() ? segments.add_mac(request.tunnel(), *mac, *remote, *vni) : status;
}
absl::Status delete_mac(Segments& segments, const proto::DeleteVxlanMacRequest& request) {
    const auto mac = vnet::service::from_api(request.mac());
    return mac.ok() ? segments.remove_mac(request.tunnel(), *mac) : mac.status();
}
absl::Status add_flood(Segments& segments, const proto::AddVxlanFloodRequest& request) {
    const auto remote = read_end(request.remote());
    const auto vni = read_vni(request);
    absl::Status status = remote.status();
    status.Update(vni.status());
    return status.ok() ? segments.add_flood(request.tunnel(), *remote, *vni, request.interface())
                       : status;
}
absl::Status delete_flood(Segments& segments, const proto::DeleteVxlanFloodRequest& request) {
    const auto remote = read_end(request.remote());
    return remote.ok() ? segments.remove_flood(request.tunnel(), *remote) : remote.status();
}

/// Takes batches of stations, a part in each turn of the control thread.
class Loader {
public:
    explicit Loader(Segments& segments) : segments_(segments) {}
    absl::StatusOr<api::Taken> take(const proto::VxlanMacBatch& batch) {
        const int all = batch.add_size() + batch.delete__size();
        for (const int stop = std::min(all, at_ + most_a_turn); at_ < stop; ++at_) {
            const bool adds = at_ < batch.add_size();
            const absl::Status status =
                adds ? add_mac(segments_, batch.add(at_))
                     : delete_mac(segments_, batch.delete_(at_ - batch.add_size()));
            if (!status.ok()) {
                return status;
            }
            adds ? reply_.set_added(reply_.added() + 1) : reply_.set_deleted(reply_.deleted() + 1);
        }
        if (at_ < all) {
            return api::Taken::part;
        }
        at_ = 0;
        return api::Taken::all;
    }
    absl::StatusOr<proto::LoadVxlanMacsReply> finish() { return reply_; }

private:
    static constexpr int most_a_turn = 256;
    Segments& segments_;
    proto::LoadVxlanMacsReply reply_;
    int at_ = 0;
};

template <class Request, class Act>
absl::Status add_change(vnet::plugin::Registry& registry, const char* method, Act act) {
    return registry.add_unary<Request, sluice::Empty>(
        method, [act = std::move(act)](const Request& request) {
            return vnet::service::done(act(request));
        });
}

absl::Status register_changes(vnet::plugin::Registry& registry, Segments& segments) {
    absl::Status status = add_change<proto::AddVxlanMacRequest>(
        registry, add_mac_method,
        [&segments](const auto& request) { return add_mac(segments, request); });
    status.Update(add_change<proto::DeleteVxlanMacRequest>(
        registry, "sluice.vxlan.VxlanTunnels.DeleteMac",
        [&segments](const auto& request) { return delete_mac(segments, request); }));
    status.Update(registry.add_sink<proto::VxlanMacBatch, proto::LoadVxlanMacsReply>(
        "sluice.vxlan.VxlanTunnels.LoadMacs",
        [&segments] { return std::make_unique<Loader>(segments); }));
    status.Update(add_change<proto::AddVxlanFloodRequest>(
        registry, add_flood_method,
        [&segments](const auto& request) { return add_flood(segments, request); }));
    status.Update(add_change<proto::DeleteVxlanFloodRequest>(
        registry, "sluice.vxlan.VxlanTunnels.DeleteFlood",
        [&segments](const auto& request) { return delete_flood(segments, request); }));
    status.Update(add_change<proto::ForgetVxlanRequest>(
        registry, "sluice.vxlan.VxlanTunnels.Forget",
        [&segments](const auto& request) { return segments.forget(request.tunnel()); }));
    return status;
}

std::vector<proto::VxlanTunnel> list_tunnels(const PointToPoint& tunnels, const Segments& segments,
                                             vnet::Router& router) {
    std::vector<proto::VxlanTunnel> all;
    for (const Index index : tunnels.all()) {
        const PointToPoint::State state = *tunnels.state(index);
        describe(index, state.spec, router, all.emplace_back());
        all.back().set_way_mtu(state.way_mtu);
    }
    for (const Segments::Info& info : segments.all()) {
        proto::VxlanTunnel& message = all.emplace_back();
        describe(info.interface, info.spec, router, message);
        message.set_way_mtu(info.way_mtu);
        message.set_remotes(uint32_t(info.remotes));
        message.set_learned(info.figures.learned);
        message.set_refused(info.figures.refused);
        message.set_moves(info.figures.moves);
        message.set_untold(segments.untold());
    }
    return all;
}

std::vector<proto::VxlanMac> list_macs(const Segments& segments, vnet::Router& router) {
    std::vector<proto::VxlanMac> all;
    for (const Segments::MacInfo& info : segments.macs()) {
        proto::VxlanMac& message = all.emplace_back();
        message.set_tunnel(router.interfaces().name_of(info.interface));
        *message.mutable_mac() = vnet::service::to_api(info.mac);
        *message.mutable_remote() = end_to_api(info.remote.address);
        message.set_vni(info.remote.vni);
        message.set_fixed(info.is_fixed);
        if (!info.is_fixed) {
            message.set_age(info.age_s);
        }
    }
    return all;
}

std::vector<proto::VxlanFlood> list_flood(const Segments& segments, vnet::Router& router) {
    std::vector<proto::VxlanFlood> all;
    for (const Segments::FloodInfo& info : segments.floods()) {
        proto::VxlanFlood& message = all.emplace_back();
        message.set_tunnel(router.interfaces().name_of(info.interface));
        *message.mutable_remote() = end_to_api(info.remote.address);
        message.set_vni(info.remote.vni);
        message.set_way_mtu(info.remote.way_mtu);
        if (info.remote.link != 0) {
            message.set_interface(router.interfaces().name_of(info.remote.link));
        }
    }
    return all;
}

template <class Request, class Message, class All>
absl::Status add_list(vnet::plugin::Registry& registry, const char* method, All all) {
    return registry.add_list<Request, Message>(
        method, [all = std::move(all)](const Request&) -> absl::StatusOr<api::ItemSource<Message>> {
            return api::items(all());
        });
}

}  // namespace

uint16_t port_of(const PointToPoint::Spec& spec) noexcept {
    return uint16_t(spec.number >> 32);
}

absl::Status register_services(vnet::plugin::Registry& registry, PointToPoint& tunnels,
                               Segments& segments, Ports& ports) {
    vnet::Router& router = registry.router();
    registry.add_config([&router, &tunnels, &segments](const api::config::Emit& emit) {
        write_tunnels(tunnels, segments, router, emit);
        write_ends(segments, router, emit);
    });
    absl::Status status = registry.add_unary<proto::AddVxlanTunnelRequest, sluice::Empty>(
        add_method, [&router, &tunnels, &segments, &ports](const auto& request) {
            return vnet::service::done(add(router, tunnels, segments, ports, request));
        });
    status.Update(register_changes(registry, segments));
    status.Update(add_list<proto::ListVxlanTunnelsRequest, proto::VxlanTunnel>(
        registry, "sluice.vxlan.VxlanTunnels.List",
        [&router, &tunnels, &segments] { return list_tunnels(tunnels, segments, router); }));
    status.Update(add_list<proto::ListVxlanMacsRequest, proto::VxlanMac>(
        registry, "sluice.vxlan.VxlanTunnels.ListMacs",
        [&router, &segments] { return list_macs(segments, router); }));
    status.Update(add_list<proto::ListVxlanFloodRequest, proto::VxlanFlood>(
        registry, "sluice.vxlan.VxlanTunnels.ListFlood",
        [&router, &segments] { return list_flood(segments, router); }));
    return status;
}

}  // namespace vxlan
