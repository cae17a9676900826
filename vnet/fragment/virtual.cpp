// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/virtual.hpp"

#include "vnet/fragment/format.hpp"

namespace vnet::fragment {

template <class Family>
graph::Hop VirtualReassembly<Family>::operator()(graph::Packet& packet, Pass& pass) const noexcept {
    if (is_tick(packet)) {
        graph::free_packet(&packet);
        (void)pass.store_->expire(pass.dispatch_.now_tsc(), pass, expired_a_tick);
        return graph::Hop::consumed();
    }
    if (Family::may_be_fragment(packet)) [[unlikely]] {
        return fragment(packet, pass);
    }
    return whole(packet, pass);
}

template <class Family>
graph::Hop VirtualReassembly<Family>::whole(graph::Packet& packet, Pass& pass) const noexcept {
    slot_.of(packet) = Family::upper(packet).ports;
    packet.meta().flags |= graph::packet_flag::ports_noted;
    return pass.dispatch_.next_feature(packet);
}

template <class Family>
graph::Hop VirtualReassembly<Family>::fragment(graph::Packet& packet, Pass& pass) const noexcept {
    Fragment fragment;
    const Kind kind = Family::parse(packet, fragment);
    if (kind == Kind::whole) {
        return whole(packet, pass);
    }
    if (kind != Kind::fragment) {
        return graph::Hop::drop(graph::Edge(drop_for(kind)));
    }
    if (pass.store_ == nullptr) {
        // A dry run waits for nobody: what it would meet behind is shown, with what is known.
        const bool later = fragment.begin != 0;
        return pass_on(packet, later ? Ports() : Family::upper(packet).ports, later, pass);
    }
    stores_.set_scope(packet, fragment);
    const unsigned owner = stores_.owner(fragment.key);
    if (owner != pass.dispatch_.worker()) {
        pass.others_.add(packet, stores_.node(), owner);
        return graph::Hop::consumed();
    }
    const Store::Taken taken = pass.store_->add(packet, fragment, pass.dispatch_.now_tsc(), pass);
    switch (taken.answer) {
        case Store::Answer::passed:
        case Store::Answer::passed_last:
            return pass_on(packet, taken.ports, true, pass);
        case Store::Answer::held:
        case Store::Answer::whole:
            if (fragment.begin == 0) {
                return first(packet, *taken.datagram, pass);
            }
            break;
        case Store::Answer::lost:
            break;
    }
    return graph::Hop::consumed();
}

template <class Family>
graph::Hop VirtualReassembly<Family>::first(graph::Packet& packet, Store::Datagram& datagram,
                                            Pass& pass) const noexcept {
    const auto [ports, bytes] = Family::upper(packet);
    if (bytes < least_first_fragment(wire::IpProtocol(ports.protocol))) {
        pass.store_->refuse(datagram, Loss::tiny, pass);
        return graph::Hop::consumed();
    }
    const uint32_t interface = packet.meta().rx_interface;
    (void)pass.store_->release(datagram, ports, [&, known = ports](graph::Packet& held) {
        // Where a held one came in may be gone by now; where this one did is not.
        held.meta().rx_interface = interface;
        const graph::Hop next = pass_on(held, known, &held != &packet, pass);
        pass.dispatch_.emit(held, next);
    });
    return graph::Hop::consumed();
}

template <class Family>
graph::Hop VirtualReassembly<Family>::pass_on(graph::Packet& packet, Ports ports, bool later,
                                              Pass& pass) const noexcept {
    ports.flags |= ports_flag::fragment;
    if (later) {
        ports.flags |= ports_flag::later_fragment;
    }
    slot_.of(packet) = ports;
    packet.meta().flags |= graph::packet_flag::ports_noted;
    return pass.dispatch_.next_feature(packet);
}

template <class Family>
graph::TraceFields VirtualReassembly<Family>::format(const graph::TraceStep& step) const {
    graph::TraceFields fields = format_fragment<Family>(step);
    if (step.next != nullptr && !step.next->dropped()) {
        fields.emplace_back("flow", to_string(slot_.of(step.next->slots)));
    }
    return fields;
}

template class VirtualReassembly<Ip4>;
template class VirtualReassembly<Ip6>;

}  // namespace vnet::fragment
