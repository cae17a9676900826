// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/wire/mac.hpp"

namespace vnet::device {

/// A locally administered unicast address, for a device that has none of its own.
wire::MacAddress random_mac();

}  // namespace vnet::device
