// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <span>

#include "graph/testing/bench.hpp"
#include "vnet/ethernet/input.hpp"
#include "vnet/fib/lookup_vrf.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/icmp6/input.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/ip6/addresses.hpp"
#include "vnet/ip6/fib.hpp"
#include "vnet/ip6/input.hpp"
#include "vnet/ip6/link_locals.hpp"
#include "vnet/ip6/local.hpp"
#include "vnet/ip6/lookup.hpp"
#include "vnet/ip6/rewrite.hpp"
#include "vnet/ip6/unreachable.hpp"
#include "vnet/mld/input.hpp"
#include "vnet/mld/listener.hpp"
#include "vnet/neighbor/nd.hpp"
#include "vnet/neighbor/nd_input.hpp"
#include "vnet/neighbor/redirect.hpp"
#include "vnet/neighbor/resolve.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_extensions.hpp"

/// A few frames from the link go through the whole way that IPv6 packets take in the router, and
/// what they say of neighbours is heard by its control side. The first byte says how the frames are
/// cut into segments, and whether checksums are made right first, so that the fuzzer comes behind
/// them; two bytes in front of each frame are its length.
namespace {

using namespace vnet;
using wire::Ip6Address;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}
template <class T>
T must(absl::StatusOr<T> value) {
    require(value.ok());
    return std::move(*value);
}

std::unique_ptr<graph::Engine> make_engine() {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 1024;
    return must(graph::Engine::create(options));
}

neighbor::Settings quick() {
    neighbor::Settings settings;
    settings.duplicate_tries = 0;
    settings.most = 8;
    settings.most_unresolved = 4;
    settings.held_each = 2;
    settings.held_in_all = 6;
    return settings;
}

constexpr Ip6Address address(uint64_t network, uint64_t host) {
    return {0x2001'0db8'0000'0000 | network << 16, host};
}

class Router {
public:
    Router() {
        limits_.set_rate(punt::Class::neighbor, 1'000'000);
        graph::Graph& graph = bench_.graph();
        const auto slot = must(bench_.slots().place<icmp6::ErrorRequest>("icmp6-error"));
        const auto next_hop = must(bench_.slots().place<neighbor::NextHop>("next-hop"));
        add_nodes(slot, next_hop);
        const auto special = [&](graph::NodeId next, fib::Action action) {
            fib::Adjacency adjacency;
            adjacency.next = next;
            adjacency.action = action;
            return adjacency;
        };
        forwarding_.set_no_route(special(unreachable_, fib::Action::no_route));
        ip6::Fib::Paths paths;
        paths.local = forwarding_.make(special(local_, fib::Action::local));
        paths.blackhole = forwarding_.make(special(unreachable_, fib::Action::blackhole));
        paths.prohibit = forwarding_.make(special(unreachable_, fib::Action::prohibit));
        paths.unreachable = forwarding_.make(special(unreachable_, fib::Action::unreachable));
        paths.broadcast = paths.blackhole;
        next_hops_ = std::make_unique<fib::NextHops<Ip6Address>>(
            forwarding_, interfaces_,
            fib::NextHops<Ip6Address>::Nodes{resolve_, rewrite_, unreachable_});
        fibs_ = std::make_unique<fib::Fibs<ip6::Family>>(
            tables_, forwarding_, *next_hops_, fib::Fibs<ip6::Family>::Ends{paths, lookup_vrf_});
        addresses_ = std::make_unique<ip6::Addresses>(interfaces_, *fibs_);
        groups_.follow(*addresses_);
        link_locals_ = std::make_unique<ip6::LinkLocals>(interfaces_, *addresses_);
        mld_ = std::make_unique<mld::Listener>(
            mld::Listener::Parts{*engine_, interfaces_, *addresses_, groups_}, 0,
            [this] { return now_; });
        nd_ = std::make_unique<neighbor::Nd>(
            neighbor::Nd::Parts{*engine_, interfaces_, *addresses_, *fibs_, *next_hops_, next_hop},
            slot, neighbor::Nd::Nodes{0, 0, 0, 0}, quick(), [this] { return now_; });
        for (const auto& [name, network] : {std::pair("lan", 0), std::pair("wan", 1)}) {
            auto state = std::make_shared<interface::testing::FakeState>();
            state->tx_node = bench_.collector("tx");
            state->mac = wire::MacAddress::from_uint64(0x02'00'00'00'00'a0 + uint64_t(network));
            require(interfaces_.add(name, interface::testing::FakeDevice::maker(state)).ok());
            require(interfaces_.set_up(name, true).ok());
            require(addresses_->add(name, {address(uint64_t(network), 1), 64}).ok());
        }
        require(nd_->add_fixed("wan", address(1, 2), mac(0xb2)).ok());
        require(nd_->add_fixed("lan", address(0, 7), mac(0xb7)).ok());
        const auto add = [&](wire::Ip6Prefix prefix, ip6::Via via) {
            require(fibs_->of(interface::default_vrf)
                        .add(prefix, ip6::RouteSource::configured, via)
                        .ok());
        };
        add({{}, 0}, {ip6::Via::Kind::next_hop, 2, address(1, 2)});
        add({address(0x50, 0), 48}, {ip6::Via::Kind::next_hop, 1, address(0, 7)});
        add({address(0x60, 0), 48}, {ip6::Via::Kind::prohibit, 0, {}});
        require(local_table_.register_protocol(graph, wire::IpProtocol::icmp6, echo_).ok());
        require(local_table_.register_udp_port(graph, 53, bench_.collector("dns")).ok());
        bench_.build();
        settle();
        free_ = graph::testing::pool().available();
    }
    ~Router() {
        interfaces_.remove_all();
        nd_.reset();
        mld_.reset();
        link_locals_.reset();
        addresses_.reset();
        fibs_.reset();
        next_hops_.reset();
    }

    void run(uint8_t how, std::span<const std::byte> input) {
        constexpr unsigned most_frames = 4;
        for (unsigned i = 0; i < most_frames && input.size() > 2; ++i) {
            const size_t length = std::min<size_t>(
                size_t(uint8_t(input[0])) << 8 | uint8_t(input[1]), input.size() - 2);
            if (length != 0) {
                run_frame(how, input.subspan(2, length));
            }
            input = input.subspan(2 + length);
        }
        // Minutes later all that was learned of hosts that no longer answer is forgotten.
        for (unsigned i = 0; i < 6; ++i) {
            now_ += std::chrono::minutes(1);
            nd_->tick(now_);
            mld_->tick(now_);
        }
        settle();
        require(nd_->held() == 0 && nd_->list().size() == 2);
        require(graph::testing::pool().available() == free_);
    }

private:
    static wire::MacAddress mac(uint64_t last) {
        return wire::MacAddress::from_uint64(0x02'00'00'00'00'00 | last);
    }

    void add_nodes(icmp6::ErrorSlot slot, neighbor::NextHopSlot next_hop) {
        graph::Graph& graph = bench_.graph();
        const auto arc = [&](const char* name, graph::ArcSide side, const char* start,
                             const char* end) {
            return must(graph.add_arc({name, side, {start}, end}));
        };
        const auto unicast = arc("ip6-unicast", graph::ArcSide::rx, "ip6-input", "ip6-lookup");
        const auto local_arc = arc("ip6-local", graph::ArcSide::rx, "ip6-local", "ip6-deliver");
        const auto output =
            arc("ip6-output", graph::ArcSide::tx, "ip6-rewrite", "interface-output");
        const auto device =
            arc("interface-output", graph::ArcSide::tx, "interface-output", "interface-tx");
        bench_.add(std::make_shared<const ethernet::Input>(interfaces_, ether_types_));
        bench_.add(std::make_shared<const ip6::Input>(interfaces_, tables_, forwarding_, groups_,
                                                      slot, unicast));
        bench_.add(std::make_shared<const mld::Input>(queries_, limits_));
        bench_.add(std::make_shared<const ip6::Lookup>(tables_, forwarding_));
        rewrite_ = bench_.add(
            std::make_shared<const ip6::Rewrite>(tables_, forwarding_, slot, output, redirects_));
        local_ =
            bench_.add(std::make_shared<const ip6::Local>(tables_, forwarding_, slot, local_arc));
        bench_.add(std::make_shared<const ip6::Deliver>(local_table_, slot));
        lookup_vrf_ =
            bench_.add(std::make_shared<const fib::LookupVrf<ip6::Family>>(tables_, forwarding_));
        unreachable_ = bench_.add(std::make_shared<const ip6::Unreachable>(forwarding_, slot));
        resolve_ = bench_.add(std::make_shared<const neighbor::Resolve<ip6::Family>>(
            unresolved_, forwarding_, next_hop, 1));
        bench_.add(
            std::make_shared<const icmp6::Error>(interfaces_, tables_, forwarding_, slot, 1,
                                                 icmp6::Error::Limit{1'000'000'000, 1'000'000}));
        bench_.add(std::make_shared<const neighbor::Redirect>(
            interfaces_, forwarding_, 1, neighbor::Redirect::Limit{1'000'000'000, 1'000'000}));
        echo_ = bench_.add(std::make_shared<const icmp6::Input>(interfaces_, local_table_));
        bench_.add(std::make_shared<const neighbor::NdInput>(
            heard_, limits_, neighbor::Known<ip6::Family>(tables_, forwarding_)));
        bench_.add(std::make_shared<const interface::Output>(interfaces_, device));
        bench_.add(std::make_shared<const interface::Transmit>(interfaces_));
    }

    void run_frame(uint8_t how, std::span<const std::byte> frame) {
        std::vector<std::byte> bytes(frame.begin(), frame.end());
        if (how & 1) {
            correct(bytes);
        }
        const interface::Index from = how & 2 ? 2 : 1;
        // The rest says where the first segment ends; 0: there is one only.
        const size_t first =
            how >> 2 == 0 ? bytes.size() : std::min<size_t>(bytes.size(), 2U * (how >> 2));
        const auto all = std::span<const std::byte>(bytes);
        graph::Packet* packet = bench_.packet(all.first(first), from);
        if (first < bytes.size()) {
            require(rte_pktmbuf_chain(packet->mbuf(), bench_.packet(all.subspan(first))->mbuf()) ==
                    0);
        }
        for (const auto& result : bench_.run("ethernet-input", {&packet, 1})) {
            if (result.next == "tx") {
                check_sent(result);
            }
        }
        settle();
        require(nd_->held() <= quick().held_in_all && nd_->list().size() <= quick().most);
    }
    void settle() {
        control_.poll();
        control_.poll();
    }

    static void correct(std::vector<std::byte>& bytes) {
        const size_t begin = sizeof(wire::EthernetHeader);
        const auto packet = wire::after(std::span(bytes), begin);
        const auto* ip = wire::view<wire::Ip6Header>(packet);
        if (ip == nullptr || wire::check_structure(*ip, packet.size()) != wire::Ip6Fault::none) {
            return;
        }
        const wire::Ip6Chain chain = wire::walk_ip6(packet);
        if (chain.fault != wire::Ip6ChainFault::none || !chain.has_l4_header ||
            chain.upper != wire::IpProtocol::icmp6) {
            return;
        }
        const auto message = packet.first(ip->total_length()).subspan(chain.upper_offset);
        if (auto* icmp = wire::view<wire::Icmp6Header>(message)) {
            icmp->checksum = {};
            icmp->checksum =
                wire::l4_checksum(ip->source, ip->destination, wire::IpProtocol::icmp6, message);
        }
    }
    /// Whatever leaves is a right IPv6 packet, and nothing of a link leaves it.
    static void check_sent(const graph::testing::Result& sent) {
        const auto packet =
            wire::after(std::span<const std::byte>(sent.bytes), sizeof(wire::EthernetHeader));
        const auto* ip = wire::view<wire::Ip6Header>(packet);
        require(ip != nullptr && ip->version() == 6 && ip->hop_limit > 0);
        require(ip->source.valid_source() && ip->destination.valid_destination() &&
                !ip->destination.is_multicast());
        if (!sent.meta.has(graph::packet_flag::local_origin)) {
            require(!ip->source.is_link_local() && !ip->destination.is_link_local());
        } else if (ip->total_length() == packet.size()) {
            // The router's own answers have no extension headers.
            require(wire::l4_checksum_ok(ip->source, ip->destination, wire::IpProtocol::icmp6,
                                         packet.subspan(sizeof(wire::Ip6Header))));
        }
    }

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    graph::Control control_;
    graph::testing::Bench bench_;
    graph::Mailbox heard_{"nd", 64, control_,
                          [this](std::span<graph::Packet*> packets) { nd_->take_nd(packets); }};
    graph::Mailbox unresolved_{
        "unresolved6", 64, control_,
        [this](std::span<graph::Packet*> packets) { nd_->take_unresolved(packets); }};
    graph::Mailbox queries_{"mld", 64, control_,
                            [this](std::span<graph::Packet*> packets) { mld_->take(packets); }};
    punt::Limits limits_{1, 1'000'000'000};
    interface::Table interfaces_ {
        *engine_
    };
    ethernet::EtherTypes ether_types_{bench_.graph()};
    fib::ForwardingTable forwarding_{engine_->rcu()};
    fib::Tables<ip6::RangeTable> tables_{engine_->rcu(), interfaces_};
    ip6::JoinedGroups groups_{engine_->rcu()};
    ip6::LocalTable local_table_;
    std::atomic<bool> redirects_{true};
    graph::NodeId rewrite_ = graph::no_node;
    graph::NodeId local_ = graph::no_node;
    graph::NodeId unreachable_ = graph::no_node;
    graph::NodeId resolve_ = graph::no_node;
    graph::NodeId echo_ = graph::no_node;
    graph::NodeId lookup_vrf_ = graph::no_node;
    std::unique_ptr<fib::NextHops<Ip6Address>> next_hops_;
    std::unique_ptr<fib::Fibs<ip6::Family>> fibs_;
    std::unique_ptr<ip6::Addresses> addresses_;
    std::unique_ptr<ip6::LinkLocals> link_locals_;
    std::unique_ptr<mld::Listener> mld_;
    std::unique_ptr<neighbor::Nd> nd_;
    neighbor::Clock::time_point now_ = neighbor::Clock::now();
    unsigned free_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // DPDK starts once, before the first frame; the router goes before it does.
    graph::testing::pool();
    static Router router;
    if (size > 3 && size <= 4096) {
        router.run(data[0], std::as_bytes(std::span(data + 1, size - 1)));
    }
    return 0;
}
