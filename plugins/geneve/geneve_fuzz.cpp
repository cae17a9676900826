// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/decap.hpp"
#include "plugins/geneve/tunnels.hpp"
#include "vnet/tunnel/testing/decap_fuzz.hpp"

/// Packets from the other ends of tunnels, with anything behind the IP header; and any text as
/// options, which are then among those that a packet has.
namespace {

using namespace geneve;
using vnet::tunnel::Ends;
using vnet::tunnel::PointToPoint;
using vnet::tunnel::testing::DecapFuzz;
using vnet::tunnel::testing::require;
using vnet::tunnel::testing::RouterBench;
using vnet::wire::testing::Bytes;

class GeneveWorld {
public:
    GeneveWorld() : tunnels_({*net_.engine, net_.router->interfaces(), net_.tunnels()}) {
        tunnels_.links.set_tx_node(net_.engine->graph().find("null-tx"));
        auto& table = net_.router->interfaces();
        const graph::ArcId arc = net_.arc("device-input");
        net_.bench.add(std::make_shared<const Decap<vnet::ip4::Family>>(table, tunnels_.links,
                                                                        tunnels_.options, arc));
        net_.bench.add(std::make_shared<const Decap<vnet::ip6::Family>>(table, tunnels_.links,
                                                                        tunnels_.options, arc));
        for (const bool is_ip6 : {false, true}) {
            add(is_ip6, 5, true, "");
            add(is_ip6, 6, true, "0102:80:mark,0103:81:known");
            add(is_ip6, 7, false, "0102:01:00000007");
        }
    }

    void try_packet(uint8_t choice, std::span<const std::byte> payload) {
        const bool is_ip6 = (choice & 1) != 0;
        const auto ecn = vnet::wire::Ecn(choice >> 2 & 3);
        const Bytes outer = DecapFuzz::outer(is_ip6, vnet::wire::IpProtocol::udp, ecn, payload);
        DecapFuzz::take_out(net_, is_ip6 ? "geneve6-decap" : "geneve4-decap", outer, ecn);
    }

private:
    void add(bool is_ip6, uint32_t vni, bool is_ethernet, const std::string& options) {
        PointToPoint::Spec spec;
        if (is_ip6) {
            spec.ends = Ends<vnet::wire::Ip6Address>{vnet::wire::testing::ip6("2001:db8::1"),
                                                     vnet::wire::testing::ip6("2001:db8::2")};
        } else {
            spec.ends = Ends<vnet::wire::Ip4Address>{vnet::wire::testing::ip("192.0.2.1"),
                                                     vnet::wire::testing::ip("192.0.2.2")};
        }
        if (is_ethernet) {
            spec.mac = vnet::wire::testing::mac("02:00:00:00:00:77");
        }
        const std::string name = "t" + std::to_string(count_++);
        require(tunnels_.add(name, vni, options, false, std::move(spec)).ok());
        require(net_.router->interfaces().set_up(name, true).ok());
    }

    RouterBench net_;
    Tunnels tunnels_;
    unsigned count_ = 0;
};

/// What is taken as options is known where it comes back, and well formed.
void try_text(std::string_view text) {
    const auto options = Options::parse(text);
    if (options.ok()) {
        require(options->bytes().size() <= Options::most_bytes);
        require(options->see(options->bytes()).fault == Options::Fault::none);
        require(options->see(options->bytes()).mark.has_value() ==
                options->mark_offset().has_value());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static auto* world = new GeneveWorld;
    constexpr uint8_t as_text = 0x80;
    if (size > 1 && size <= 1400) {
        if ((data[0] & as_text) != 0) {
            try_text({reinterpret_cast<const char*>(data + 1), size - 1});
        } else {
            world->try_packet(data[0], std::as_bytes(std::span(data + 1, size - 1)));
        }
    }
    return 0;
}
