// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/testing/bench.hpp"
#include "plugins/nat44/hairpin.hpp"
#include "plugins/nat44/in2out.hpp"
#include "plugins/nat44/nat.hpp"
#include "plugins/nat44/out2in.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/router.hpp"

namespace nat44::testing {

using Bytes = std::vector<std::byte>;

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

/// A whole router that translates between lan, whose hosts are behind 10.0.1.2, and wan, where all
/// others are behind 10.0.2.2. The caller's thread is control and worker in one.
class Rig {
public:
    static constexpr uint64_t lan_mac = 0x02'00'00'00'00'a1;
    static constexpr uint64_t wan_mac = 0x02'00'00'00'00'a2;
    static constexpr uint64_t host_mac = 0x02'00'00'00'00'b1;
    static constexpr unsigned most_frames = graph::vector_size;

    Rig() {
        graph::Graph& graph = engine_->graph();
        const graph::NodeId tx = must(graph.add(tx_));
        graph.link("interface-output", "rig-tx");
        graph.link("interface-tx", "rig-tx");
        translators_ = std::make_unique<Translators>(
            Translators::Parts{*engine_, router_->flows().tables(), router_->interfaces(), log_});
        owner_ = must(router_->flows().add_owner(*translators_));
        translators_->set_owner(owner_);
        add_nat_nodes(graph);
        must(engine_->commit());
        nat_ = std::make_unique<Nat>(*router_, *translators_);
        lan = add_interface("lan", tx, lan_mac, {vnet::wire::Ip4Address(10, 0, 1, 1), 24});
        wan = add_interface("wan", tx, wan_mac, {vnet::wire::Ip4Address(10, 0, 2, 1), 24});
        add_way("lan", {vnet::wire::Ip4Address(10, 0, 0, 0), 8},
                vnet::wire::Ip4Address(10, 0, 1, 2));
        add_way("wan", {{}, 0}, vnet::wire::Ip4Address(10, 0, 2, 2));
        must(nat_->set_role("lan", Role::inside));
        must(nat_->set_role("wan", Role::outside));
        take_up();
    }
    ~Rig() {
        take_up();
        end_sessions();
        for (const char* name : {"lan", "wan"}) {
            (void)nat_->reset_role(name);
        }
        nat_.reset();
        router_->flows().remove_owner(owner_);
        router_.reset();
    }
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;

    uint32_t lan = 0;
    uint32_t wan = 0;

    vnet::Router& router() { return *router_; }
    graph::Engine& engine() { return *engine_; }
    Nat& nat() { return *nat_; }
    vnet::flow::Table& table() { return router_->flows().tables().of(0); }

    void add_pool(const PoolSettings& settings, AddressRange range) {
        must(nat_->add_pool(settings));
        must(nat_->add_addresses(settings.name, range));
        take_up();
    }
    /// What control changed is what packets meet from now on.
    void take_up() {
        engine_->rcu().flush();
        engine_->take_up_here();
    }
    /// Frames come in by an interface, as one vector of at most most_frames; what left then.
    std::vector<Sent> run(uint32_t by, std::span<const Bytes> frames) {
        graph::Dispatch& dispatch = engine_->workers().front()->dispatch();
        graph::Frame* frame = dispatch.take_frame();
        if (frame == nullptr || frames.size() > most_frames) {
            throw std::runtime_error("no such vector");
        }
        frame->size = uint16_t(frames.size());
        if (!engine_->pool().allocate(frame->used())) {
            throw std::runtime_error("no buffers");
        }
        for (size_t i = 0; i < frames.size(); ++i) {
            graph::Packet* packet = frame->used()[i];
            if (!packet->resize(uint32_t(frames[i].size()))) {
                throw std::runtime_error("a frame of that size has no room");
            }
            std::copy(frames[i].begin(), frames[i].end(), packet->data());
            packet->meta().rx_interface = by;
        }
        tx_->sent.clear();
        dispatch.enqueue(frame, engine_->graph().find("ethernet-input"));
        dispatch.tick();
        dispatch.drain();
        return std::move(tx_->sent);
    }
    /// Drops so far, as "node/reason", where there are any.
    std::map<std::string, uint64_t> drops() {
        std::map<std::string, uint64_t> all;
        const auto& infos = engine_->graph().drops();
        for (size_t id = 0; id < infos.size(); ++id) {
            if (const uint64_t count = engine_->drops(graph::DropId(id))) {
                all[engine_->graph().name_of(infos[id].node) + "/" + infos[id].name] = count;
            }
        }
        return all;
    }
    /// All drops so far.
    uint64_t dropped() {
        uint64_t all = 0;
        for (size_t id = 0; id < engine_->graph().drops().size(); ++id) {
            all += engine_->drops(graph::DropId(id));
        }
        return all;
    }
    void end_sessions() {
        for (uint32_t index = 1; index <= table().highest(); ++index) {
            if (table()[index].alive()) {
                table().end(index, vnet::flow::Ending::removed);
            }
        }
    }

private:
    template <class T>
    static T must(absl::StatusOr<T> value) {
        must(value.status());
        return std::move(*value);
    }
    static void must(const absl::Status& status) {
        if (!status.ok()) {
            throw std::runtime_error(std::string(status.message()));
        }
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 8192;
        return must(graph::Engine::create(options));
    }
    void add_nat_nodes(graph::Graph& graph) {
        const graph::NodeId lookup_vrf = graph.find("ip4-lookup-vrf");
        const auto& forwarding = router_->forwarding();
        const TellSender::Parts to_sender{router_->icmp_error_slot(), graph.find("icmp4-error"),
                                          unsigned(engine_->workers().size())};
        must(graph.add(std::make_shared<const In2Out>(*translators_, to_sender)).status());
        must(graph.add(std::make_shared<const Out2In>(*translators_, forwarding, lookup_vrf))
                 .status());
        must(graph
                 .add(std::make_shared<const Hairpin>(*translators_, forwarding, lookup_vrf,
                                                      to_sender))
                 .status());
        graph.link("nat44-out2in", "ip4-lookup-vrf");
        graph.link("nat44-hairpin", "ip4-lookup-vrf");
        graph.link("nat44-in2out", "icmp4-error");
        graph.link("nat44-hairpin", "icmp4-error");
        must(graph.add_feature("ip4-output", {"nat44-in2out", {}, {}}));
        must(graph.add_feature("ip4-unicast", {"nat44-out2in", {}, {"ip4-flow"}}));
        must(graph.add_feature("ip4-local", {"nat44-hairpin", {}, {}}));
    }
    uint32_t add_interface(const char* name, graph::NodeId tx, uint64_t mac,
                           const vnet::wire::Ip4Prefix& address) {
        auto state = std::make_shared<vnet::interface::testing::FakeState>();
        state->tx_node = tx;
        state->mac = vnet::wire::MacAddress::from_uint64(mac);
        const uint32_t index = must(router_->interfaces().add(
            name, vnet::interface::testing::FakeDevice::maker(std::move(state))));
        must(router_->addresses().add(name, address));
        must(router_->interfaces().set_up(name, true));
        router_->interfaces().poll_links();
        return index;
    }
    void add_way(const char* interface_name, const vnet::wire::Ip4Prefix& to,
                 vnet::wire::Ip4Address by) {
        must(router_->neighbors().add_fixed(interface_name, by,
                                            vnet::wire::MacAddress::from_uint64(host_mac)));
        must(router_->fib().add(to, vnet::ip4::RouteSource::configured,
                                {vnet::ip4::Via::Kind::next_hop, 0, by}));
    }

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    std::unique_ptr<vnet::Router> router_ = must(vnet::Router::create(*engine_));
    std::shared_ptr<const RigTx> tx_ = std::make_shared<const RigTx>();
    Log log_{engine_->control(), 1, Log::Options()};
    std::unique_ptr<Translators> translators_;
    std::unique_ptr<Nat> nat_;
    vnet::flow::OwnerId owner_ = 0;
};

}  // namespace nat44::testing
