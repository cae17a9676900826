// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/tunnel.hpp"

#include <absl/strings/numbers.h>
#include <fmt/format.h>

#include "vnet/device/random_mac.hpp"

namespace vnet::service {

namespace {

absl::StatusOr<std::optional<uint8_t>> number_or_inherit(const std::string& text, const char* what,
                                                         uint32_t first, uint32_t last) {
    if (text == "inherit") {
        return std::nullopt;
    }
    uint32_t value = 0;
    if (!absl::SimpleAtoi(text, &value) || value < first || value > last) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is no {} of a tunnel; give {} to {}, or inherit for that of the "
                        "packet in the tunnel",
                        text, what, first, last));
    }
    return uint8_t(value);
}

}  // namespace

absl::StatusOr<std::optional<uint8_t>> tunnel_ttl(const std::string& text) {
    // One is added for the router itself, which takes it again.
    return number_or_inherit(text, "TTL", 1, 254);
}

absl::StatusOr<std::optional<uint8_t>> tunnel_dscp(const std::string& text) {
    return number_or_inherit(text, "DSCP", 0, 63);
}

absl::StatusOr<tunnel::DontFragment> tunnel_dont_fragment(sluice::TunnelDontFragment value) {
    switch (value) {
        case sluice::TUNNEL_DONT_FRAGMENT_SET:
            return tunnel::DontFragment::set;
        case sluice::TUNNEL_DONT_FRAGMENT_INHERIT:
            return tunnel::DontFragment::copied;
        case sluice::TUNNEL_DONT_FRAGMENT_CLEAR:
            return tunnel::DontFragment::clear;
        default:
            return absl::InvalidArgumentError(
                fmt::format("{} says nothing about \"don't fragment\"; it is set, inherit or clear",
                            int(value)));
    }
}

sluice::TunnelDontFragment to_api(tunnel::DontFragment value) {
    switch (value) {
        case tunnel::DontFragment::set:
            return sluice::TUNNEL_DONT_FRAGMENT_SET;
        case tunnel::DontFragment::copied:
            return sluice::TUNNEL_DONT_FRAGMENT_INHERIT;
        case tunnel::DontFragment::clear:
            return sluice::TUNNEL_DONT_FRAGMENT_CLEAR;
    }
    return sluice::TUNNEL_DONT_FRAGMENT_SET;
}

absl::StatusOr<tunnel::PointToPoint::EndsOfEither> tunnel_ends(const sluice::IpAddress& local,
                                                               const sluice::IpAddress& remote) {
    using Ends = absl::StatusOr<tunnel::PointToPoint::EndsOfEither>;
    return with_address(local, [&remote]<class From>(From from) {
        return with_address(remote, [from]<class To>(To to) -> Ends {
            if constexpr (std::is_same_v<From, To>) {
                return tunnel::Ends<From>{from, to};
            } else {
                return absl::InvalidArgumentError(fmt::format(
                    "{} and {} cannot be the ends of one tunnel; give two addresses of IPv4 or two "
                    "of IPv6",
                    from, to));
            }
        });
    });
}

absl::StatusOr<std::optional<wire::MacAddress>> tunnel_mac(const std::string& name,
                                                           sluice::TunnelCarries carries,
                                                           const sluice::MacAddress* asked) {
    const bool is_ethernet = carries == sluice::TUNNEL_CARRIES_ETHERNET;
    if (!is_ethernet && carries != sluice::TUNNEL_CARRIES_IP) {
        return absl::InvalidArgumentError(
            fmt::format("{} is nothing that a tunnel carries; it is ip or ethernet", int(carries)));
    }
    if (asked == nullptr) {
        return is_ethernet ? std::optional(device::random_mac()) : std::nullopt;
    }
    const auto mac = from_api(*asked);
    if (!mac.ok()) {
        return mac.status();
    }
    if (!is_ethernet || !mac->is_unicast()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be the address of tunnel '{}'; a tunnel that carries ethernet "
                        "has a unicast MAC address",
                        *mac, name));
    }
    return *mac;
}

std::string tunnel_end(const sluice::IpAddress& address) {
    const auto text = with_address(
        address, [](auto value) -> absl::StatusOr<std::string> { return value.to_string(); });
    return text.value_or("-");
}

}  // namespace vnet::service
