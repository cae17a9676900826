// SPDX-License-Identifier: Apache-2.0
#include "vnet/router.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <rte_cycles.h>

#include <array>

#include "graph/random_number.hpp"
#include "vnet/ethernet/input.hpp"
#include "vnet/fib/lookup_format.hpp"
#include "vnet/icmp4/input.hpp"
#include "vnet/icmp6/input.hpp"
#include "vnet/igmp/input.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/ip4/input.hpp"
#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/unreachable.hpp"
#include "vnet/ip6/input.hpp"
#include "vnet/ip6/local.hpp"
#include "vnet/ip6/lookup.hpp"
#include "vnet/ip6/rewrite.hpp"
#include "vnet/ip6/unreachable.hpp"
#include "vnet/mld/input.hpp"
#include "vnet/neighbor/arp_input.hpp"
#include "vnet/neighbor/nd_input.hpp"
#include "vnet/neighbor/redirect.hpp"
#include "vnet/neighbor/resolve.hpp"
#include "vnet/tunnel/errors.hpp"
#include "vnet/tunnel/input.hpp"

namespace vnet {

namespace {

/// Packets that may wait for control: those to unresolved neighbours, and ARP or neighbor
/// discovery.
constexpr unsigned unresolved_capacity = 1024;
constexpr unsigned heard_capacity = 1024;
constexpr unsigned igmp_capacity = 64;
constexpr unsigned mld_capacity = 64;
constexpr unsigned tunnel_error_capacity = 256;
/// Memory is given back when for so long no route was removed, so that one that comes and goes
/// costs nothing.
constexpr auto memory_period = std::chrono::milliseconds(500);
/// Members of next-hop groups that cannot be reached are asked for so often, where nobody is asking
/// for them already.
constexpr auto seek_period = std::chrono::milliseconds(200);
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
      punt_limits_(unsigned(engine.workers().size()), rte_get_tsc_hz()),
      ip4_(engine.rcu(), interfaces_),
      ip6_(engine.rcu(), interfaces_),
      ip4_groups_(engine.rcu()),
      ip6_groups_(engine.rcu()),
      igmp_queries_("igmp", igmp_capacity, engine.control(),
                    [this](std::span<graph::Packet*> packets) { igmp_->take(packets); }),
      mld_queries_("mld", mld_capacity, engine.control(),
                   [this](std::span<graph::Packet*> packets) { mld_->take(packets); }),
      ether_types_(engine.graph()) {
    make_boxes(ip4_, "unresolved", "arp", &neighbor::Arp::take_arp);
    make_boxes(ip6_, "unresolved6", "nd", &neighbor::Nd::take_nd);
}

template <class Family, class Neighbors>
void Router::make_boxes(Network<Family, Neighbors>& network, const char* unresolved,
                        const char* heard, void (Neighbors::*take)(std::span<graph::Packet*>)) {
    network.unresolved =
        std::make_unique<graph::Mailbox>(unresolved, unresolved_capacity, engine_.control(),
                                         [&network](std::span<graph::Packet*> packets) {
                                             network.neighbors->take_unresolved(packets);
                                         });
    network.heard =
        std::make_unique<graph::Mailbox>(heard, heard_capacity, engine_.control(),
                                         [&network, take](std::span<graph::Packet*> packets) {
                                             ((*network.neighbors).*take)(packets);
                                         });
}

Router::~Router() {
    memory_timer_.cancel();
    seek_timer_.cancel();
    // Hosts are told that the router goes while there is a way to them.
    if (router_advertisements_ != nullptr) {
        router_advertisements_->stop_all();
    }
    // Interfaces first: what they own is spread over all the parts below.
    interfaces_.remove_all();
    engine_.stop();
    tunnels_.reset();
    ip6_.reset();
    ip4_.reset();
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
        Arc{&ip6_unicast_arc_, {"ip6-unicast", graph::ArcSide::rx, {"ip6-input"}, "ip6-lookup"}},
        Arc{&ip6_local_arc_, {"ip6-local", graph::ArcSide::rx, {"ip6-local"}, "ip6-deliver"}},
        Arc{&ip6_output_arc_,
            {"ip6-output", graph::ArcSide::tx, {"ip6-rewrite"}, "interface-output"}},
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

absl::Status Router::place_slots() {
    Steps steps;
    error_slot_ = steps.take(engine_.slots().place<icmp4::ErrorRequest>("icmp4-error"));
    error6_slot_ = steps.take(engine_.slots().place<icmp6::ErrorRequest>("icmp6-error"));
    next_hop_slot_ = steps.take(engine_.slots().place<neighbor::NextHop>("next-hop"));
    return steps.status();
}

absl::Status Router::add_nodes(const Options& options) {
    Steps steps;
    steps.fail(place_slots());
    if (!steps.status().ok()) {
        return steps.status();
    }
    graph::Graph& graph = engine_.graph();
    const auto add = [&]<class Node>(std::shared_ptr<const Node> node) {
        steps.take(graph.add<Node>(std::move(node)));
    };
    add(std::make_shared<const interface::Output>(interfaces_, interface_output_arc_));
    add(std::make_shared<const interface::Transmit>(interfaces_));
    add(std::make_shared<const ethernet::Input>(interfaces_, ether_types_));
    tunnels_ = std::make_unique<tunnel::Tunnels>(
        graph,
        tunnel::Exits{forwarding(), ip4_output_arc_, ip6_output_arc_,
                      tunnel::Identifications(unsigned(engine_.workers().size()))},
        ip4_.local, ip6_.local);
    steps.fail(add_ip4_nodes(options));
    steps.fail(add_ip6_nodes(options));
    if (!steps.status().ok()) {
        return steps.status();
    }
    vrfs_ = std::make_unique<vrf::Vrfs>(vrf::Vrfs::Parts{engine_.rcu(), interfaces_, ip4_, ip6_});
    tunnels_->ip4.underlay = make_underlay(ip4_, ip4_groups_);
    tunnels_->ip6.underlay = make_underlay(ip6_, ip6_groups_);
    vrfs_->guard([this](interface::Vrf vrf) -> absl::Status {
        if (!tunnels_->ip4.underlay->is_used_in(vrf) && !tunnels_->ip6.underlay->is_used_in(vrf)) {
            return absl::OkStatus();
        }
        return absl::FailedPreconditionError(
            fmt::format("tunnels send in VRF '{}'; delete them first", vrfs_->name_of(vrf)));
    });
    events_ = std::make_unique<events::Journal>(
        events::Journal::Parts{engine_.control(), interfaces_, ip4_, ip6_, *link_locals_, *vrfs_},
        options.kept_events);
    seek_timer_ = engine_.control().every(seek_period, [this] {
        ip4_.groups->seek();
        ip6_.groups->seek();
    });
    memory_timer_ = engine_.control().every(memory_period, [this] { tend_memory(); });
    return add_devices();
}

template <class Family, class Neighbors>
absl::StatusOr<graph::NodeId> Router::add_tunnel_nodes(Network<Family, Neighbors>& network,
                                                       graph::ArcId local_arc) {
    graph::Graph& graph = engine_.graph();
    tunnel::Side<Family>& side = tunnels_->of<Family>();
    side.errors = std::make_unique<graph::Mailbox>(
        tunnel::Names<Family>::errors, tunnel_error_capacity, engine_.control(),
        [&side](std::span<graph::Packet*> packets) { side.underlay->take_errors(packets); });
    const auto errors =
        graph.add<tunnel::Errors<Family>>(std::make_shared<const tunnel::Errors<Family>>(
            side.decaps, network.local, *side.errors, unsigned(engine_.workers().size())));
    if (!errors.ok()) {
        return errors.status();
    }
    return graph.add<tunnel::Input<Family>>(
        std::make_shared<const tunnel::Input<Family>>(side.decaps, local_arc));
}

template <class Family, class Neighbors>
std::unique_ptr<tunnel::Underlay<Family>> Router::make_underlay(
    Network<Family, Neighbors>& network,
    membership::JoinedGroups<typename Family::Address>& groups) {
    return std::make_unique<tunnel::Underlay<Family>>(typename tunnel::Underlay<Family>::Parts{
        engine_, interfaces_, forwarding_, network.tables, *network.fibs, *network.next_hops,
        *error_slot_, *error6_slot_, network.local, groups});
}

/// Next hops, routes and addresses of a family, whose packets end in its own nodes.
template <class Family, class Neighbors>
void Router::make_fib(Network<Family, Neighbors>& network, const Ends& ends) {
    using Address = typename Family::Address;
    const auto special = [&](graph::NodeId next, fib::Action action) {
        fib::Adjacency adjacency;
        adjacency.next = next;
        adjacency.action = action;
        return forwarding_.make(adjacency);
    };
    network.next_hops = std::make_unique<fib::NextHops<Address>>(
        forwarding_, interfaces_,
        typename fib::NextHops<Address>::Nodes{ends.resolve, ends.rewrite, ends.unreachable});
    const typename fib::Fib<Family>::Paths paths{
        special(ends.unreachable, fib::Action::no_route),
        special(ends.local, fib::Action::local),
        special(ends.unreachable, fib::Action::blackhole),
        special(ends.unreachable, fib::Action::prohibit),
        special(ends.unreachable, fib::Action::unreachable),
        special(ends.local, fib::Action::broadcast),
        special(ends.tunnel, fib::Action::local)};
    network.make_fibs(forwarding_, {paths, ends.lookup_vrf});
    network.groups = std::make_unique<fib::Groups<Family>>(
        typename fib::Groups<Family>::Parts{interfaces_, forwarding_, *network.next_hops,
                                            *network.fibs, ends.balance, paths.unreachable});
    network.addresses = std::make_unique<fib::Addresses<Family>>(interfaces_, *network.fibs);
}

template <class Family, class Neighbors>
absl::Status Router::start_groups(Network<Family, Neighbors>& network,
                                  std::shared_ptr<const fib::LoadBalance<Family>> node) {
    network.groups->set_seeker([&network](interface::Index interface, auto next_hop) {
        network.neighbors->seek(interface, next_hop);
    });
    return engine_.graph().set_format(
        std::string(Family::balance_node), [this, &network, node](const graph::TraceStep& step) {
            return fib::format_balance(step, *node, *network.groups, forwarding_, interfaces_);
        });
}

absl::Status Router::add_ip4_nodes(const Options& options) {
    graph::Graph& graph = engine_.graph();
    Steps steps;
    const auto add = [&]<class Node>(std::shared_ptr<const Node> node) {
        return steps.take(graph.add<Node>(std::move(node))).value_or(graph::no_node);
    };
    const auto& tables = ip4_.tables;
    const auto lookup = add(std::make_shared<const ip4::Lookup>(tables, forwarding_));
    Ends ends{};
    ends.rewrite = add(
        std::make_shared<const ip4::Rewrite>(tables, forwarding_, *error_slot_, ip4_output_arc_));
    ends.unreachable = add(std::make_shared<const ip4::Unreachable>(forwarding_, *error_slot_));
    ends.local = add(std::make_shared<const ip4::Local>(tables, forwarding_, ip4_local_arc_));
    ends.lookup_vrf = add(std::make_shared<const fib::LookupVrf<ip4::Family>>(tables, forwarding_));
    ends.tunnel = steps.take(add_tunnel_nodes(ip4_, ip4_local_arc_)).value_or(graph::no_node);
    const auto balance =
        std::make_shared<const fib::LoadBalance<ip4::Family>>(forwarding_, graph::random_number());
    ends.balance = add(balance);
    ends.resolve = add(std::make_shared<const neighbor::Resolve<ip4::Family>>(
        *ip4_.unresolved, forwarding_, *next_hop_slot_, unsigned(engine_.workers().size())));
    const auto icmp_error = add(std::make_shared<const icmp4::Error>(
        interfaces_, *error_slot_, unsigned(engine_.workers().size()), options.icmp_errors));
    const auto icmp_input = add(std::make_shared<const icmp4::Input>(ip4_.local));
    add(std::make_shared<const ip4::Deliver>(ip4_.local, *error_slot_));
    add(std::make_shared<const ip4::Input>(interfaces_, *error_slot_, ip4_unicast_arc_));
    const auto igmp_input = add(std::make_shared<const igmp::Input>(igmp_queries_, punt_limits_));
    add(std::make_shared<const neighbor::ArpInput>(
        *ip4_.heard, punt_limits_, neighbor::Known<ip4::Family>(ip4_.tables, forwarding_)));
    if (auto fragments = steps.take(fragment::Fragments::create(
            {engine_, interfaces_, forwarding_, *error_slot_, *error6_slot_}))) {
        fragments_ = std::move(*fragments);
        if (auto flows = steps.take(flow::Flows::create({engine_, interfaces_, *fragments_}))) {
            flows_ = std::move(*flows);
        }
    }
    // What an adjacency, a protocol or an interface leads to is known at run time only; the graph
    // is told here.
    for (const char* next : {"ip4-rewrite", "ip4-unreachable", "ip4-local", "ip4-resolve",
                             "ip4-load-balance", "tunnel4-input"}) {
        graph.link("ip4-lookup", next);
        graph.link("ip4-lookup-vrf", next);
    }
    graph.link("ip4-lookup", "ip4-lookup-vrf");
    for (const char* next : {"ip4-rewrite", "ip4-unreachable", "ip4-resolve"}) {
        graph.link("ip4-load-balance", next);
    }
    graph.link("ip4-deliver", "icmp4-input");
    graph.link("ip4-deliver", "igmp-input");
    graph.link("icmp4-input", "tunnel4-errors");
    steps.fail(ip4_.local.register_protocol(graph, wire::IpProtocol::icmp, icmp_input));
    steps.fail(ip4_.local.register_protocol(graph, wire::IpProtocol::igmp, igmp_input));
    if (!steps.status().ok()) {
        return steps.status();
    }
    make_fib(ip4_, ends);
    igmp_ = std::make_unique<igmp::Listener>(
        igmp::Listener::Parts{engine_, interfaces_, *ip4_.addresses, ip4_groups_},
        graph.find("interface-output"));
    ip4_.neighbors = std::make_unique<neighbor::Arp>(
        neighbor::Arp::Parts{engine_, interfaces_, *ip4_.addresses, *ip4_.fibs, *ip4_.next_hops,
                             *next_hop_slot_},
        *error_slot_,
        neighbor::Arp::Nodes{lookup, ends.lookup_vrf, graph.find("interface-output"), icmp_error},
        options.neighbors);
    absl::Status status = set_formats(ip4_, "ip4-lookup");
    status.Update(start_groups(ip4_, balance));
    return status;
}

absl::Status Router::add_ip6_nodes(const Options& options) {
    graph::Graph& graph = engine_.graph();
    Steps steps;
    const auto add = [&]<class Node>(std::shared_ptr<const Node> node) {
        return steps.take(graph.add<Node>(std::move(node))).value_or(graph::no_node);
    };
    const auto& tables = ip6_.tables;
    const unsigned workers = unsigned(engine_.workers().size());
    const auto lookup = add(std::make_shared<const ip6::Lookup>(tables, forwarding_));
    Ends ends{};
    ends.rewrite = add(std::make_shared<const ip6::Rewrite>(tables, forwarding_, *error6_slot_,
                                                            ip6_output_arc_, ip6_redirects_));
    ends.unreachable = add(std::make_shared<const ip6::Unreachable>(forwarding_, *error6_slot_));
    ends.local =
        add(std::make_shared<const ip6::Local>(tables, forwarding_, *error6_slot_, ip6_local_arc_));
    ends.lookup_vrf = add(std::make_shared<const fib::LookupVrf<ip6::Family>>(tables, forwarding_));
    ends.tunnel = steps.take(add_tunnel_nodes(ip6_, ip6_local_arc_)).value_or(graph::no_node);
    const auto balance =
        std::make_shared<const fib::LoadBalance<ip6::Family>>(forwarding_, graph::random_number());
    ends.balance = add(balance);
    ends.resolve = add(std::make_shared<const neighbor::Resolve<ip6::Family>>(
        *ip6_.unresolved, forwarding_, *next_hop_slot_, workers));
    const auto icmp_error = add(std::make_shared<const icmp6::Error>(
        interfaces_, tables, forwarding_, *error6_slot_, workers, options.icmp_errors));
    const auto icmp_input = add(std::make_shared<const icmp6::Input>(interfaces_, ip6_.local));
    add(std::make_shared<const ip6::Deliver>(ip6_.local, *error6_slot_));
    add(std::make_shared<const ip6::Input>(interfaces_, tables, forwarding_, ip6_groups_,
                                           *error6_slot_, ip6_unicast_arc_));
    add(std::make_shared<const mld::Input>(mld_queries_, punt_limits_));
    add(std::make_shared<const neighbor::NdInput>(
        *ip6_.heard, punt_limits_, neighbor::Known<ip6::Family>(ip6_.tables, forwarding_)));
    add(std::make_shared<const neighbor::Redirect>(interfaces_, forwarding_, workers,
                                                   options.redirects));
    for (const char* next : {"ip6-rewrite", "ip6-unreachable", "ip6-local", "ip6-resolve",
                             "ip6-load-balance", "tunnel6-input"}) {
        graph.link("ip6-lookup", next);
        graph.link("ip6-lookup-vrf", next);
    }
    graph.link("ip6-lookup", "ip6-lookup-vrf");
    for (const char* next : {"ip6-rewrite", "ip6-unreachable", "ip6-resolve"}) {
        graph.link("ip6-load-balance", next);
    }
    graph.link("ip6-deliver", "icmp6-input");
    graph.link("icmp6-input", "tunnel6-errors");
    steps.fail(ip6_.local.register_protocol(graph, wire::IpProtocol::icmp6, icmp_input));
    if (!steps.status().ok()) {
        return steps.status();
    }
    make_fib(ip6_, ends);
    ip6_groups_.follow(*ip6_.addresses);
    link_locals_ = std::make_unique<ip6::LinkLocals>(interfaces_, *ip6_.addresses);
    mld_ = std::make_unique<mld::Listener>(
        mld::Listener::Parts{engine_, interfaces_, *ip6_.addresses, ip6_groups_},
        graph.find("interface-output"));
    ip6_.neighbors = std::make_unique<neighbor::Nd>(
        neighbor::Nd::Parts{engine_, interfaces_, *ip6_.addresses, *ip6_.fibs, *ip6_.next_hops,
                            *next_hop_slot_},
        *error6_slot_,
        neighbor::Nd::Nodes{lookup, ends.lookup_vrf, graph.find("interface-output"), icmp_error},
        options.neighbors);
    router_advertisements_ = std::make_unique<neighbor::RouterAdvertisements>(
        engine_, interfaces_, *ip6_.addresses, *ip6_.neighbors);
    absl::Status status = set_formats(ip6_, "ip6-lookup");
    status.Update(start_groups(ip6_, balance));
    return status;
}

/// How lookups of a family are shown in traces.
template <class Family, class Neighbors>
absl::Status Router::set_formats(const Network<Family, Neighbors>& network,
                                 const std::string& lookup) {
    const fib::LookupWords<Family> words{
        *network.fibs, forwarding_, interfaces_,
        [this](interface::Vrf vrf) { return vrfs_->name_of(vrf); }};
    absl::Status status =
        engine_.graph().set_format(lookup, [this, words](const graph::TraceStep& step) {
            return fib::format_lookup(step, interfaces_.vrf_of(step.at.meta.rx_interface), words);
        });
    status.Update(
        engine_.graph().set_format(lookup + "-vrf", [this, words](const graph::TraceStep& step) {
            return fib::format_lookup(
                step, fib::LookupVrf<Family>::vrf_of(step.at.meta, forwarding_), words);
        }));
    return status;
}

void Router::tend_memory() {
    ip4_.tables.visit([](ip4::Dir24& table) { table.fit_pages(); });
    const uint64_t removed = ip4_.fibs->removed() + ip6_.fibs->removed();
    if (removed != removed_before_ || removed == given_back_at_) {
        removed_before_ = removed;
        return;
    }
    ip4_.tables.visit([](ip4::Dir24& table) { table.give_back(); });
    ip6_.tables.visit([](ip6::RangeTable& table) { table.give_back(); });
    forwarding_.give_back();
    if (removed - given_back_at_ >= removals_to_trim) {
        ip4_.next_hops->shrink();
        ip6_.next_hops->shrink();
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
