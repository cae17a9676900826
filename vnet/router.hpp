// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>

#include "graph/engine.hpp"
#include "graph/mailbox.hpp"
#include "vnet/device/null.hpp"
#include "vnet/device/ports.hpp"
#include "vnet/device/tap.hpp"
#include "vnet/ethernet/ether_types.hpp"
#include "vnet/events/journal.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/handoff/handoffs.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/neighbor/table.hpp"

namespace vnet {

/// The router put together: every part of vnet/ over one engine, in the order in which they need
/// one another. A plugin is handed this object and takes from it what it builds on. Control thread.
class Router {
public:
    struct Options {
        icmp4::Error::Limit icmp_errors;
        neighbor::Settings neighbors;
        events::Journal::Limits kept_events;
    };
    /// Registers all nodes and arcs and commits the graph. The engine must outlive the router.
    static absl::StatusOr<std::unique_ptr<Router>> create(graph::Engine& engine,
                                                          const Options& options);
    static absl::StatusOr<std::unique_ptr<Router>> create(graph::Engine& engine) {
        return create(engine, Options());
    }
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    graph::Engine& engine() noexcept { return engine_; }
    interface::Table& interfaces() noexcept {
        return interfaces_;
    }
    ethernet::EtherTypes& ether_types() noexcept { return ether_types_; }
    device::Ports& ports() noexcept { return *ports_; }
    device::Taps& taps() noexcept { return *taps_; }
    device::Nulls& nulls() noexcept { return *nulls_; }
    handoff::Handoffs& handoffs() noexcept { return *handoffs_; }
    fib::ForwardingTable& forwarding() noexcept { return forwarding_; }
    /// The table that workers look IPv4 routes up in.
    const ip4::Dir24& routes() const noexcept { return routes_; }
    fib::NextHops& next_hops() noexcept { return *next_hops_; }
    ip4::Fib& fib() noexcept { return *fib_; }
    ip4::Addresses& addresses() noexcept { return *addresses_; }
    ip4::LocalTable& local() noexcept { return local_; }
    neighbor::Table& neighbors() noexcept { return *neighbors_; }
    /// What changed lately, for who follows it.
    events::Journal& events() noexcept { return *events_; }
    const icmp4::ErrorSlot& icmp_error_slot() const noexcept { return *error_slot_; }

    /// Gives memory back that removed routes left, and moves tables to pages of the size that suits
    /// them. Called every half second by itself.
    void tend_memory();

private:
    explicit Router(graph::Engine& engine);
    absl::Status add_arcs();
    absl::Status add_nodes(const Options& options);
    absl::Status add_devices();

    graph::Engine& engine_;
    interface::Table interfaces_;
    fib::ForwardingTable forwarding_;
    ip4::Dir24 routes_;
    ip4::LocalTable local_;
    ethernet::EtherTypes ether_types_;
    std::unique_ptr<graph::Mailbox> unresolved_box_;
    std::unique_ptr<graph::Mailbox> arp_box_;
    std::optional<icmp4::ErrorSlot> error_slot_;
    graph::ArcId device_input_arc_ = 0;
    graph::ArcId ip4_unicast_arc_ = 0;
    graph::ArcId ip4_local_arc_ = 0;
    graph::ArcId ip4_output_arc_ = 0;
    graph::ArcId interface_output_arc_ = 0;
    std::unique_ptr<device::Ports> ports_;
    std::unique_ptr<device::Taps> taps_;
    std::unique_ptr<device::Nulls> nulls_;
    std::unique_ptr<handoff::Handoffs> handoffs_;
    std::unique_ptr<fib::NextHops> next_hops_;
    std::unique_ptr<ip4::Fib> fib_;
    std::unique_ptr<ip4::Addresses> addresses_;
    std::unique_ptr<neighbor::Table> neighbors_;
    std::unique_ptr<events::Journal> events_;
    /// Fib::removed() when the memory of removed routes was given back, and when it was last seen.
    uint64_t given_back_at_ = 0;
    uint64_t removed_before_ = 0;
    graph::Control::Handle memory_timer_;
};

}  // namespace vnet
