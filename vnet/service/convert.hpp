// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "api/proto/types.pb.h"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/mac.hpp"

/// Between the API's messages and the network's own types. What a message can hold and the type
/// cannot is refused with a sentence, since a controller need not have used our text forms.
namespace vnet::service {

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
