// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/nat44/drops.hpp"
#include "plugins/nat44/translation.hpp"
#include "plugins/nat44/translators.hpp"

namespace nat44 {

/// What a node has in hand for a vector: this worker's sessions and translator, the configuration
/// as it is now, and the time.
class Pass {
public:
    Pass(const Translators& translators, graph::Dispatch& dispatch) noexcept
        : dispatch_(dispatch),
          translators_(translators),
          table_(translators.tables().of(dispatch.worker())),
          owner_(translators.owner()) {}

    graph::Dispatch& dispatch() const noexcept { return dispatch_; }
    const Config& config() const noexcept { return translators_.config(); }
    Translator& translator() const noexcept { return translators_.of(dispatch_.worker()); }
    vnet::flow::Table& table() const noexcept { return table_; }

    /// The session that the lookup found, where it is a translator's.
    vnet::flow::Ref ref_of(const graph::Packet& packet) const noexcept {
        const graph::Metadata& meta = packet.meta();
        return meta.has(graph::packet_flag::flow) ? vnet::flow::Ref::from_raw(meta.session)
                                                  : vnet::flow::Ref();
    }
    bool is_ours(const vnet::flow::Session& session) const noexcept {
        return session.owner == translators_.owner() ||
               translators_.tables().is_dry(dispatch_.worker());
    }
    /// For an ICMP error of the router itself: the session of the packet that it is about, whose
    /// number it has kept, in the direction in which it goes. None where it quotes another one.
    vnet::flow::Ref ref_of_own_error(const graph::Packet& packet,
                                     const Subject& subject) const noexcept;
    /// It lives, is ours, and of its packets of this direction one end is translated, which is the
    /// one of this node.
    template <Side side>
    bool translates(const vnet::flow::Session& session,
                    vnet::flow::Direction direction) const noexcept {
        // Who is forward comes from outside, or not; all in one look at owner and flags.
        constexpr uint8_t of_direction = session_flag::from_outside | session_flag::twice;
        static_assert(session_flag::from_outside == 1 &&
                      uint8_t(vnet::flow::Direction::reverse) == 1);
        const auto expected = uint8_t(uint8_t(direction) ^ uint8_t(side != Side::source));
        return ((session.flags & of_direction) ^ expected) == 0 && session.owner == owner_ &&
               session.alive();
    }
    /// Where a packet goes behind this node; asked once for packets of the same interfaces.
    graph::Hop next(const graph::Packet& packet) noexcept {
        const graph::Metadata& meta = packet.meta();
        if (meta.rx_interface != rx_ || meta.tx_interface != tx_ || meta.arc != arc_) [[unlikely]] {
            rx_ = meta.rx_interface;
            tx_ = meta.tx_interface;
            arc_ = meta.arc;
            next_ = dispatch_.next_feature(packet);
        }
        return next_;
    }
    Translator::Asked ask(const Config& config, const vnet::flow::Key& key) const noexcept {
        return {config, key, translators_.tables().tick(dispatch_.now_tsc()), dispatch_.now_tsc(),
                translators_.owner()};
    }
    /// A packet of a session that was not found by the lookup goes by.
    void seen(vnet::flow::Ref ref, const Subject& subject) const noexcept {
        table_.seen(ref, translators_.tables().tick(dispatch_.now_tsc()), tcp_flags(subject));
    }

private:
    graph::Dispatch& dispatch_;
    const Translators& translators_;
    vnet::flow::Table& table_;
    const vnet::flow::OwnerId owner_;
    uint32_t rx_ = graph::no_interface;
    uint32_t tx_ = graph::no_interface;
    uint8_t arc_ = 0xff;
    graph::Hop next_ = graph::Hop::consumed();
};

}  // namespace nat44
