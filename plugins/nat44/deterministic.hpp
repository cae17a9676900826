// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "plugins/nat44/address_range.hpp"
#include "plugins/nat44/ports.hpp"

namespace nat44 {

/// Ports of an outside address that are one host's.
struct Block {
    Ip4Address address;
    PortRange ports;
    friend bool operator==(const Block&, const Block&) = default;
};

/// Which outside address and ports each inside host has, by arithmetic alone: whose a port was is
/// known without a log (RFC 7422 2, sequential assignment). Hosts in the order of their addresses
/// fill one outside address after the other; all addresses of an inside prefix count as hosts.
/// Never changed once it is made: any thread.
class DeterministicMapping {
public:
    /// Fewer ports than so many are of no use to a host.
    static constexpr uint32_t least_ports = 16;

    /// INVALID_ARGUMENT where there are too few addresses and ports for all hosts, or prefixes
    /// overlap one another or the outside.
    static absl::StatusOr<DeterministicMapping> make(std::span<const Ip4Prefix> inside,
                                                     AddressRange outside, PortRange ports);

    /// None for who is not inside.
    std::optional<Block> of(Ip4Address inside) const noexcept;
    /// None where the port is no host's.
    std::optional<Ip4Address> owner(Ip4Address outside, uint16_t port) const noexcept;

    /// Hosts at most behind one outside address: the sharing ratio.
    uint32_t hosts_per_address() const noexcept { return ratio_; }
    uint32_t ports_per_host() const noexcept { return block_; }
    uint64_t hosts() const noexcept { return hosts_; }

private:
    /// Consecutive hosts, and the number of the first.
    struct Hosts {
        AddressRange range;
        uint64_t number;
    };
    DeterministicMapping(std::vector<Hosts> inside, uint64_t hosts, AddressRange outside,
                         PortRange ports, uint32_t ratio) noexcept
        : inside_(std::move(inside)),
          hosts_(hosts),
          outside_(outside),
          ports_(ports),
          ratio_(ratio),
          block_(ports.size() / ratio) {}

    /// In order of their addresses.
    std::vector<Hosts> inside_;
    uint64_t hosts_;
    AddressRange outside_;
    PortRange ports_;
    uint32_t ratio_;
    uint32_t block_;
};

}  // namespace nat44
