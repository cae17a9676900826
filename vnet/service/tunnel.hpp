// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vnet/proto/tunnel.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/tunnel/point_to_point.hpp"

/// Between the messages of all kinds of tunnels and vnet/tunnel. Their requests have the fields
/// `local`, `remote`, `vrf`, `ttl`, `dscp`, `dont_fragment`.
namespace vnet::service {

/// "1" to "254", or "inherit". INVALID_ARGUMENT says so.
absl::StatusOr<std::optional<uint8_t>> tunnel_ttl(const std::string& text);
/// "0" to "63", or "inherit".
absl::StatusOr<std::optional<uint8_t>> tunnel_dscp(const std::string& text);
absl::StatusOr<tunnel::DontFragment> tunnel_dont_fragment(sluice::TunnelDontFragment value);
sluice::TunnelDontFragment to_api(tunnel::DontFragment value);

/// The ends of a tunnel, both of one family.
absl::StatusOr<tunnel::PointToPoint::EndsOfEither> tunnel_ends(const sluice::IpAddress& local,
                                                               const sluice::IpAddress& remote);
/// The address of what carries Ethernet, the one that was asked for or a random one; none for what
/// carries IP.
absl::StatusOr<std::optional<wire::MacAddress>> tunnel_mac(const std::string& name,
                                                           sluice::TunnelCarries carries,
                                                           const sluice::MacAddress* asked);
/// "192.0.2.1".
std::string tunnel_end(const sluice::IpAddress& address);

/// TTL, DSCP and "don't fragment" of a request; what it leaves out is as in tunnel::Policy.
template <class Request>
absl::StatusOr<tunnel::Policy> tunnel_policy(const Request& request) {
    tunnel::Policy policy;
    if (request.has_ttl()) {
        const auto ttl = tunnel_ttl(request.ttl());
        if (!ttl.ok()) {
            return ttl.status();
        }
        policy.ttl = *ttl;
    }
    if (request.has_dscp()) {
        const auto dscp = tunnel_dscp(request.dscp());
        if (!dscp.ok()) {
            return dscp.status();
        }
        policy.dscp = *dscp;
    }
    if (request.has_dont_fragment()) {
        const auto dont_fragment = tunnel_dont_fragment(request.dont_fragment());
        if (!dont_fragment.ok()) {
            return dont_fragment.status();
        }
        policy.dont_fragment = *dont_fragment;
    }
    return policy;
}

/// The VRF that a request names, or the default one.
template <class Request>
absl::StatusOr<interface::Vrf> tunnel_vrf(const Request& request, const vrf::Vrfs& vrfs) {
    return request.has_vrf() ? vrfs.find(request.vrf())
                             : absl::StatusOr<interface::Vrf>(interface::default_vrf);
}

/// Whether packets of a tunnel in UDP carry a checksum: over IPv6 they do unless it is asked not
/// to, since others need not take them without (RFC 8200 8.1, RFC 8926 3.3).
template <class Request>
bool tunnel_checksum(const Request& request, bool is_ip6) {
    return request.has_checksum() ? request.checksum() : is_ip6;
}
/// The same in a message; a request is left without what it has anyway.
template <class Message>
void describe_checksum(bool has_checksum, bool is_ip6, Message& message) {
    if constexpr (requires { message.has_checksum(); }) {
        if (has_checksum == is_ip6) {
            return;
        }
    }
    message.set_checksum(has_checksum);
}

/// Ends, VRF and policy of a request.
template <class Request>
absl::StatusOr<tunnel::PointToPoint::Spec> tunnel_spec(const Request& request,
                                                       const vrf::Vrfs& vrfs) {
    tunnel::PointToPoint::Spec spec;
    const auto ends = tunnel_ends(request.local(), request.remote());
    if (!ends.ok()) {
        return ends.status();
    }
    spec.ends = *ends;
    const auto vrf = tunnel_vrf(request, vrfs);
    if (!vrf.ok()) {
        return vrf.status();
    }
    spec.vrf = *vrf;
    const auto policy = tunnel_policy(request);
    if (!policy.ok()) {
        return policy.status();
    }
    spec.policy = *policy;
    return spec;
}

/// What a tunnel carries, of a request with the fields `name`, `carries` and `mac`.
template <class Request>
absl::Status tunnel_carries(const Request& request, tunnel::PointToPoint::Spec& spec,
                            sluice::TunnelCarries otherwise = sluice::TUNNEL_CARRIES_IP) {
    const auto carries = request.has_carries() ? request.carries() : otherwise;
    const auto mac =
        tunnel_mac(request.name(), carries, request.has_mac() ? &request.mac() : nullptr);
    if (!mac.ok()) {
        return mac.status();
    }
    spec.mac = *mac;
    spec.mac_is_asked_for = request.has_mac();
    return absl::OkStatus();
}

template <class Message>
void describe_mac(const tunnel::PointToPoint::Spec& spec, Message& message) {
    if (spec.mac_is_asked_for) {
        *message.mutable_mac() = to_api(*spec.mac);
    }
}

/// TTL, DSCP and "don't fragment", as text.
template <class Message>
void describe_policy(const tunnel::Policy& policy, Message& message) {
    const auto text = [](const std::optional<uint8_t>& value) {
        return value ? std::to_string(*value) : std::string("inherit");
    };
    message.set_ttl(text(policy.ttl));
    message.set_dscp(text(policy.dscp));
    message.set_dont_fragment(to_api(policy.dont_fragment));
}

/// Name, ends, VRF and policy of a tunnel, in a message that has these fields.
template <class Message>
void describe_tunnel(interface::Index index, const tunnel::PointToPoint::Spec& spec, Router& router,
                     Message& message) {
    message.set_name(router.interfaces().name_of(index));
    std::visit(
        [&message](const auto& ends) {
            *message.mutable_local() = ip_to_api(ends.local);
            *message.mutable_remote() = ip_to_api(ends.remote);
        },
        spec.ends);
    message.set_vrf(router.vrfs().name_of(spec.vrf));
    describe_policy(spec.policy, message);
}

/// A message of each tunnel of a kind, by name, which `complete(index, state, message)` completes.
template <class Message, class Complete>
std::vector<Message> tunnel_messages(const tunnel::PointToPoint& tunnels, Router& router,
                                     const Complete& complete) {
    std::vector<Message> all;
    std::map<std::string, interface::Index> by_name;
    for (const interface::Index index : tunnels.all()) {
        by_name.emplace(router.interfaces().name_of(index), index);
    }
    for (const auto& [name, index] : by_name) {
        const tunnel::PointToPoint::State state = *tunnels.state(index);
        describe_tunnel(index, state.spec, router, all.emplace_back());
        complete(index, state, all.back());
    }
    return all;
}

}  // namespace vnet::service
