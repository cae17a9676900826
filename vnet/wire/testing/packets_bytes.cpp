// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/testing/packets.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::wire::testing {

Bytes PacketMaker::bytes() const {
    Bytes packet;
    // From the inside out, as lengths and checksums cover what lies within.
    for (std::size_t i = layers_.size(); i-- != 0;) {
        const Layer& layer = layers_[i];
        packet.insert(packet.begin(), layer.header.begin(), layer.header.end());
        set_type(i, packet);
        set_lengths(i, packet);
        for (const auto& [offset, value] : layer.pokes) {
            packet[offset] = static_cast<std::byte>(value);
        }
        set_checksum(i, packet);
    }
    packet.resize(std::max(packet.size(), shortest_));
    packet.resize(std::min(packet.size(), longest_.value_or(packet.size())));
    return packet;
}

PacketMaker::Kind PacketMaker::kind_after(std::size_t index) const {
    return index + 1 != layers_.size() ? layers_[index + 1].kind : Kind::payload;
}

IpProtocol PacketMaker::implied_protocol(std::size_t index) const {
    switch (kind_after(index)) {
        case Kind::icmp:
            return IpProtocol::icmp;
        case Kind::icmp6:
            return IpProtocol::icmp6;
        case Kind::udp:
            return IpProtocol::udp;
        case Kind::tcp:
            return IpProtocol::tcp;
        case Kind::ip4:
            return IpProtocol::ipip;
        case Kind::ip6:
            return IpProtocol::ip6;
        case Kind::extension:
            return layers_[index + 1].extension;
        default:
            return IpProtocol::experimental;
    }
}

void PacketMaker::set_type(std::size_t index, Bytes& packet) const {
    const Layer& layer = layers_[index];
    const Kind next = kind_after(index);
    const auto protocol = static_cast<std::uint8_t>(
        layer.type.value_or(static_cast<std::uint8_t>(implied_protocol(index))));
    const EtherType implied = next == Kind::ip4    ? EtherType::ip4
                              : next == Kind::ip6  ? EtherType::ip6
                              : next == Kind::arp  ? EtherType::arp
                              : next == Kind::vlan ? EtherType::vlan
                                                   : EtherType::experimental;
    const Be16 type(layer.type.value_or(static_cast<std::uint16_t>(implied)));
    switch (layer.kind) {
        case Kind::ethernet:
            at_start<EthernetHeader>(packet).type = type;
            return;
        case Kind::vlan:
            at_start<VlanTag>(packet).type = type;
            return;
        case Kind::ip4:
            at_start<Ip4Header>(packet).protocol_number = protocol;
            return;
        case Kind::ip6:
            at_start<Ip6Header>(packet).next_header_number = protocol;
            return;
        case Kind::extension:
            at_start<Ip6ExtensionHeader>(packet).next_header_number = protocol;
            return;
        default:
            return;
    }
}

void PacketMaker::set_lengths(std::size_t index, Bytes& packet) const {
    const Layer& layer = layers_[index];
    const Be16 length(layer.length.value_or(static_cast<std::uint16_t>(packet.size())));
    if (layer.kind == Kind::ip4) {
        auto& ip4_header = at_start<Ip4Header>(packet);
        const auto words = layer.header_words.value_or(
            static_cast<std::uint8_t>(std::min<std::size_t>(layer.header.size() / 4, 15)));
        ip4_header.version_ihl =
            static_cast<std::uint8_t>((ip4_header.version_ihl & 0xf0) | (words & 0xf));
        ip4_header.total_length = length;
    } else if (layer.kind == Kind::ip6) {
        at_start<Ip6Header>(packet).payload_length = Be16(
            layer.length.value_or(static_cast<std::uint16_t>(packet.size() - sizeof(Ip6Header))));
    } else if (layer.kind == Kind::extension && layer.length) {
        at_start<Ip6ExtensionHeader>(packet).length_units =
            static_cast<std::uint8_t>(*layer.length);
    } else if (layer.kind == Kind::udp) {
        at_start<UdpHeader>(packet).length = length;
    } else if (layer.kind == Kind::tcp) {
        at_start<TcpHeader>(packet).set_data_offset(layer.header.size());
    }
}

Be16 PacketMaker::upper_checksum(std::size_t index, IpProtocol protocol,
                                 std::span<const std::byte> packet) const {
    std::size_t around = index;
    while (around != 0 && layers_[around - 1].kind == Kind::extension) {
        --around;
    }
    Bytes outer(sizeof(Ip4Header));
    if (around != 0) {
        outer = layers_[around - 1].header;
        for (const auto& [offset, value] : layers_[around - 1].pokes) {
            outer[offset] = static_cast<std::byte>(value);
        }
    }
    if (around != 0 && layers_[around - 1].kind == Kind::ip6) {
        const auto& ip = at_start<Ip6Header>(outer);
        return l4_checksum(ip.source, ip.destination, protocol, packet);
    }
    // Layer 4 without IP around it is summed as if between 0.0.0.0 and 0.0.0.0.
    const bool is_ip4 = around != 0 && layers_[around - 1].kind == Kind::ip4;
    const Ip4Header ip = is_ip4 ? at_start<Ip4Header>(outer) : Ip4Header();
    return l4_checksum(ip.source, ip.destination, protocol, packet);
}

void PacketMaker::set_checksum(std::size_t index, Bytes& packet) const {
    const Layer& layer = layers_[index];
    const std::span<const std::byte> whole(packet);
    const auto put = [&](Be16& field, auto&& compute) {
        field = Be16();
        field = layer.checksum ? Be16(*layer.checksum) : compute();
        if (layer.bad_checksum) {
            field = Be16(field.value() ^ 0x5555);
        }
    };
    const auto upper = [&](IpProtocol protocol) {
        return [this, index, protocol, whole] { return upper_checksum(index, protocol, whole); };
    };
    switch (layer.kind) {
        case Kind::ip4:
            return put(at_start<Ip4Header>(packet).checksum,
                       [&] { return internet_checksum(whole.first(layer.header.size())); });
        case Kind::icmp:
            return put(at_start<Icmp4Header>(packet).checksum,
                       [&] { return internet_checksum(whole); });
        case Kind::icmp6:
            return put(at_start<Icmp6Header>(packet).checksum, upper(IpProtocol::icmp6));
        case Kind::udp:
            return put(at_start<UdpHeader>(packet).checksum, upper(IpProtocol::udp));
        case Kind::tcp:
            return put(at_start<TcpHeader>(packet).checksum, upper(IpProtocol::tcp));
        default:
            return;
    }
}

}  // namespace vnet::wire::testing
