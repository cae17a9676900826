// SPDX-License-Identifier: Apache-2.0
#include "plugins/vxlan/encap.hpp"

#include "vnet/wire/udp.hpp"
#include "vnet/wire/vxlan.hpp"

namespace vxlan {

namespace wire = vnet::wire;

namespace {

struct Headers {
    wire::UdpHeader udp;
    wire::VxlanHeader vxlan;
};

}  // namespace

std::vector<std::byte> header(uint16_t port, uint32_t vni) {
    Headers headers;
    headers.udp.destination_port = wire::Be16(port);
    headers.vxlan = wire::VxlanHeader::make(vni);
    const auto bytes = std::as_bytes(std::span(&headers, 1));
    return {bytes.begin(), bytes.end()};
}

}  // namespace vxlan

template void graph::drive<vxlan::Encap>(const void*, graph::Dispatch&, graph::Frame&) noexcept;
