// SPDX-License-Identifier: Apache-2.0
#include "perf/nat44_path.hpp"

#include <rte_cycles.h>

#include "plugins/nat44/hairpin.hpp"
#include "plugins/nat44/in2out.hpp"
#include "plugins/nat44/nat.hpp"
#include "plugins/nat44/out2in.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/udp.hpp"

namespace perf {

namespace {

namespace wire = vnet::wire;
using vnet::flow::Key;
using vnet::flow::Ports;
using wire::Ip4Address;

constexpr Ip4Address remote(192, 0, 2, 1);
constexpr uint16_t remote_port = 9;
constexpr uint8_t udp = uint8_t(wire::IpProtocol::udp);
constexpr uint32_t sessions_per_host = 16;
constexpr nat44::AddressRange pool{Ip4Address(198, 51, 100, 0), Ip4Address(198, 51, 100, 63)};

/// What the plugin would make, and the sessions that there are.
struct Parts {
    explicit Parts(vnet::Router& router)
        : log(router.engine().control(), 1, {}),
          translators({router.engine(), router.flows().tables(), router.interfaces(), log}) {}
    nat44::Log log;
    nat44::Translators translators;
    nat44::Nat* nat = nullptr;
    std::unique_ptr<nat44::In2Out> in2out;
    std::unique_ptr<nat44::Out2In> out2in;
    std::unique_ptr<nat44::Hairpin> hairpin;
    /// What packets come with, in the direction of the path.
    std::vector<Key> keys;
};

Key inside_key(uint32_t number) {
    const Ip4Address host(Ip4Address(10, 16, 0, 0).value() + number / sessions_per_host);
    return {host, remote, Ports::of(uint16_t(2000 + number % sessions_per_host), remote_port),
            0,    udp,    0};
}

absl::Status add_nodes(vnet::Router& router, const std::shared_ptr<Parts>& parts) {
    graph::Graph& graph = router.engine().graph();
    const graph::NodeId lookup_vrf = graph.find("ip4-lookup-vrf");
    const nat44::TellSender::Parts to_sender{router.icmp_error_slot(), graph.find("icmp4-error"),
                                             unsigned(router.engine().workers().size())};
    parts->in2out = std::make_unique<nat44::In2Out>(parts->translators, to_sender);
    parts->out2in =
        std::make_unique<nat44::Out2In>(parts->translators, router.forwarding(), lookup_vrf);
    parts->hairpin = std::make_unique<nat44::Hairpin>(parts->translators, router.forwarding(),
                                                      lookup_vrf, to_sender);
    const auto shared = [&]<class Node>(const std::unique_ptr<Node>& node) {
        return std::shared_ptr<const Node>(parts, node.get());
    };
    absl::Status status = graph.add(shared(parts->in2out)).status();
    status.Update(graph.add(shared(parts->out2in)).status());
    status.Update(graph.add(shared(parts->hairpin)).status());
    status.Update(graph.add_feature("ip4-output", {"nat44-in2out", {}, {}}));
    status.Update(graph.add_feature("ip4-unicast", {"nat44-out2in", {}, {"ip4-flow"}}));
    status.Update(graph.add_feature("ip4-local", {"nat44-hairpin", {}, {}}));
    status.Update(router.engine().commit());
    return status;
}

/// A translation with sessions, whose packets are made by `inside` and `outside` interfaces.
absl::Status set_up(vnet::Router& router, const std::shared_ptr<Parts>& parts,
                    const std::string& inside, const std::string& outside, uint32_t sessions,
                    bool back) {
    const auto owner = router.flows().add_owner(parts->translators);
    if (!owner.ok()) {
        return owner.status();
    }
    parts->translators.set_owner(*owner);
    absl::Status status = add_nodes(router, parts);
    const auto nat = std::make_shared<nat44::Nat>(router, parts->translators);
    parts->nat = nat.get();
    // It goes with the router, and not behind it.
    router.addresses().observe([nat, parts](auto&&...) {});
    nat44::PoolSettings settings;
    settings.name = "pool";
    status.Update(parts->nat->add_pool(settings));
    status.Update(parts->nat->add_addresses("pool", pool));
    status.Update(parts->nat->set_role(inside, nat44::Role::inside));
    status.Update(parts->nat->set_role(outside, nat44::Role::outside));
    status.Update(router.fib().add(vnet::wire::Ip4Prefix(remote, 24).normalised(),
                                   vnet::ip4::RouteSource::configured,
                                   {vnet::ip4::Via::Kind::next_hop, 0, out_gateway}));
    const uint64_t tsc = rte_rdtsc();
    for (uint32_t number = 0; status.ok() && number < sessions; ++number) {
        const Key key = inside_key(number);
        vnet::flow::Ref ref;
        const auto verdict = parts->translators.of(0).outbound(
            {parts->translators.config(), key, router.flows().tables().tick(tsc), tsc, *owner}, 0,
            ref);
        if (verdict != nat44::Verdict::made) {
            return absl::InternalError("a session could not be made");
        }
        parts->keys.push_back(back ? router.flows().tables().of(0)[ref.index()].reverse : key);
    }
    return status;
}

/// A session that is none of the last millions: its number goes on for ever.
Key new_key(uint64_t number) {
    Key key = inside_key(uint32_t(number & 0xfffff));
    const auto remote_host = uint32_t(number >> 20) % 250;
    key.destination = Ip4Address(remote.value() + 1 + remote_host);
    return key;
}

/// Makes the packet one of a session, each in its turn of an order without a pattern.
void lay(graph::Packet& packet, const Key& key) {
    constexpr uint32_t l3 = sizeof(wire::EthernetHeader);
    auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(l3));
    auto* header = wire::view<wire::UdpHeader>(packet.from_offset(l3 + sizeof(wire::Ip4Header)));
    ip->source = key.source;
    ip->destination = key.destination;
    ip->checksum = wire::Be16(0);
    ip->checksum = wire::ip4_header_checksum(*ip);
    header->source_port = wire::Be16(key.ports.source());
    header->destination_port = wire::Be16(key.ports.destination());
    // Any will do: nobody verifies it, and it is updated.
    header->checksum = wire::Be16(0x1234);
}

Path make_path(std::string_view name, std::string_view meaning, uint32_t sessions, bool back) {
    Path path;
    path.name = name;
    path.meaning = meaning;
    // Made when it is set up; the router's, and the generator looks at it.
    const auto shared = std::make_shared<std::weak_ptr<Parts>>();
    path.set_up = [shared, sessions, back](vnet::Router& router, const Ends&) {
        const auto parts = std::make_shared<Parts>(router);
        *shared = parts;
        absl::Status status = back ? set_up(router, parts, "out", "in", sessions, true)
                                   : set_up(router, parts, "in", "out", sessions, false);
        if (back) {
            status.Update(router.fib().add({Ip4Address(10, 16, 0, 0), 12},
                                           vnet::ip4::RouteSource::configured,
                                           {vnet::ip4::Via::Kind::next_hop, 0, out_gateway}));
        }
        return status;
    };
    path.destinations = [] { return std::vector{remote}; };
    path.shape = [shared](graph::Packet& packet, uint64_t number) {
        // An odd factor goes through all of a power of two.
        const auto& keys = shared->lock()->keys;
        lay(packet, keys[number * 0x9e37'79b1 % keys.size()]);
    };
    return path;
}

/// Each packet begins a session in a table that is full, whose oldest makes room for it.
Path make_new_path() {
    constexpr uint32_t sessions = 1U << 16;
    Path path;
    path.name = "nat44-new";
    path.meaning = "NAT44 from inside, each packet a new session in a full table of 65536";
    path.set_up = [](vnet::Router& router, const Ends&) {
        absl::Status status = router.flows().set_capacity(sessions);
        status.Update(
            set_up(router, std::make_shared<Parts>(router), "in", "out", sessions, false));
        return status;
    };
    path.destinations = [] { return std::vector{remote}; };
    path.shape = [](graph::Packet& packet, uint64_t number) { lay(packet, new_key(number)); };
    return path;
}

/// Packets to an exempt destination have no session, and are looked for each time.
Path make_exempt_path() {
    constexpr uint32_t flows = 1U << 10;
    Path path;
    path.name = "nat44-exempt";
    path.meaning = "NAT44 from inside, 1024 flows to an exempt destination among 1024 exempts";
    path.set_up = [](vnet::Router& router, const Ends&) {
        const auto parts = std::make_shared<Parts>(router);
        absl::Status status = set_up(router, parts, "in", "out", 0, false);
        for (uint32_t i = 1; i < nat44::most_exempts; ++i) {
            const wire::Ip4Prefix elsewhere(Ip4Address(Ip4Address(198, 18, 0, 0).value() + i), 32);
            status.Update(parts->nat->add_exempt(
                {0, elsewhere, udp, nat44::PortRange{uint16_t(i), uint16_t(i)}}));
        }
        const wire::Ip4Prefix network = wire::Ip4Prefix(remote, 24).normalised();
        status.Update(parts->nat->add_exempt({0, network, {}, {}}));
        return status;
    };
    path.destinations = [] { return std::vector{remote}; };
    path.shape = [](graph::Packet& packet, uint64_t number) {
        lay(packet, inside_key(uint32_t(number * 0x9e37'79b1 % flows)));
    };
    return path;
}

}  // namespace

std::vector<Path> nat44_paths() {
    return {make_path("nat44-1", "NAT44 from inside, 1 session", 1, false),
            make_path("nat44-1k", "NAT44 from inside, 1024 sessions", 1U << 10, false),
            make_path("nat44-64k", "NAT44 from inside, 65536 sessions", 1U << 16, false),
            make_path("nat44-1m", "NAT44 from inside, 1M sessions", 1U << 20, false),
            make_new_path(),
            make_exempt_path()};
}

Path nat44_o2i_path() {
    return make_path("nat44-o2i-1k", "NAT44 from outside, 1024 sessions", 1U << 10, true);
}

}  // namespace perf
