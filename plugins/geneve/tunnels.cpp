// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/tunnels.hpp"

#include <fmt/format.h>

#include "vnet/wire/geneve.hpp"
#include "vnet/wire/transparent_bridging.hpp"
#include "vnet/wire/udp.hpp"
#include "vnet/wire/vxlan.hpp"

namespace geneve {

namespace wire = vnet::wire;

namespace {

/// What a packet may have in front of it beside: a VLAN tag of the way or two, some of its own.
constexpr size_t most_tags = 4 * sizeof(wire::VlanTag);
static_assert(sizeof(wire::Ip6Header) + sizeof(wire::UdpHeader) + sizeof(wire::GeneveHeader) +
                  Options::most_bytes + vnet::tunnel::link_room + most_tags <=
              RTE_PKTMBUF_HEADROOM);

/// UDP, Geneve, options.
std::vector<std::byte> header(uint32_t vni, uint16_t protocol, const Options& options) {
    wire::UdpHeader udp;
    udp.destination_port = wire::Be16(wire::GeneveHeader::port);
    wire::GeneveHeader geneve;
    geneve.version_length = uint8_t(options.bytes().size() / 4);
    geneve.flags = options.has_critical() ? wire::GeneveHeader::critical_flag : uint8_t(0);
    geneve.protocol = wire::Be16(protocol);
    geneve.vni_reserved = wire::Be32(vni << 8);
    std::vector<std::byte> bytes;
    const auto append = [&bytes](std::span<const std::byte> more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
    };
    append(wire::bytes_of(udp));
    append(wire::bytes_of(geneve));
    append(options.bytes());
    return bytes;
}

}  // namespace

absl::Status Tunnels::add(const std::string& name, uint32_t vni, const std::string& option_text,
                          bool checksum, vnet::tunnel::PointToPoint::Spec spec) {
    if (vni > wire::highest_vni) {
        return absl::OutOfRangeError(
            fmt::format("{} is no VNI; give 0 to {}", vni, wire::highest_vni));
    }
    auto parsed = option_text.empty() ? Options() : Options::parse(option_text);
    if (!parsed.ok()) {
        return parsed.status();
    }
    const bool is_ethernet = spec.mac.has_value();
    spec.number = vni;
    spec.note = uint8_t((is_ethernet ? note::ethernet : 0) |
                        (parsed->mark_offset() ? note::mark : 0) | (checksum ? note::checksum : 0));
    for (const wire::EtherType type : {wire::EtherType::ip4, wire::EtherType::ip6}) {
        const uint16_t protocol = uint16_t(is_ethernet ? wire::transparent_bridging : type);
        spec.behind.push_back({wire::IpProtocol::udp, header(vni, protocol, *parsed), {}});
        if (parsed->mark_offset()) {
            auto& behind = spec.behind.back();
            const size_t at = behind.bytes.size() - parsed->bytes().size() + *parsed->mark_offset();
            behind.varying.emplace_back(at, at + sizeof(uint32_t));
        }
    }
    const auto index = links.add(name, std::move(spec));
    if (!index.ok()) {
        return index.status();
    }
    // The interface is down: nothing comes or goes before this.
    if (!parsed->empty()) {
        options.set(*index, std::move(*parsed));
        texts_[*index] = option_text;
    }
    return absl::OkStatus();
}

void Tunnels::changed(const vnet::interface::Interface& interface, vnet::interface::Change change) {
    links.changed(interface, change);
    if (change == vnet::interface::Change::removing) {
        options.forget(interface.index);
        texts_.erase(interface.index);
    }
}

std::string Tunnels::option_text(Index index) const {
    const auto found = texts_.find(index);
    return found == texts_.end() ? std::string() : found->second;
}

}  // namespace geneve
