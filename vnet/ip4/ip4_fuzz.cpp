// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <span>

#include "graph/testing/bench.hpp"
#include "vnet/ethernet/input.hpp"
#include "vnet/fib/lookup_vrf.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/icmp4/input.hpp"
#include "vnet/interface/output.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/ip4/input.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/unreachable.hpp"
#include "vnet/neighbor/arp_input.hpp"
#include "vnet/wire/checksum.hpp"

/// A frame from the link goes through the whole way that IPv4 and ARP packets take in the router.
/// The first byte is no part of it: its low bits say how the frame is cut into segments, and
/// whether checksums are made right first, so that the fuzzer comes behind them.
namespace {

using namespace vnet;

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
    options.buffers = 256;
    return must(graph::Engine::create(options));
}

class Router {
public:
    Router() {
        graph::Graph& graph = bench_.graph();
        const auto slot = must(bench_.slots().place<icmp4::ErrorRequest>("icmp4-error"));
        const auto arc = [&](const char* name, graph::ArcSide side, const char* start,
                             const char* end) {
            return must(graph.add_arc({name, side, {start}, end}));
        };
        const auto unicast = arc("ip4-unicast", graph::ArcSide::rx, "ip4-input", "ip4-lookup");
        const auto local_arc = arc("ip4-local", graph::ArcSide::rx, "ip4-local", "ip4-deliver");
        const auto output =
            arc("ip4-output", graph::ArcSide::tx, "ip4-rewrite", "interface-output");
        const auto device =
            arc("interface-output", graph::ArcSide::tx, "interface-output", "interface-tx");
        bench_.add(std::make_shared<const ethernet::Input>(interfaces_, ether_types_));
        bench_.add(std::make_shared<const ip4::Input>(interfaces_, slot, unicast));
        bench_.add(std::make_shared<const ip4::Lookup>(tables_, forwarding_));
        const auto rewrite =
            bench_.add(std::make_shared<const ip4::Rewrite>(tables_, forwarding_, slot, output));
        const auto local =
            bench_.add(std::make_shared<const ip4::Local>(tables_, forwarding_, local_arc));
        bench_.add(std::make_shared<const ip4::Deliver>(local_table_, slot));
        const auto unreachable =
            bench_.add(std::make_shared<const ip4::Unreachable>(forwarding_, slot));
        bench_.add(std::make_shared<const icmp4::Error>(
            interfaces_, slot, 1, icmp4::Error::Limit{1'000'000'000, 1'000'000}));
        const auto echo = bench_.add(std::make_shared<const icmp4::Input>(local_table_));
        bench_.add(std::make_shared<const neighbor::ArpInput>(
            arp_, limits_, neighbor::Known<ip4::Family>(tables_, forwarding_)));
        bench_.add(std::make_shared<const interface::Output>(interfaces_, device));
        bench_.add(std::make_shared<const interface::Transmit>(interfaces_));
        require(local_table_.register_protocol(graph, wire::IpProtocol::icmp, echo).ok());
        require(local_table_.register_udp_port(graph, 53, bench_.collector("dns")).ok());

        const auto special = [&](graph::NodeId next, fib::Action action) {
            fib::Adjacency adjacency;
            adjacency.next = next;
            adjacency.action = action;
            return adjacency;
        };
        forwarding_.set_no_route(special(unreachable, fib::Action::no_route));
        const ip4::Fib::Paths paths{
            0,
            forwarding_.make(special(local, fib::Action::local)),
            forwarding_.make(special(unreachable, fib::Action::blackhole)),
            forwarding_.make(special(unreachable, fib::Action::prohibit)),
            forwarding_.make(special(unreachable, fib::Action::unreachable)),
            forwarding_.make(special(local, fib::Action::broadcast))};
        next_hops_ = std::make_unique<fib::NextHops<wire::Ip4Address>>(
            forwarding_, interfaces_,
            fib::NextHops<wire::Ip4Address>::Nodes{bench_.collector("ip4-resolve"), rewrite,
                                                   unreachable});
        const auto lookup_vrf =
            bench_.add(std::make_shared<const fib::LookupVrf<ip4::Family>>(tables_, forwarding_));
        fibs_ = std::make_unique<fib::Fibs<ip4::Family>>(
            tables_, forwarding_, *next_hops_, fib::Fibs<ip4::Family>::Ends{paths, lookup_vrf});
        ip4::Fib& fib = fibs_->of(interface::default_vrf);
        fibs_->make(1);
        addresses_ = std::make_unique<ip4::Addresses>(interfaces_, *fibs_);
        auto state = std::make_shared<interface::testing::FakeState>();
        state->tx_node = bench_.collector("tx");
        require(interfaces_.add("lan", interface::testing::FakeDevice::maker(state)).ok());
        require(interfaces_.set_up("lan", true).ok());
        require(addresses_->add("lan", {wire::Ip4Address(10, 0, 0, 1), 24}).ok());
        const wire::Ip4Address gateway(10, 0, 0, 2);
        next_hops_->acquire(1, gateway);
        next_hops_->resolved(1, gateway, wire::MacAddress::from_uint64(0x02'00'00'00'00'b1));
        require(
            fib.add({{}, 0}, ip4::RouteSource::configured, {ip4::Via::Kind::next_hop, 1, gateway})
                .ok());
        require(fib.add({{wire::Ip4Address(50, 0, 0, 0)}, 8}, ip4::RouteSource::configured,
                        {ip4::Via::Kind::prohibit, 0, {}})
                    .ok());
        // Addresses that begin with 51 are looked up in another VRF, and some of them for ever.
        require(fib.add({{wire::Ip4Address(51, 0, 0, 0)}, 8}, ip4::RouteSource::configured,
                        ip4::Via::look_up(1))
                    .ok());
        require(fibs_->of(1)
                    .add({{wire::Ip4Address(51, 1, 0, 0)}, 16}, ip4::RouteSource::configured,
                         ip4::Via::look_up(0))
                    .ok());
        bench_.build();
        free_ = graph::testing::pool().available();
    }
    ~Router() {
        interfaces_.remove_all();
        addresses_.reset();
        fibs_.reset();
        next_hops_.reset();
    }

    void run(uint8_t how, std::span<const std::byte> frame) {
        std::vector<std::byte> bytes(frame.begin(), frame.end());
        if (how & 1) {
            correct(bytes);
        }
        // The rest says where the first segment ends; 0: there is one only.
        const size_t first =
            how >> 1 == 0 ? bytes.size() : std::min<size_t>(bytes.size(), how >> 1);
        const auto all = std::span<const std::byte>(bytes);
        graph::Packet* packet = bench_.packet(all.first(first), 1);
        if (first < bytes.size()) {
            require(rte_pktmbuf_chain(packet->mbuf(), bench_.packet(all.subspan(first))->mbuf()) ==
                    0);
        }
        for (const auto& result : bench_.run("ethernet-input", {&packet, 1})) {
            if (result.next == "tx") {
                check_sent(result.bytes);
            }
        }
        control_.poll();
        require(graph::testing::pool().available() == free_);
    }

private:
    static void correct(std::vector<std::byte>& bytes) {
        auto* ip = wire::view<wire::Ip4Header>(
            wire::after(std::span(bytes), sizeof(wire::EthernetHeader)));
        const size_t begin = sizeof(wire::EthernetHeader);
        if (ip == nullptr ||
            wire::check_structure(*ip, bytes.size() - begin) != wire::Ip4Fault::none) {
            return;
        }
        const auto packet = std::span(bytes).subspan(begin, ip->total_length.value());
        ip->checksum = {};
        ip->checksum = wire::internet_checksum(packet.first(ip->header_length()));
        const auto payload = packet.subspan(ip->header_length());
        if (auto* icmp = wire::view<wire::Icmp4Header>(payload);
            icmp && ip->protocol() == wire::IpProtocol::icmp) {
            icmp->checksum = {};
            icmp->checksum = wire::internet_checksum(payload);
        }
    }
    /// Whatever leaves is a right IPv4 packet.
    static void check_sent(std::span<const std::byte> frame) {
        const auto packet = wire::after(frame, sizeof(wire::EthernetHeader));
        require(wire::check_ip4(packet) == wire::Ip4Fault::none);
        require(wire::ip4_header_checksum_ok(packet));
        const auto* ip = wire::view<wire::Ip4Header>(packet);
        require(ip->ttl > 0);
        require(ip->total_length.value() <= packet.size());
        require(ip->source.valid_source() && ip->destination.valid_destination());
    }

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    graph::Control control_;
    graph::testing::Bench bench_;
    punt::Limits limits_{1, 1'000'000'000};
    graph::Mailbox arp_{"arp", 64, control_,
                        [](std::span<graph::Packet*> packets) { graph::free_packets(packets); }};
    interface::Table interfaces_ {
        *engine_
    };
    ethernet::EtherTypes ether_types_{bench_.graph()};
    fib::ForwardingTable forwarding_{engine_->rcu()};
    fib::Tables<ip4::Dir24> tables_{engine_->rcu(), interfaces_};
    ip4::LocalTable local_table_;
    std::unique_ptr<fib::NextHops<wire::Ip4Address>> next_hops_;
    std::unique_ptr<fib::Fibs<ip4::Family>> fibs_;
    std::unique_ptr<ip4::Addresses> addresses_;
    unsigned free_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // DPDK starts once, before the first frame; the router goes before it does.
    graph::testing::pool();
    static Router router;
    if (size > 1 && size <= 2048) {
        router.run(data[0], std::as_bytes(std::span(data + 1, size - 1)));
    }
    return 0;
}
