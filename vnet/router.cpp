// SPDX-License-Identifier: Apache-2.0
#include "vnet/router.hpp"

#include <malloc.h>

#include <array>

#include "vnet/ethernet/input.hpp"
#include "vnet/icmp4/input.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/ip4/input.hpp"
#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/lookup_format.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/unreachable.hpp"
#include "vnet/neighbor/arp_input.hpp"
#include "vnet/neighbor/resolve.hpp"

namespace vnet {

namespace {

/// Packets that may wait for control: those to unresolved neighbours, and ARP.
constexpr unsigned unresolved_capacity = 1024;
constexpr unsigned arp_capacity = 1024;
/// Memory is given back when for so long no route was removed, so that one that comes and goes
/// costs nothing.
constexpr auto memory_period = std::chrono::milliseconds(500);
/// So many routes gone are worth the time that malloc takes to look through its heap.
constexpr uint64_t removals_to_trim = 10'000;

/// Runs steps that each may fail, up to the first that does.
class Steps {
public:
    template <class T>
    std::optional<T> take(absl::StatusOr<T> value) {
        if (!value.ok()) {
            fail(value.status());
            return std::nullopt;
        }
        return std::move(*value);
    }
    void fail(const absl::Status& status) { status_.Update(status); }
    const absl::Status& status() const { return status_; }

private:
    absl::Status status_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Router>> Router::create(graph::Engine& engine,
                                                       const Options& options) {
    std::unique_ptr<Router> router(new Router(engine));
    if (auto status = router->add_arcs(); !status.ok()) {
        return status;
    }
    if (auto status = router->add_nodes(options); !status.ok()) {
        return status;
    }
    if (auto status = engine.commit(); !status.ok()) {
        return status;
    }
    return router;
}

Router::Router(graph::Engine& engine)
    : engine_(engine),
      interfaces_(engine),
      forwarding_(engine.rcu()),
      routes_(engine.rcu()),
      ether_types_(engine.graph()) {
    unresolved_box_ = std::make_unique<graph::Mailbox>(
        "unresolved", unresolved_capacity, engine.control(),
        [this](std::span<graph::Packet*> packets) { neighbors_->take_unresolved(packets); });
    arp_box_ = std::make_unique<graph::Mailbox>(
        "arp", arp_capacity, engine.control(),
        [this](std::span<graph::Packet*> packets) { neighbors_->take_arp(packets); });
}

Router::~Router() {
    memory_timer_.cancel();
    // Interfaces first: what they own is spread over all the parts below.
    interfaces_.remove_all();
    engine_.stop();
    neighbors_.reset();
    addresses_.reset();
    fib_.reset();
    next_hops_.reset();
    engine_.rcu().flush();
}

absl::Status Router::add_arcs() {
    struct Arc {
        graph::ArcId* id;
        graph::ArcSpec spec;
    };
    const std::array arcs = {
        Arc{&device_input_arc_,
            {"device-input", graph::ArcSide::rx, {"port-rx", "tap-rx"}, "ethernet-input"}},
        Arc{&ip4_unicast_arc_, {"ip4-unicast", graph::ArcSide::rx, {"ip4-input"}, "ip4-lookup"}},
        Arc{&ip4_local_arc_, {"ip4-local", graph::ArcSide::rx, {"ip4-local"}, "ip4-deliver"}},
        Arc{&ip4_output_arc_,
            {"ip4-output", graph::ArcSide::tx, {"ip4-rewrite"}, "interface-output"}},
        Arc{&interface_output_arc_,
            {"interface-output", graph::ArcSide::tx, {"interface-output"}, "interface-tx"}},
    };
    for (const Arc& arc : arcs) {
        auto id = engine_.graph().add_arc(arc.spec);
        if (!id.ok()) {
            return id.status();
        }
        *arc.id = *id;
    }
    return absl::OkStatus();
}

absl::Status Router::add_nodes(const Options& options) {
    graph::Graph& graph = engine_.graph();
    Steps steps;
    const auto add = [&]<class Node>(std::shared_ptr<const Node> node) {
        return steps.take(graph.add<Node>(std::move(node))).value_or(graph::no_node);
    };

    auto slot = steps.take(engine_.slots().place<icmp4::ErrorRequest>("icmp4-error"));
    auto next_hop_slot = steps.take(engine_.slots().place<neighbor::NextHop>("next-hop"));
    if (!slot || !next_hop_slot) {
        return steps.status();
    }
    error_slot_ = *slot;

    const auto lookup = add(std::make_shared<const ip4::Lookup>(routes_, forwarding_));
    const auto rewrite = add(
        std::make_shared<const ip4::Rewrite>(routes_, forwarding_, *error_slot_, ip4_output_arc_));
    const auto unreachable =
        add(std::make_shared<const ip4::Unreachable>(forwarding_, *error_slot_));
    const auto local =
        add(std::make_shared<const ip4::Local>(routes_, forwarding_, ip4_local_arc_));
    const auto resolve = add(
        std::make_shared<const neighbor::Resolve>(*unresolved_box_, forwarding_, *next_hop_slot));
    const auto icmp_error = add(std::make_shared<const icmp4::Error>(
        interfaces_, *error_slot_, unsigned(engine_.workers().size()), options.icmp_errors));
    const auto icmp_input = add(std::make_shared<const icmp4::Input>());
    const auto output =
        add(std::make_shared<const interface::Output>(interfaces_, interface_output_arc_));
    add(std::make_shared<const interface::Transmit>(interfaces_));
    add(std::make_shared<const ip4::Deliver>(local_, *error_slot_));
    add(std::make_shared<const ip4::Input>(interfaces_, *error_slot_, ip4_unicast_arc_));
    add(std::make_shared<const neighbor::ArpInput>(*arp_box_));
    add(std::make_shared<const ethernet::Input>(interfaces_, ether_types_));
    // What an adjacency, a protocol or an interface leads to is known at run time only; the graph
    // is told here.
    for (const char* next : {"ip4-rewrite", "ip4-unreachable", "ip4-local", "ip4-resolve"}) {
        graph.link("ip4-lookup", next);
    }
    graph.link("ip4-deliver", "icmp4-input");
    steps.fail(local_.register_protocol(graph, wire::IpProtocol::icmp, icmp_input));
    if (!steps.status().ok()) {
        return steps.status();
    }

    const auto special = [&](graph::NodeId next, fib::Action action) {
        fib::Adjacency adjacency;
        adjacency.next = next;
        adjacency.action = action;
        return adjacency;
    };
    forwarding_.set_no_route(special(unreachable, fib::Action::no_route));
    next_hops_ = std::make_unique<fib::NextHops>(
        forwarding_, interfaces_, fib::NextHops::Nodes{resolve, rewrite, unreachable});
    const ip4::Fib::Paths paths{forwarding_.make(special(local, fib::Action::local)),
                                forwarding_.make(special(unreachable, fib::Action::blackhole)),
                                forwarding_.make(special(unreachable, fib::Action::prohibit)),
                                forwarding_.make(special(unreachable, fib::Action::unreachable)),
                                forwarding_.make(special(local, fib::Action::broadcast))};
    fib_ = std::make_unique<ip4::Fib>(routes_, *next_hops_, paths);
    addresses_ = std::make_unique<ip4::Addresses>(interfaces_, *fib_);
    neighbors_ = std::make_unique<neighbor::Table>(
        engine_, interfaces_, *addresses_, *fib_, *next_hops_, *next_hop_slot, *error_slot_,
        neighbor::Table::Nodes{lookup, output, icmp_error}, options.neighbors);
    events_ = std::make_unique<events::Journal>(engine_.control(), interfaces_, *addresses_, *fib_,
                                                *neighbors_, options.kept_events);
    steps.fail(graph.set_format("ip4-lookup", [this](const graph::TraceStep& step) {
        return ip4::format_lookup(step, *fib_, forwarding_, interfaces_);
    }));
    if (!steps.status().ok()) {
        return steps.status();
    }
    memory_timer_ = engine_.control().every(memory_period, [this] { tend_memory(); });
    return add_devices();
}

void Router::tend_memory() {
    routes_.fit_pages();
    const uint64_t removed = fib_->removed();
    if (removed != removed_before_ || removed == given_back_at_) {
        removed_before_ = removed;
        return;
    }
    routes_.give_back();
    forwarding_.give_back();
    if (removed - given_back_at_ >= removals_to_trim) {
        next_hops_->shrink();
        malloc_trim(0);
    }
    given_back_at_ = removed;
}

absl::Status Router::add_devices() {
    Steps steps;
    if (auto ports = steps.take(device::Ports::create(engine_, interfaces_, device_input_arc_))) {
        ports_ = std::move(*ports);
    }
    if (auto taps = steps.take(device::Taps::create(engine_, interfaces_, device_input_arc_))) {
        taps_ = std::move(*taps);
    }
    if (auto nulls = steps.take(device::Nulls::create(engine_))) {
        nulls_ = std::move(*nulls);
    }
    if (auto handoffs = steps.take(handoff::Handoffs::create(engine_, interfaces_))) {
        handoffs_ = std::move(*handoffs);
    }
    return steps.status();
}

}  // namespace vnet
