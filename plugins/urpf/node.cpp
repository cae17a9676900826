// SPDX-License-Identifier: Apache-2.0
#include "plugins/urpf/node.hpp"

#include "vnet/fib/lookup_vrf.hpp"

namespace urpf {

namespace {

using vnet::fib::Action;
using vnet::fib::Adjacency;
namespace wire = vnet::wire;

/// Of a packet from its IP header on; unspecified where there is none.
wire::Ip4Address source_of(std::span<const std::byte> packet, vnet::ip4::Family) noexcept {
    const auto* ip = wire::view<wire::Ip4Header>(packet);
    return ip == nullptr ? wire::Ip4Address() : ip->source;
}
wire::Ip6Address source_of(std::span<const std::byte> packet, vnet::ip6::Family) noexcept {
    const auto* ip = wire::view<wire::Ip6Header>(packet);
    return ip == nullptr ? wire::Ip6Address() : ip->source;
}

/// What a table is asked for an address.
uint32_t key_of(wire::Ip4Address address) noexcept {
    return address.value();
}
vnet::ip6::RangeTable::Key key_of(wire::Ip6Address address) noexcept {
    return address;
}

/// No route could say anything of it: a host without an address asks for one from here, and
/// link-local addresses are on every link.
template <class Family>
bool is_of_no_way(typename Family::Address source) noexcept {
    return source == typename Family::Address() || Family::is_of_link(source);
}

}  // namespace

template <class Family>
const Adjacency& SourceCheck<Family>::way_back(Index interface, Address source,
                                               bool default_route) const noexcept {
    const auto key = key_of(source);
    vnet::interface::Vrf vrf = tables_.vrf_of(interface);
    for (unsigned passed = 0;; ++passed) {
        const auto table = tables_.of(vrf).view();
        // Path 0 is no route.
        const Adjacency& way = forwarding_.adjacency(
            forwarding_.at(default_route ? table.lookup(key) : table.painted(key)));
        if (way.action != Action::lookup ||
            passed == vnet::fib::LookupVrf<Family>::most_vrfs_passed) {
            return way;
        }
        vrf = way.vrf;
    }
}

template <class Family>
bool SourceCheck<Family>::leads_back(const Adjacency& way, Mode mode,
                                     Index interface) const noexcept {
    switch (way.action) {
        case Action::forward:
        case Action::resolve:
            return mode == Mode::loose || way.interface == interface;
        case Action::balance:
            return mode == Mode::loose
                       ? forwarding_.groups().leads_anywhere(vnet::fib::GroupIndex(way.group))
                       : forwarding_.groups().leads_by(vnet::fib::GroupIndex(way.group), interface);
        default:
            // Nowhere, or to the router itself, from which nobody else can send.
            return false;
    }
}

template <class Family>
void SourceCheck<Family>::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                                     graph::Dispatch& dispatch) const noexcept {
    if (packets.empty()) {
        return;
    }
    // Mostly all are of one VRF.
    const auto table = tables_.of_interface(packets[0]->meta().rx_interface).view();
    Address sources[graph::vector_size];
    for (size_t i = 0; i < packets.size(); ++i) {
        const graph::Packet& packet = *packets[i];
        sources[i] = source_of(packet.from_offset(packet.meta().l3_offset), Family());
        if constexpr (requires { table.prefetch(key_of(sources[i])); }) {
            table.prefetch(key_of(sources[i]));
        }
    }
    for (size_t i = 0; i < packets.size(); ++i) {
        const Index interface = packets[i]->meta().rx_interface;
        const Setting setting = modes_.of(interface);
        if (setting.mode == Mode::off || is_of_no_way<Family>(sources[i]) ||
            leads_back(way_back(interface, sources[i], setting.default_route), setting.mode,
                       interface)) {
            hops.set(i, dispatch.next_feature(*packets[i]));
            continue;
        }
        modes_.count_drop(dispatch.worker(), interface);
        hops.set(i, graph::Hop::drop(
                        uint16_t(setting.mode == Mode::strict ? Drop::strict : Drop::loose)));
    }
}

template <class Family>
graph::TraceFields SourceCheck<Family>::format(const graph::TraceStep& step) const {
    const Address source = source_of(step.at.from_offset(step.at.meta.l3_offset), Family());
    const Index interface = step.at.meta.rx_interface;
    const Setting setting = modes_.of(interface);
    if (setting.mode == Mode::off) {
        return {};
    }
    graph::TraceFields fields;
    fields.emplace_back("source", source.to_string());
    if (is_of_no_way<Family>(source)) {
        fields.emplace_back("way-back", "none-needed");
        return fields;
    }
    const Adjacency& way = way_back(interface, source, setting.default_route);
    fields.emplace_back("way-back", std::string(vnet::fib::name(way.action)));
    fields.emplace_back("passes", leads_back(way, setting.mode, interface) ? "yes" : "no");
    return fields;
}

}  // namespace urpf

template class urpf::SourceCheck<vnet::ip4::Family>;
template class urpf::SourceCheck<vnet::ip6::Family>;
