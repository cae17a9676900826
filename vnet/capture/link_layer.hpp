// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/packet.hpp"

namespace vnet::capture {

/// What a packet's first byte belongs to.
enum class LinkLayer : uint8_t { ethernet, ip };

/// What the router has made has no link-layer header until it is rewritten, what is in a tunnel of
/// IP packets never has one.
inline LinkLayer link_layer_of(const graph::Metadata& meta) noexcept {
    constexpr uint16_t without = graph::packet_flag::local_origin | graph::packet_flag::bare;
    return meta.l3_offset == 0 && meta.has(without) ? LinkLayer::ip : LinkLayer::ethernet;
}

}  // namespace vnet::capture
