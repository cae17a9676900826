// SPDX-License-Identifier: Apache-2.0
#include "vnet/ethernet/ether_types.hpp"

#include <fmt/format.h>

namespace vnet::ethernet {

namespace {
/// Where ethernet-input sends frames of a type by itself.
std::string_view own_node(wire::EtherType type) {
    switch (type) {
        case wire::EtherType::ip4:
            return "ip4-input";
        case wire::EtherType::ip6:
            return "ip6-input";
        case wire::EtherType::arp:
            return "arp-input";
        default:
            return {};
    }
}
}  // namespace

absl::Status EtherTypes::add(wire::EtherType type, const std::string& node,
                             Destination destination) {
    const auto number = uint16_t(type);
    if (number < wire::lowest_ether_type) {
        return absl::InvalidArgumentError(
            fmt::format("{:#06x} is a length, not an EtherType; they begin at {:#06x}", number,
                        wire::lowest_ether_type));
    }
    if (const std::string_view own = own_node(type); !own.empty()) {
        return absl::AlreadyExistsError(
            fmt::format("EtherType {:#06x} belongs to node '{}'", number, own));
    }
    if (const graph::NodeId had = find(type); had != graph::no_node) {
        return absl::AlreadyExistsError(fmt::format(
            "EtherType {:#06x} belongs to node '{}' already", number, graph_.name_of(had)));
    }
    const graph::NodeId id = graph_.find(node);
    if (id == graph::no_node) {
        return absl::NotFoundError(fmt::format(
            "EtherType {:#06x} cannot go to '{}': there is no such node", number, node));
    }
    graph_.link("ethernet-input", node);
    const uint16_t flag = destination == Destination::any ? any_flag : 0;
    nodes_[number].store(uint16_t((id + 1) | flag), std::memory_order_relaxed);
    return absl::OkStatus();
}

void EtherTypes::remove(wire::EtherType type) {
    nodes_[uint16_t(type)].store(0, std::memory_order_relaxed);
}

}  // namespace vnet::ethernet
