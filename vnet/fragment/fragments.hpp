// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <memory>
#include <string>

#include "graph/engine.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fragment/fragmenter.hpp"
#include "vnet/fragment/ports.hpp"
#include "vnet/fragment/stores.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/interface/uses.hpp"

namespace vnet::fragment {

/// The kinds of reassembly, each with settings and stores of its own.
enum class Purpose : uint8_t { ip4_local, ip4_virtual, ip6_local, ip6_virtual };
inline constexpr std::array purposes = {Purpose::ip4_local, Purpose::ip4_virtual,
                                        Purpose::ip6_local, Purpose::ip6_virtual};
/// Of packets that pass, and not for the router itself.
constexpr bool is_virtual(Purpose purpose) {
    return purpose == Purpose::ip4_virtual || purpose == Purpose::ip6_virtual;
}
/// The name of its node.
std::string_view node_of(Purpose purpose);

/// All that has to do with fragments, put together: brings the nodes "ip4-fragment",
/// "ip4-reassemble" and "ip4-virtual-reassembly", and those of IPv6. Owned by the router. Control
/// thread.
class Fragments {
public:
    struct Parts {
        graph::Engine& engine;
        interface::Table& interfaces;
        const fib::ForwardingTable& forwarding;
        icmp4::ErrorSlot error_slot;
        icmp6::ErrorSlot error6_slot;
    };
    /// Registers the nodes and the features. Whoever builds the graph commits it.
    static absl::StatusOr<std::unique_ptr<Fragments>> create(const Parts& parts);
    ~Fragments();
    Fragments(const Fragments&) = delete;
    Fragments& operator=(const Fragments&) = delete;

    // ---- for who needs ports ----

    /// Has every packet that comes in by an interface carry its ports, for as long as the handle
    /// lives: virtual reassembly is on while anybody holds one. The feature that uses them stands
    /// on the arc "ip4-unicast" behind "ip4-virtual-reassembly", or on that of IPv6. When the
    /// interface goes, the handle means nothing any more. NOT_FOUND where there is no such
    /// interface.
    absl::StatusOr<std::shared_ptr<void>> use_ports(interface::Index interface) {
        return uses_.use(interface);
    }
    /// Where a packet carries them.
    const PortsSlot& ports_slot() const noexcept { return ports_slot_; }
    /// The interface's packets carry them now.
    bool ports_used(interface::Index interface) const { return uses_.used(interface); }

    // ---- for operators ----

    const Settings& settings(Purpose purpose) const { return stores_of(purpose).settings(); }
    /// INVALID_ARGUMENT says what would be accepted.
    absl::Status set(Purpose purpose, const Settings& settings);
    /// What a purpose begins with: the buffers are a part of the pool's.
    Settings defaults(Purpose purpose) const;
    /// A sixteenth of the pool's buffers is the default for each purpose, an eighth the most, so
    /// that fragments that wait leave room for all other packets.
    uint32_t most_buffers() const { return engine_.pool().capacity() / 8; }

    /// Sums over all workers.
    struct Totals {
        uint64_t datagrams = 0;
        uint64_t buffers = 0;
        uint64_t begun = 0;
        uint64_t whole = 0;
        uint64_t timed_out = 0;
        uint64_t displaced = 0;
        uint64_t refused = 0;
    };
    Totals totals(Purpose purpose) const;
    struct CutTotals {
        uint64_t packets = 0;
        uint64_t fragments = 0;
    };
    CutTotals ip4_cut_totals() const { return sum(*ip4_fragmenter_); }
    CutTotals ip6_cut_totals() const { return sum(*ip6_fragmenter_); }

private:
    Fragments(const Parts& parts, PortsSlot slot);
    template <class Family>
    absl::Status add_family(typename Family::ErrorSlot slot, Purpose local, Purpose passing);
    absl::Status turn(interface::Index interface, bool on);
    template <class Fragmenter>
    CutTotals sum(const Fragmenter& fragmenter) const;
    Stores& stores_of(Purpose purpose) const { return *stores_[size_t(purpose)]; }

    graph::Engine& engine_;
    interface::Table& interfaces_;
    PortsSlot ports_slot_;
    std::array<std::unique_ptr<Stores>, purposes.size()> stores_;
    std::shared_ptr<const Ip4Fragmenter> ip4_fragmenter_;
    std::shared_ptr<const Ip6Fragmenter> ip6_fragmenter_;
    interface::Uses uses_;
    graph::Control::Handle timer_;
};

}  // namespace vnet::fragment
