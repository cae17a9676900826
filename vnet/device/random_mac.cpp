// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/random_mac.hpp"

#include "graph/random_number.hpp"

namespace vnet::device {

wire::MacAddress random_mac() {
    return wire::MacAddress::from_uint64((graph::random_number() & 0xfcff'ffff'ffff) |
                                         0x0200'0000'0000);
}

}  // namespace vnet::device
