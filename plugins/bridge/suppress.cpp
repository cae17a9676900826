// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/suppress.hpp"

#include "plugins/bridge/ears.hpp"
#include "plugins/bridge/frame.hpp"
#include "vnet/wire/text.hpp"

namespace bridge {

using graph::Hop;

namespace {

constexpr uint16_t not_an_answers = graph::packet_flag::l2_group | graph::packet_flag::local_origin;

}  // namespace

/// The host that is asked for, where it can be spoken for: it is a station behind another port that
/// the asker may reach, and not the asker itself.
const HostTable::Host* Suppress::find(const graph::Packet& packet, const Words& words, Index bridge,
                                      Index& where) const noexcept {
    const HostTable::Host* host = shared_.hosts.find({words.target, bridge});
    if (host == nullptr || host->facts.mac == header_of(packet)->source.to_uint64()) {
        return nullptr;
    }
    const MacTable::Entry* known = shared_.stations.find(
        station(bridge, vnet::wire::MacAddress::from_uint64(host->facts.mac)));
    if (known == nullptr) {
        return nullptr;
    }
    where = known->interface();
    const Index from = packet.meta().rx_interface;
    const vnet::interface::Hot& there = table_.hot(where);
    if (where == from || !(where == bridge ? there.up() : there.operational())) {
        return nullptr;
    }
    // Who may not reach it shall not be told of it.
    const uint32_t group = shared_.ports.port(from).group.load(std::memory_order_relaxed);
    return from != bridge && group != 0 &&
                   shared_.ports.port(where).group.load(std::memory_order_relaxed) == group
               ? nullptr
               : host;
}

Hop Suppress::to_router(graph::Packet& packet, Index bridge,
                        graph::Dispatch& dispatch) const noexcept {
    packet.meta().rx_interface = bridge;
    count_received(table_, dispatch.worker(), bridge, packet);
    return dispatch.start_arc(arc_, packet, Hop::edge(graph::Edge(Next::router)));
}

Hop Suppress::operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    const Hop flood = Hop::edge(graph::Edge(Next::flood));
    const Index from = packet.meta().rx_interface;
    if (from >= graph::max_interfaces) {
        return flood;
    }
    const bool from_router = shared_.ports.members(from) != nullptr;
    const Index bridge =
        from_router ? from : shared_.ports.port(from).bridge.load(std::memory_order_acquire);
    const Words words = words_of(packet.bytes());
    if (bridge == 0 || !words.asks) {
        return flood;
    }
    Index where = 0;
    const HostTable::Host* host = find(packet, words, bridge, where);
    if (host == nullptr) {
        return flood;
    }
    if (where != bridge && !answer(packet, host->facts)) {
        return flood;
    }
    Ports::Answered& answered = shared_.ports.answered(dispatch.worker(), bridge);
    (words.kind == Words::Kind::arp ? answered.arp : answered.nd).add(1);
    if (where == bridge) {
        // The router's own address: it answers itself, and the others need not hear the question.
        return to_router(packet, bridge, dispatch);
    }
    packet.meta().flags &= uint16_t(~not_an_answers);
    if (from_router) {
        packet.meta().tx_interface = graph::no_interface;
        return to_router(packet, bridge, dispatch);
    }
    packet.meta().tx_interface = from;
    return Hop::edge(graph::Edge(Next::output));
}

graph::TraceFields Suppress::format(const graph::TraceStep& step) const {
    const Words words = words_of(step.at.data());
    graph::TraceFields fields{{"target", text_of(words.target)}};
    if (step.next != nullptr && step.next->meta.tx_interface == step.at.meta.rx_interface) {
        fields.emplace_back("answer", "in its name");
    }
    return fields;
}

}  // namespace bridge
