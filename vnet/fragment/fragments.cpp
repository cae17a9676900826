// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/fragments.hpp"

#include <fmt/format.h>

#include "graph/random_number.hpp"
#include "vnet/fragment/reassemble.hpp"
#include "vnet/fragment/virtual.hpp"

namespace vnet::fragment {

namespace {

/// How exactly timeouts are kept.
constexpr auto tick_period = std::chrono::milliseconds(100);
/// RFC 1122 3.3.2 asks for 60 to 120 s and RFC 8200 4.5 for 60 s, which lets few old fragments fill
/// much memory; hosts have long taken 30 s.
constexpr uint32_t reassembly_timeout_ms = 30'000;
/// Nobody waits for what passes: the fragments of a datagram come within milliseconds.
constexpr uint32_t virtual_timeout_ms = 2'000;
constexpr uint32_t least_timeout_ms = 100;
constexpr uint32_t most_timeout_ms = 120'000;

absl::Status in_range(std::string_view what, uint32_t value, uint32_t least, uint32_t most) {
    if (value >= least && value <= most) {
        return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        fmt::format("{} cannot be {}; it takes {} to {}", what, value, least, most));
}

}  // namespace

std::string_view node_of(Purpose purpose) {
    switch (purpose) {
        case Purpose::ip4_local:
            return Ip4Reassemble::info.name;
        case Purpose::ip4_virtual:
            return Ip4VirtualReassembly::info.name;
        case Purpose::ip6_local:
            return Ip6Reassemble::info.name;
        case Purpose::ip6_virtual:
            break;
    }
    return Ip6VirtualReassembly::info.name;
}

absl::StatusOr<std::unique_ptr<Fragments>> Fragments::create(const Parts& parts) {
    const auto slot = parts.engine.slots().place<Ports>("ports");
    if (!slot.ok()) {
        return slot.status();
    }
    std::unique_ptr<Fragments> fragments(new Fragments(parts, *slot));
    graph::Graph& graph = parts.engine.graph();
    absl::Status status = graph.add(fragments->ip4_fragmenter_).status();
    status.Update(graph.add(fragments->ip6_fragmenter_).status());
    status.Update(
        fragments->add_family<Ip4>(parts.error_slot, Purpose::ip4_local, Purpose::ip4_virtual));
    status.Update(
        fragments->add_family<Ip6>(parts.error6_slot, Purpose::ip6_local, Purpose::ip6_virtual));
    if (!status.ok()) {
        return status;
    }
    return fragments;
}

Fragments::Fragments(const Parts& parts, PortsSlot slot)
    : engine_(parts.engine),
      interfaces_(parts.interfaces),
      ports_slot_(slot),
      uses_(parts.interfaces,
            [this](interface::Index interface, bool on) { return turn(interface, on); }) {
    for (const Purpose purpose : purposes) {
        stores_[size_t(purpose)] =
            std::make_unique<Stores>(engine_, graph::random_number(), defaults(purpose));
        stores_[size_t(purpose)]->set_interfaces(interfaces_);
    }
    ip4_fragmenter_ = std::make_shared<const Ip4Fragmenter>(parts.forwarding, engine_.contexts());
    ip6_fragmenter_ = std::make_shared<const Ip6Fragmenter>(parts.forwarding, engine_.contexts(),
                                                            graph::random_number());
    timer_ = engine_.control().every(tick_period, [this] {
        for (const auto& stores : stores_) {
            stores->tick();
        }
    });
}

Fragments::~Fragments() {
    timer_.cancel();
}

template <class Family>
absl::Status Fragments::add_family(typename Family::ErrorSlot slot, Purpose local,
                                   Purpose passing) {
    graph::Graph& graph = engine_.graph();
    const auto add = [&](Purpose purpose, auto node) {
        const auto id = graph.add(node);
        if (id.ok()) {
            stores_of(purpose).set_node(*id);
            // Another worker's fragments, and ticks.
            graph.link("worker-input", std::string(node_of(purpose)));
            graph.link("control-inject", std::string(node_of(purpose)));
        }
        return id.status();
    };
    absl::Status status =
        add(local, std::make_shared<const Reassemble<Family>>(stores_of(local), slot));
    status.Update(add(passing, std::make_shared<const VirtualReassembly<Family>>(stores_of(passing),
                                                                                 ports_slot_)));
    status.Update(graph.add_feature(std::string(Family::unicast_arc),
                                    {std::string(Family::virtual_reassembly), {}, {}, true}));
    return status;
}

absl::Status Fragments::turn(interface::Index interface, bool on) {
    const auto turn_family = [&]<class Family>(Family) {
        return engine_.graph().set_feature(std::string(Family::unicast_arc),
                                           std::string(Family::virtual_reassembly), interface, on);
    };
    absl::Status status = turn_family(Ip4());
    status.Update(turn_family(Ip6()));
    return status;
}

Settings Fragments::defaults(Purpose purpose) const {
    Settings settings;
    settings.buffers = std::max(engine_.pool().capacity() / 16, Store::least_share_buffers);
    settings.timeout_ms = is_virtual(purpose) ? virtual_timeout_ms : reassembly_timeout_ms;
    return settings;
}

absl::Status Fragments::set(Purpose purpose, const Settings& settings) {
    absl::Status status = in_range("<datagrams>", settings.datagrams, 1, Store::most_datagrams);
    status.Update(in_range("<buffers>", settings.buffers, Store::least_share_buffers,
                           std::max(most_buffers(), Store::least_share_buffers)));
    status.Update(in_range("<fragments>", settings.fragments, 2, Store::most_fragments));
    status.Update(in_range("<share>", settings.share, 1, 100));
    status.Update(in_range("<timeout>", settings.timeout_ms, least_timeout_ms, most_timeout_ms));
    if (status.ok()) {
        stores_of(purpose).set(settings);
    }
    return status;
}

Fragments::Totals Fragments::totals(Purpose purpose) const {
    Totals totals;
    const Stores& stores = stores_of(purpose);
    for (unsigned worker = 0; worker < stores.workers(); ++worker) {
        const StoreCounters& counters = stores.counters(worker);
        totals.datagrams += counters.datagrams.read();
        totals.buffers += counters.buffers.read();
        totals.begun += counters.begun.read();
        totals.whole += counters.whole.read();
        totals.timed_out += counters.timed_out.read();
        totals.displaced += counters.displaced.read();
        totals.refused += counters.refused.read();
    }
    return totals;
}

template <class Fragmenter>
Fragments::CutTotals Fragments::sum(const Fragmenter& fragmenter) const {
    CutTotals totals;
    for (unsigned worker = 0; worker < engine_.workers().size(); ++worker) {
        const CutCounters& counters = fragmenter.counters(worker);
        totals.packets += counters.packets.read();
        totals.fragments += counters.fragments.read();
    }
    return totals;
}
template Fragments::CutTotals Fragments::sum(const Ip4Fragmenter&) const;
template Fragments::CutTotals Fragments::sum(const Ip6Fragmenter&) const;

}  // namespace vnet::fragment
