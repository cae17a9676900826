// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/testing/net.hpp"

namespace vnet::fib::testing {

Bytes without_ethernet(const Bytes& frame) {
    return Bytes(frame.begin() + sizeof(wire::EthernetHeader), frame.end());
}

}  // namespace vnet::fib::testing
