// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/packet.hpp"

namespace vnet::capture {

/// What a packet's first byte belongs to.
enum class LinkLayer : uint8_t { ethernet, ip4 };

/// An ICMP error that the router has made has no link-layer header until it is rewritten.
inline LinkLayer link_layer_of(const graph::Metadata& meta) noexcept {
    return meta.l3_offset == 0 && meta.has(graph::packet_flag::local_origin) ? LinkLayer::ip4
                                                                             : LinkLayer::ethernet;
}

}  // namespace vnet::capture
