// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/input.hpp"

#include <algorithm>

#include "graph/limits.hpp"
#include "plugins/bridge/frame.hpp"
#include "vnet/wire/text.hpp"

namespace bridge {

using graph::Hop;

/// One vector: what is known of the port at hand, and of the stations of the frame before.
class Input::Run {
public:
    Run(const Input& node, graph::Dispatch& dispatch) noexcept
        : node_(node),
          dispatch_(dispatch),
          stations_(node.shared_.stations.view()),
          now_(tick_of(dispatch.now_tsc())),
          live_(node.shared_.station_learner.serves(dispatch.worker())),
          router_(dispatch.entrance(node.arc_, Hop::edge(graph::Edge(Next::router)))) {}

    /// The stations of a frame, and where they are looked for.
    struct Look {
        Station source;
        Station destination;
        uint32_t source_bucket;
        uint32_t destination_bucket;
    };

    /// Has the places of both stations fetched.
    void prepare(const graph::Packet& packet, Look& look) noexcept {
        turn_to(packet.meta().rx_interface);
        const auto* header = header_of(packet);
        if (header == nullptr) [[unlikely]] {
            look = {nobody, nobody, 0, 0};
            return;
        }
        const Macs macs(*header);
        look.source = station(bridge_, macs.source);
        look.destination = station(bridge_, macs.destination);
        look.source_bucket = stations_.prefetch(look.source);
        look.destination_bucket = stations_.prefetch(look.destination);
    }

    [[gnu::always_inline]] Hop take(graph::Packet& packet, const Look& look) noexcept {
        turn_to(packet.meta().rx_interface);
        if (look.source == nobody) [[unlikely]] {
            return drop(Drop::too_short);
        }
        if (!up_) [[unlikely]] {
            return drop(bridge_ == 0 ? Drop::no_bridge : Drop::interface_down);
        }
        if (is_group(look.source)) [[unlikely]] {
            return drop(Drop::bad_source);
        }
        if (is_link_local(look.destination)) [[unlikely]] {
            return drop(Drop::link_local);
        }
        learn(look);
        const bool asks = kinds_ != 0 && hears(packet);
        if (is_group(look.destination)) [[unlikely]] {
            packet.meta().flags |= graph::packet_flag::l2_group;
            return Hop::edge(graph::Edge(asks ? Next::suppress : Next::flood));
        }
        if (look.destination != destination_) {
            destination_ = look.destination;
            const MacTable::Entry* known =
                stations_.find(look.destination, look.destination_bucket);
            turn_out(known == nullptr ? 0 : known->interface());
        }
        return send(packet);
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

    void learn(const Look& look) noexcept {
        if (look.source != source_) {
            source_ = look.source;
            known_ = stations_.find(look.source, look.source_bucket);
        }
        if (known_ != nullptr && known_->interface() == interface_) [[likely]] {
            // A line that many workers read is written only when there is news.
            if (known_->heard.load(std::memory_order_relaxed) != now_ && live_) {
                known_->heard.store(now_, std::memory_order_relaxed);
            }
        } else if (learns_ && (known_ == nullptr || !known_->fixed())) {
            node_.shared_.station_learner.tell(dispatch_.worker(), {look.source, interface_},
                                               dispatch_.now_tsc());
        }
    }

    bool hears(const graph::Packet& packet) const noexcept {
        return may_have_words(header_of(packet)->type) &&
               node_.ears_.hear(packet, bridge_, kinds_, learns_, dispatch_);
    }

    /// Turns to the interface that leads to the destination: 0 where nobody knows.
    void turn_out(Index to) noexcept {
        if (to != to_) {
            to_ = to;
            to_group_ = node_.shared_.ports.port(to).group.load(std::memory_order_relaxed);
            const vnet::interface::Hot& port = node_.table_.hot(to);
            // One comparison does for both.
            longest_ = port.operational() ? longest(port) : 0;
        }
    }

    Hop send(graph::Packet& packet) noexcept {
        if (to_ == 0) {
            return Hop::edge(graph::Edge(Next::flood));
        }
        if (to_ == bridge_) {
            packet.meta().rx_interface = bridge_;
            count_received(node_.table_, dispatch_.worker(), bridge_, packet);
            return router_.enter(packet, bridge_);
        }
        if (to_ == interface_) [[unlikely]] {
            return drop(Drop::same_port);
        }
        if (group_ != 0 && to_group_ == group_) [[unlikely]] {
            return drop(Drop::split_horizon);
        }
        if (packet.length() > longest_) [[unlikely]] {
            return drop(longest_ == 0 ? Drop::port_down : Drop::exceeds_mtu);
        }
        packet.meta().tx_interface = to_;
        return Hop::edge(graph::Edge(Next::output));
    }

    /// No station: the mark of a frame that is too short.
    static constexpr Station nobody = ~Station(0);

    const Input& node_;
    graph::Dispatch& dispatch_;
    const MacTable::View stations_;
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
    Station source_ = nobody;
    MacTable::Entry* known_ = nullptr;
    Station destination_ = nobody;
    Index to_ = 0;
    uint32_t to_group_ = 0;
    uint32_t longest_ = 0;
};

void Input::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                       graph::Dispatch& dispatch) const noexcept {
    // Two passes over some packets: the places of all their stations are on their way before the
    // first is needed. All that is touched of so many stays in the nearest cache, which a whole
    // vector with its stations would not.
    constexpr size_t some = 64;
    constexpr size_t ahead = 8;
    Run run(*this, dispatch);
    Run::Look looks[some];
    for (size_t begin = 0; begin < packets.size(); begin += some) {
        const size_t end = std::min(begin + some, packets.size());
        for (size_t i = begin; i < end; ++i) {
            if (i + 2 * ahead < packets.size()) {
                graph::detail::prefetch_lines(packets[i + 2 * ahead]);
            }
            if (i + ahead < packets.size()) {
                __builtin_prefetch(packets[i + ahead]->data());
            }
            run.prepare(*packets[i], looks[i - begin]);
        }
        for (size_t i = begin; i < end; ++i) {
            hops.set(i, run.take(*packets[i], looks[i - begin]));
        }
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
