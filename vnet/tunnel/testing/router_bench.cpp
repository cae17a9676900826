// SPDX-License-Identifier: Apache-2.0
#include "vnet/tunnel/testing/router_bench.hpp"

#include <algorithm>
#include <stdexcept>

#include "vnet/interface/testing/fake_device.hpp"

namespace vnet::tunnel::testing {

namespace {
void must(const absl::Status& status) {
    if (!status.ok()) {
        throw std::runtime_error(std::string(status.message()));
    }
}
}  // namespace

RouterBench::RouterBench() {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 1024;
    engine = std::move(*graph::Engine::create(options));
    auto made = Router::create(*engine);
    must(made.status());
    router = std::move(*made);
    auto state = std::make_shared<interface::testing::FakeState>();
    state->tx_node = engine->graph().find("null-tx");
    wan_ = *router->interfaces().add("wan", interface::testing::FakeDevice::maker(state));
    must(router->interfaces().set_up("wan", true));
    must(router->addresses().add("wan", wire::testing::prefix("192.0.2.1/24")));
    must(router->ip6().addresses->add("wan", wire::testing::prefix6("2001:db8::1/64")));
    must(router->ip4().neighbors->add_fixed("wan", wire::testing::ip("192.0.2.2"),
                                            wire::testing::mac("02:00:00:00:00:b2")));
    must(router->ip6().neighbors->add_fixed("wan", wire::testing::ip6("2001:db8::2"),
                                            wire::testing::mac("02:00:00:00:00:b2")));
    // The bench has nodes of its own where the engine has its first ones.
    for (size_t id = bench.graph().nodes().size(); id < engine->graph().nodes().size(); ++id) {
        if (bench.collector(engine->graph().name_of(graph::NodeId(id))) != id) {
            throw std::logic_error("a node of the bench has another number than the router's");
        }
    }
    for (const auto& arc : engine->graph().arcs()) {
        must(bench.graph().add_arc(arc.spec).status());
    }
}

graph::ArcId RouterBench::arc(std::string_view name) const {
    const auto& arcs = engine->graph().arcs();
    const auto found = std::find_if(arcs.begin(), arcs.end(),
                                    [&](const auto& arc) { return arc.spec.name == name; });
    if (found == arcs.end()) {
        throw std::logic_error("no such arc");
    }
    return graph::ArcId(found - arcs.begin());
}

std::vector<graph::testing::Result> RouterBench::run(const std::string& node,
                                                     const wire::testing::Bytes& bytes,
                                                     unsigned count, const graph::Metadata& meta) {
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < count; ++i) {
        packets.push_back(bench.packet(bytes));
        packets.back()->meta() = meta;
    }
    return bench.run(node, packets);
}

std::vector<graph::testing::Result> RouterBench::put_in(const std::string& node,
                                                        const wire::testing::Bytes& bytes,
                                                        unsigned count,
                                                        const graph::Metadata& meta) {
    auto results = run(node, bytes, count, meta);
    for (graph::testing::Result& result : results) {
        if (result.next != "drop") {
            result.bytes.erase(result.bytes.begin(), result.bytes.begin() + result.meta.l3_offset);
        }
    }
    return results;
}

graph::Metadata RouterBench::came(const wire::testing::Bytes& packet) const {
    graph::Metadata meta{};
    meta.rx_interface = wan_;
    meta.tx_interface = graph::no_interface;
    meta.l4_offset = uint8_t(packet[0]) >> 4 == 4
                         ? uint16_t(wire::view<wire::Ip4Header>(packet)->header_length())
                         : uint16_t(sizeof(wire::Ip6Header));
    return meta;
}

graph::Metadata RouterBench::goes(interface::Index tunnel) const {
    graph::Metadata meta{};
    meta.rx_interface = wan_;
    meta.tx_interface = tunnel;
    return meta;
}

}  // namespace vnet::tunnel::testing
