// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/host/testing/plugin_fixture.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vxlan::testing {

using plugins::host::testing::must;
using vnet::wire::testing::Bytes;

/// A frame that left, and by which interface.
struct Sent {
    uint32_t by;
    Bytes bytes;
};

/// Where frames end that an interface of the rig sends.
struct RigTx {
    static constexpr auto info = graph::node("rig-tx");
    mutable std::vector<Sent> sent;

    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        for (const graph::Packet* packet : packets) {
            Sent& one = sent.emplace_back(Sent{packet->meta().tx_interface, {}});
            for (const rte_mbuf* part = packet->mbuf(); part != nullptr; part = part->next) {
                const auto* begin = rte_pktmbuf_mtod(part, const std::byte*);
                one.bytes.insert(one.bytes.end(), begin, begin + part->data_len);
            }
        }
        graph::free_packets(packets);
    }
};

/// A whole router with the plugin: hosts on "lan", the underlay on "wan", where all others are
/// behind 10.0.2.2 and 2001:db8:2::2. The test's thread is control and worker in one.
class Rig : public plugins::host::testing::PluginFixture {
protected:
    static constexpr const char* wan_mac = "02:00:00:00:00:a2";
    static constexpr const char* gateway_mac = "02:00:00:00:00:b2";

    Rig() : PluginFixture(PLUGIN_DIRECTORY, "vxlan") {
        for (const char* plugin : {"bridge", "cross-connect"}) {
            must(router_.host->load(plugin));
        }
        lines_ = std::make_unique<plugins::host::testing::CommandLines>(router_.api);
        graph::Graph& graph = router_.engine->graph();
        const graph::NodeId tx = must(graph.add(tx_));
        graph.link("interface-output", "rig-tx");
        graph.link("interface-tx", "rig-tx");
        must(router_.engine->commit());
        while (graph.arcs()[arc_].spec.name != "device-input") {
            ++arc_;
        }
        lan = add_interface("lan", tx, "02:00:00:00:00:a1");
        lan2 = add_interface("lan2", tx, "02:00:00:00:00:a3");
        wan = add_interface("wan", tx, wan_mac);
        run("add address wan 10.0.2.1/24");
        run("add neighbor wan 10.0.2.2 02:00:00:00:00:b2");
        run("add route 0.0.0.0/0 via 10.0.2.2");
        run("add address wan 2001:db8:2::1/64");
        run("add neighbor wan 2001:db8:2::2 02:00:00:00:00:b2");
        run("add route ::/0 via 2001:db8:2::2");
    }
    ~Rig() override {
        take_up();
        for (const auto& one : std::vector(names_.rbegin(), names_.rend())) {
            (void)router_.router->interfaces().remove(one);
        }
        take_up();
    }

    uint32_t lan = 0;
    uint32_t lan2 = 0;
    uint32_t wan = 0;

    /// What control changed is what packets meet from now on.
    void take_up() {
        router_.router->interfaces().poll_links();
        router_.engine->rcu().flush();
        router_.engine->take_up_here();
    }
    /// Lines, and up with the interfaces that they make.
    void set_up(const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            run(line);
        }
        take_up();
    }
    /// So many times a frame comes in by an interface, as one vector; what left then.
    std::vector<Sent> send(uint32_t by, const Bytes& bytes, unsigned count = 1) {
        graph::Dispatch& dispatch = router_.engine->workers().front()->dispatch();
        tx_->sent.clear();
        // As the node does that receives from ports.
        dispatch.tick();
        dispatch.begin_input(graph().find("port-rx"));
        graph::ArcEntrance frames = dispatch.entrance(arc_);
        for (unsigned i = 0; i < count; ++i) {
            graph::Packet* packet = router_.engine->pool().allocate();
            EXPECT_TRUE(packet != nullptr && packet->resize(uint32_t(bytes.size())));
            std::copy(bytes.begin(), bytes.end(), packet->data());
            packet->meta().rx_interface = by;
            dispatch.emit(*packet, frames.enter(*packet, by));
        }
        dispatch.drain();
        return std::move(tx_->sent);
    }
    /// Drops since the last time, as "node/reason", where there are any.
    std::map<std::string, uint64_t> drops() {
        std::map<std::string, uint64_t> all;
        const auto& infos = graph().drops();
        for (size_t id = 0; id < infos.size(); ++id) {
            const uint64_t count = router_.engine->drops(graph::DropId(id));
            const std::string name = graph().name_of(infos[id].node) + "/" + infos[id].name;
            if (const uint64_t now = count - std::exchange(seen_[name], count); now != 0) {
                all[name] = now;
            }
        }
        return all;
    }
    graph::Graph& graph() { return router_.engine->graph(); }

private:
    uint32_t add_interface(const std::string& name, graph::NodeId tx, const char* mac) {
        auto state = std::make_shared<vnet::interface::testing::FakeState>();
        state->tx_node = tx;
        state->mac = vnet::wire::testing::mac(mac);
        const uint32_t index = must(router_.router->interfaces().add(
            name, vnet::interface::testing::FakeDevice::maker(std::move(state))));
        names_.push_back(name);
        run("set interface " + name + " state up");
        router_.router->interfaces().poll_links();
        return index;
    }

    std::shared_ptr<const RigTx> tx_ = std::make_shared<const RigTx>();
    graph::ArcId arc_ = 0;
    std::map<std::string, uint64_t> seen_;
    std::vector<std::string> names_;
};

}  // namespace vxlan::testing
