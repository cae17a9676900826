// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugins/nat44/ports.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/ip4.hpp"

namespace nat44 {

/// Exempts that there may be.
inline constexpr uint16_t most_exempts = 1024;

/// What hosts inside send to a destination goes out as it is (RFC 6888 REQ-6).
struct Exempt {
    /// Of the outside interfaces that it leaves by.
    vnet::interface::Vrf outside_vrf = vnet::interface::default_vrf;
    vnet::wire::Ip4Prefix destination;
    /// As in the IPv4 header; nothing: any.
    std::optional<uint8_t> protocol;
    /// Of the destination, for a protocol that has ports; nothing: any.
    std::optional<PortRange> ports;

    /// "198.51.100.0/24 protocol tcp port 25", without the VRF.
    std::string to_string() const;
    friend auto operator<=>(const Exempt&, const Exempt&) = default;
};

/// Finds what exempts a packet: by one search among the places where networks begin and end, and
/// one among the ports of each network around the destination. Made by control, read by workers;
/// never changed.
class ExemptIndex {
public:
    /// The number is lower than most_exempts.
    struct Numbered {
        Exempt exempt;
        uint16_t number = 0;
    };
    explicit ExemptIndex(std::span<const Numbered> exempts);

    /// The number of the exempt that a packet is by: of the smallest network, and there of the
    /// fewest protocols and ports. `port` is 0 where the packet has none.
    std::optional<uint16_t> find(vnet::interface::Vrf outside_vrf,
                                 vnet::wire::Ip4Address destination, uint8_t protocol,
                                 uint16_t port) const noexcept {
        const auto behind =
            std::upper_bound(places_.begin(), places_.end(), place(outside_vrf, destination),
                             [](uint64_t wanted, const Place& there) { return wanted < there.at; });
        uint32_t network = behind == places_.begin() ? 0 : std::prev(behind)->network;
        const uint32_t wanted = kind(protocol, port);
        for (; network != 0; network = networks_[network].around) {
            const Network& here = networks_[network];
            const auto* first = ranges_.data() + here.first_range;
            const auto* above = std::upper_bound(
                first, first + here.ranges, wanted,
                [](uint32_t value, const Range& there) { return value < there.first; });
            if (above != first && wanted <= std::prev(above)->last) {
                return std::prev(above)->number;
            }
        }
        return std::nullopt;
    }
    /// The one with a number that find() gave.
    const Exempt& at(uint16_t number) const noexcept { return by_number_[number]; }

private:
    /// From this address of a VRF on, up to the next place: the smallest network; 0: none.
    struct Place {
        uint64_t at;
        uint32_t network;
    };
    struct Network {
        /// The next larger one around it; 0: none.
        uint32_t around;
        uint32_t first_range;
        uint32_t ranges;
    };
    /// Protocols and ports, in order and apart.
    struct Range {
        uint32_t first;
        uint32_t last;
        uint16_t number;
    };
    static constexpr unsigned port_bits = 16;
    static constexpr uint64_t place(vnet::interface::Vrf vrf,
                                    vnet::wire::Ip4Address address) noexcept {
        return uint64_t{vrf} << 32 | address.value();
    }
    static constexpr uint32_t kind(uint8_t protocol, uint16_t port) noexcept {
        return uint32_t{protocol} << port_bits | port;
    }
    static Range range_of(const Numbered& numbered) noexcept;
    void add_network(std::span<const Numbered> exempts, uint32_t around);
    void add_place(uint64_t at, uint32_t network);

    std::vector<Place> places_;
    /// The first is none.
    std::vector<Network> networks_{{0, 0, 0}};
    std::vector<Range> ranges_;
    std::vector<Exempt> by_number_;
};

}  // namespace nat44
