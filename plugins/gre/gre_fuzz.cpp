// SPDX-License-Identifier: Apache-2.0
#include "plugins/gre/decap.hpp"
#include "plugins/gre/encap.hpp"
#include "vnet/tunnel/testing/decap_fuzz.hpp"

/// Packets from the other ends of tunnels, with anything behind the IP header.
namespace {

using namespace gre;
using vnet::tunnel::Ends;
using vnet::tunnel::PointToPoint;
using vnet::tunnel::testing::DecapFuzz;
using vnet::tunnel::testing::require;
using vnet::tunnel::testing::RouterBench;
using vnet::wire::IpProtocol;
using vnet::wire::testing::Bytes;

class GreWorld {
public:
    GreWorld()
        : ipip_({*net_.engine, net_.router->interfaces(), net_.tunnels()}, "ipip",
                PointToPoint::Layouts::by_family),
          gre_({*net_.engine, net_.router->interfaces(), net_.tunnels()}, "gre",
               PointToPoint::Layouts::by_family) {
        auto& table = net_.router->interfaces();
        const graph::ArcId arc = net_.arc("device-input");
        const auto null_tx = net_.engine->graph().find("null-tx");
        ipip_.set_tx_node(null_tx);
        gre_.set_tx_node(null_tx);
        net_.bench.add(std::make_shared<const IpipDecap<vnet::ip4::Family>>(table, ipip_));
        net_.bench.add(std::make_shared<const IpipDecap<vnet::ip6::Family>>(table, ipip_));
        net_.bench.add(std::make_shared<const GreDecap<vnet::ip4::Family>>(table, gre_, arc, 1));
        net_.bench.add(std::make_shared<const GreDecap<vnet::ip6::Family>>(table, gre_, arc, 1));
        for (const bool is_ip6 : {false, true}) {
            add(ipip_, is_ip6, {}, {}, 0);
            add(gre_, is_ip6, "0000 0800", {}, 0);
            add(gre_, is_ip6, "2000 6558 00000007", 7, note::ethernet);
            add(gre_, is_ip6, "3000 0800 00000008 00000000", 8, note::sequence);
        }
    }

    void try_packet(uint8_t choice, std::span<const std::byte> payload) {
        const bool is_ip6 = (choice & 1) != 0;
        const bool is_gre = (choice & 2) != 0;
        const auto ecn = vnet::wire::Ecn(choice >> 2 & 3);
        const Bytes outer =
            DecapFuzz::outer(is_ip6, is_gre ? IpProtocol::gre : IpProtocol::ipip, ecn, payload);
        const char* node = is_gre ? (is_ip6 ? "gre6-decap" : "gre4-decap")
                                  : (is_ip6 ? "ipip6-decap" : "ipip4-decap");
        DecapFuzz::take_out(net_, node, outer, ecn);
    }

private:
    void add(PointToPoint& tunnels, bool is_ip6, std::string_view header,
             std::optional<uint32_t> key, uint8_t note) {
        PointToPoint::Spec spec;
        if (is_ip6) {
            spec.ends = Ends<vnet::wire::Ip6Address>{vnet::wire::testing::ip6("2001:db8::1"),
                                                     vnet::wire::testing::ip6("2001:db8::2")};
        } else {
            spec.ends = Ends<vnet::wire::Ip4Address>{vnet::wire::testing::ip("192.0.2.1"),
                                                     vnet::wire::testing::ip("192.0.2.2")};
        }
        const Bytes bytes = vnet::wire::testing::from_hex(header);
        const auto protocol = header.empty() ? IpProtocol::ipip : IpProtocol::gre;
        spec.behind = {{protocol, bytes}, {protocol, bytes}};
        spec.number = number_of(key);
        spec.note = note;
        if ((note & note::ethernet) != 0) {
            spec.mac = vnet::wire::testing::mac("02:00:00:00:00:77");
        }
        const std::string name = "t" + std::to_string(count_++);
        require(tunnels.add(name, std::move(spec)).ok());
        require(net_.router->interfaces().set_up(name, true).ok());
    }

    RouterBench net_;
    PointToPoint ipip_;
    PointToPoint gre_;
    unsigned count_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static auto* world = new GreWorld;
    if (size > 1 && size <= 1400) {
        world->try_packet(data[0], std::as_bytes(std::span(data + 1, size - 1)));
    }
    return 0;
}
