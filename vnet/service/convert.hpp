// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "api/proto/types.pb.h"
#include "vnet/ip4/family.hpp"
#include "vnet/ip6/family.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/mac.hpp"

/// Between the API's messages and the network's own types. What a message can hold and the type
/// cannot is refused with a sentence, since a controller need not have used our text forms.
namespace vnet::service {

/// The answer of a method that has nothing to say beyond success.
inline absl::StatusOr<sluice::Empty> done(const absl::Status& status) {
    if (!status.ok()) {
        return status;
    }
    return sluice::Empty();
}

inline wire::Ip4Address from_api(const sluice::Ip4Address& address) {
    return wire::Ip4Address(address.value());
}

inline sluice::Ip4Address to_api(wire::Ip4Address address) {
    sluice::Ip4Address message;
    message.set_value(address.value());
    return message;
}

inline absl::StatusOr<wire::Ip4Prefix> from_api(const sluice::Ip4Prefix& prefix) {
    return wire::Ip4Prefix::make(wire::Ip4Address(prefix.address()), prefix.length());
}

inline sluice::Ip4Prefix to_api(const wire::Ip4Prefix& prefix) {
    sluice::Ip4Prefix message;
    message.set_address(prefix.address().value());
    message.set_length(prefix.length());
    return message;
}

inline sluice::IpAddress ip_to_api(wire::Ip4Address address) {
    sluice::IpAddress message;
    message.set_ip4(address.value());
    return message;
}

inline std::string ip6_bytes(wire::Ip6Address address) {
    const auto bytes = address.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline sluice::IpAddress ip_to_api(wire::Ip6Address address) {
    sluice::IpAddress message;
    message.set_ip6(ip6_bytes(address));
    return message;
}

inline sluice::IpPrefix ip_to_api(const wire::Ip4Prefix& prefix) {
    sluice::IpPrefix message;
    message.set_ip4(prefix.address().value());
    message.set_length(prefix.length());
    return message;
}

inline sluice::IpPrefix ip_to_api(const wire::Ip6Prefix& prefix) {
    sluice::IpPrefix message;
    message.set_ip6(ip6_bytes(prefix.address()));
    message.set_length(prefix.length());
    return message;
}

inline absl::StatusOr<wire::Ip6Address> ip6_from(const std::string& bytes) {
    std::array<uint8_t, 16> address{};
    if (bytes.size() != address.size()) {
        return absl::InvalidArgumentError(
            fmt::format("an IPv6 address has 16 bytes, not {}", bytes.size()));
    }
    std::copy(bytes.begin(), bytes.end(), address.begin());
    return wire::Ip6Address(address);
}

/// Calls `call` with an address of one of the families and gives back what it answers, an
/// absl::Status or a StatusOr; the sentence where the message holds none.
template <class Call>
auto with_address(const sluice::IpAddress& message, Call&& call)
    -> decltype(call(wire::Ip4Address())) {
    switch (message.family_case()) {
        case sluice::IpAddress::kIp4:
            return call(wire::Ip4Address(message.ip4()));
        case sluice::IpAddress::kIp6: {
            const auto address = ip6_from(message.ip6());
            return address.ok() ? call(*address)
                                : decltype(call(wire::Ip4Address()))(address.status());
        }
        case sluice::IpAddress::FAMILY_NOT_SET:
            break;
    }
    return absl::InvalidArgumentError("an address is missing; give one of IPv4 or IPv6");
}

/// The same for a prefix.
template <class Call>
auto with_prefix(const sluice::IpPrefix& message, Call&& call)
    -> decltype(call(wire::Ip4Prefix())) {
    using Answer = decltype(call(wire::Ip4Prefix()));
    switch (message.family_case()) {
        case sluice::IpPrefix::kIp4: {
            const auto prefix =
                wire::Ip4Prefix::make(wire::Ip4Address(message.ip4()), message.length());
            return prefix.ok() ? call(*prefix) : Answer(prefix.status());
        }
        case sluice::IpPrefix::kIp6: {
            const auto address = ip6_from(message.ip6());
            if (!address.ok()) {
                return address.status();
            }
            const auto prefix = wire::Ip6Prefix::make(*address, message.length());
            return prefix.ok() ? call(*prefix) : Answer(prefix.status());
        }
        case sluice::IpPrefix::FAMILY_NOT_SET:
            break;
    }
    return absl::InvalidArgumentError("a prefix is missing; give one of IPv4 or IPv6");
}

/// The family of an address or prefix: ip4::Family or ip6::Family, as a value to infer it from.
inline ip4::Family family_of(wire::Ip4Address) {
    return {};
}
inline ip4::Family family_of(const wire::Ip4Prefix&) {
    return {};
}
inline ip6::Family family_of(wire::Ip6Address) {
    return {};
}
inline ip6::Family family_of(const wire::Ip6Prefix&) {
    return {};
}

inline absl::StatusOr<wire::MacAddress> from_api(const sluice::MacAddress& mac) {
    if (mac.value() >> 48 != 0) {
        return absl::InvalidArgumentError(
            fmt::format("{:#x} is not a MAC address; it has more than 48 bits", mac.value()));
    }
    return wire::MacAddress::from_uint64(mac.value());
}

inline sluice::MacAddress to_api(const wire::MacAddress& mac) {
    sluice::MacAddress message;
    message.set_value(mac.to_uint64());
    return message;
}

}  // namespace vnet::service
