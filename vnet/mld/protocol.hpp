// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "graph/packet.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip6/addresses.hpp"
#include "vnet/membership/report.hpp"

namespace vnet::mld {

/// What membership::Listener has to know of MLD: version 2 (RFC 3810), and version 1 (RFC 2710) for
/// those who ask by that. Control thread.
class Protocol {
public:
    using Address = wire::Ip6Address;
    using Addresses = ip6::Addresses;
    using Record = membership::Record<Address>;
    static constexpr unsigned newest = 2;

    explicit Protocol(Addresses& addresses) : addresses_(addresses) {}

    /// Somebody is told of the group: it is not that of all nodes.
    static bool is_reported(Address group) noexcept;
    /// Calls back when an interface has another address to report from: switches may have passed
    /// over what came from the unspecified one (RFC 3590 4).
    void observe_source(std::function<void(interface::Index)> observer);
    /// Of mld-input; nothing for what is no query.
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

}  // namespace vnet::mld
