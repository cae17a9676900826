// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/random_mac.hpp"

#include <random>

namespace vnet::device {

wire::MacAddress random_mac() {
    std::random_device device;
    const uint64_t number = uint64_t(device()) << 32 | device();
    return wire::MacAddress::from_uint64((number & 0xfcff'ffff'ffff) | 0x0200'0000'0000);
}

}  // namespace vnet::device
