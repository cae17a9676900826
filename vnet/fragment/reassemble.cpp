// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/reassemble.hpp"

#include "vnet/fragment/format.hpp"

namespace vnet::fragment {

template <class Family>
void Reassemble<Family>::Pass::lost(graph::Packet& packet, Loss why) noexcept {
    if (why == Loss::timed_out_first) {
        dispatch_.count_drop(graph::Edge(Drop::timed_out), packet);
        Family::tell_timed_out(node_.slot_, packet);
        dispatch_.emit(packet, graph::Hop::edge(graph::Edge(Next::error)));
        return;
    }
    DropLosses::lost(packet, why);
}

template <class Family>
graph::Hop Reassemble<Family>::operator()(graph::Packet& packet, Pass& pass) const noexcept {
    if (is_tick(packet)) {
        graph::free_packet(&packet);
        (void)pass.store_.expire(pass.dispatch_.now_tsc(), pass, expired_a_tick);
        return graph::Hop::consumed();
    }
    Fragment fragment;
    const Kind kind = Family::parse(packet, fragment);
    if (kind == Kind::whole) {
        Family::finish_atomic(packet);
        return graph::Hop::edge(graph::Edge(Next::local));
    }
    if (kind != Kind::fragment) {
        return graph::Hop::drop(graph::Edge(drop_for(kind)));
    }
    stores_.set_scope(packet, fragment);
    const unsigned owner = stores_.owner(fragment.key);
    if (owner != pass.dispatch_.worker()) {
        pass.others_.add(packet, stores_.node(), owner);
        return graph::Hop::consumed();
    }
    const graph::Metadata last = packet.meta();
    const Store::Taken taken = pass.store_.add(packet, fragment, pass.dispatch_.now_tsc(), pass);
    if (taken.answer != Store::Answer::whole) {
        return graph::Hop::consumed();
    }
    const Store::Assembled whole =
        pass.store_.assemble(*taken.datagram, Family::longest,
                             Family::header_offset(pass.store_.first(*taken.datagram)), pass);
    if (whole.packet == nullptr) {
        return graph::Hop::consumed();
    }
    graph::Packet& result = *whole.packet;
    Family::finish(result, whole);
    // The first fragment's interface may be gone by now; this one's is not. That one of them came
    // in a broadcast says it of all.
    result.meta().rx_interface = last.rx_interface;
    result.meta().flags |= last.flags & graph::packet_flag::l2_group;
    pass.dispatch_.emit(result, graph::Hop::edge(graph::Edge(Next::local)));
    return graph::Hop::consumed();
}

template <class Family>
graph::TraceFields Reassemble<Family>::format(const graph::TraceStep& step) const {
    return format_fragment<Family>(step);
}

template class Reassemble<Ip4>;
template class Reassemble<Ip6>;

}  // namespace vnet::fragment
