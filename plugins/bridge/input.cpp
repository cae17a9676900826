// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/input.hpp"

#include <array>

#include "graph/limits.hpp"
#include "plugins/bridge/frame.hpp"
#include "vnet/wire/text.hpp"

namespace bridge {

using graph::Hop;

/// One vector: what is known of the port at hand.
class Input::Run {
public:
    Run(const Input& node, graph::Dispatch& dispatch) noexcept
        : node_(node),
          dispatch_(dispatch),
          now_(tick_of(dispatch.now_tsc())),
          live_(node.shared_.station_learner.serves(dispatch.worker())),
          router_(dispatch.entrance(node.arc_, Hop::edge(graph::Edge(Next::router)))) {}

    /// Turns to the packet's port and has both stations' places fetched.
    void prepare(const graph::Packet& packet) noexcept {
        turn_to(packet.meta().rx_interface);
        const auto* header = header_of(packet);
        if (header != nullptr && bridge_ != 0) [[likely]] {
            node_.shared_.stations.prefetch(station(bridge_, header->source));
            node_.shared_.stations.prefetch(station(bridge_, header->destination));
        }
    }

    Hop take(graph::Packet& packet) noexcept {
        turn_to(packet.meta().rx_interface);
        const auto* header = header_of(packet);
        if (header == nullptr) [[unlikely]] {
            return drop(Drop::too_short);
        }
        if (!up_) [[unlikely]] {
            return drop(bridge_ == 0 ? Drop::no_bridge : Drop::interface_down);
        }
        if (header->source.is_multicast()) [[unlikely]] {
            return drop(Drop::bad_source);
        }
        if (is_link_local(header->destination)) [[unlikely]] {
            return drop(Drop::link_local);
        }
        learn(station(bridge_, header->source));
        const bool asks = kinds_ != 0 && may_have_words(header->type) &&
                          node_.ears_.hear(packet, bridge_, kinds_, learns_, dispatch_);
        if (header->destination.is_multicast()) {
            packet.meta().flags |= graph::packet_flag::l2_group;
            return Hop::edge(graph::Edge(asks ? Next::suppress : Next::flood));
        }
        const MacTable::Entry* known =
            node_.shared_.stations.find(station(bridge_, header->destination));
        return known == nullptr ? Hop::edge(graph::Edge(Next::flood))
                                : send(packet, known->interface());
    }

private:
    static Hop drop(Drop reason) noexcept { return Hop::drop(graph::Edge(reason)); }

    void turn_to(Index interface) noexcept {
        if (interface == interface_) [[likely]] {
            return;
        }
        interface_ = interface;
        const bool known = interface < graph::max_interfaces;
        const Ports::Port* port = known ? &node_.shared_.ports.port(interface) : nullptr;
        bridge_ = known ? port->bridge.load(std::memory_order_acquire) : 0;
        up_ = bridge_ != 0 && node_.table_.hot(interface).up();
        group_ = known ? port->group.load(std::memory_order_relaxed) : 0;
        kinds_ = known ? node_.shared_.ports.suppressed(bridge_) : 0;
        learns_ = known && port->learns.load(std::memory_order_relaxed);
    }

    void learn(Station source) noexcept {
        MacTable::Entry* known = node_.shared_.stations.find(source);
        if (known != nullptr && known->interface() == interface_) [[likely]] {
            // A line that many workers read is written only when there is news.
            if (known->heard.load(std::memory_order_relaxed) != now_ && live_) {
                known->heard.store(now_, std::memory_order_relaxed);
            }
        } else if (learns_ && (known == nullptr || !known->fixed())) {
            node_.shared_.station_learner.tell(dispatch_.worker(), {source, interface_},
                                               dispatch_.now_tsc());
        }
    }

    Hop send(graph::Packet& packet, Index to) noexcept {
        if (to == bridge_) {
            packet.meta().rx_interface = bridge_;
            count_received(node_.table_, dispatch_.worker(), bridge_, packet);
            return router_.enter(packet, bridge_);
        }
        if (to == interface_) {
            return drop(Drop::same_port);
        }
        if (group_ != 0 &&
            node_.shared_.ports.port(to).group.load(std::memory_order_relaxed) == group_) {
            return drop(Drop::split_horizon);
        }
        if (packet.length() > longest(node_.table_.hot(to))) {
            return drop(Drop::exceeds_mtu);
        }
        packet.meta().tx_interface = to;
        return Hop::edge(graph::Edge(Next::output));
    }

    const Input& node_;
    graph::Dispatch& dispatch_;
    const Tick now_;
    /// What a dry run hears is no news.
    const bool live_;
    graph::ArcEntrance router_;
    Index interface_ = graph::no_interface;
    Index bridge_ = 0;
    uint32_t group_ = 0;
    uint8_t kinds_ = 0;
    bool up_ = false;
    bool learns_ = false;
};

void Input::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                       graph::Dispatch& dispatch) const noexcept {
    Run run(*this, dispatch);
    constexpr size_t ahead = 8;
    for (size_t i = 0; i < std::min(ahead, packets.size()); ++i) {
        run.prepare(*packets[i]);
    }
    for (size_t i = 0; i < packets.size(); ++i) {
        if (i + 2 * ahead < packets.size()) {
            __builtin_prefetch(packets[i + 2 * ahead]->data());
        }
        if (i + ahead < packets.size()) {
            run.prepare(*packets[i + ahead]);
        }
        hops.set(i, run.take(*packets[i]));
    }
}

graph::TraceFields Input::format(const graph::TraceStep& step) const {
    if (step.next == nullptr || step.next->node == graph::drop_node) {
        return {};
    }
    const graph::Metadata& meta = step.next->meta;
    const Index bridge = shared_.ports.port(step.at.meta.rx_interface).bridge.load();
    graph::TraceFields fields{{"bridge", table_.name_of(bridge)}};
    if (meta.rx_interface == bridge) {
        fields.emplace_back("to", "the router");
    } else if (meta.tx_interface != graph::no_interface) {
        fields.emplace_back("to", table_.name_of(meta.tx_interface));
    } else {
        fields.emplace_back("to", "all ports");
    }
    return fields;
}

}  // namespace bridge
