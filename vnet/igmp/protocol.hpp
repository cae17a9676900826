// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "graph/packet.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/membership/report.hpp"

namespace vnet::igmp {

/// What membership::Listener has to know of IGMP: version 3 (RFC 3376), and versions 2 (RFC 2236)
/// and 1 (RFC 1112) for those who ask by them. Control thread.
class Protocol {
public:
    using Address = wire::Ip4Address;
    using Addresses = ip4::Addresses;
    using Record = membership::Record<Address>;
    static constexpr unsigned newest = 3;

    explicit Protocol(Addresses& addresses) : addresses_(addresses) {}

    /// Somebody is told of the group: it is not that of all systems.
    static bool is_reported(Address group) noexcept;
    /// Calls back when an interface has an address to report from, and had none before.
    void observe_source(std::function<void(interface::Index)> observer);
    /// Of igmp-input; nothing for what is no query.
    static std::optional<membership::Query<Address>> read(const graph::Packet& packet);
    /// Ethernet frames that say so by a version.
    std::vector<std::vector<std::byte>> frames(const interface::Interface& interface,
                                               unsigned version,
                                               std::span<const Record> records) const;

private:
    std::vector<std::byte> frame(const interface::Interface& interface, Address destination,
                                 std::span<std::byte> message) const;
    Address source_on(interface::Index interface) const;

    Addresses& addresses_;
};

}  // namespace vnet::igmp
