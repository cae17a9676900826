// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/format.hpp"

#include <fmt/format.h>

#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6_extensions.hpp"

namespace vnet::fragment {

namespace {

graph::TraceFields fields_of(uint32_t identification, uint32_t begin, uint32_t length, bool more) {
    return {{"datagram", std::to_string(identification)},
            {"bytes", fmt::format("{} to {}{}", begin, begin + length, more ? "" : ", the last")}};
}

}  // namespace

template <>
graph::TraceFields format_fragment<Ip4>(const graph::TraceStep& step) {
    const uint16_t l3 = step.at.meta.l3_offset;
    const auto* ip = wire::view<wire::Ip4Header>(step.at.from_offset(l3));
    if (ip == nullptr || !ip->is_fragment() || step.at.length < l3 + ip->header_length()) {
        return {};
    }
    return fields_of(ip->identification.value(), ip->fragment_offset(),
                     step.at.length - l3 - uint32_t(ip->header_length()), ip->more_fragments());
}

template <>
graph::TraceFields format_fragment<Ip6>(const graph::TraceStep& step) {
    const uint16_t l3 = step.at.meta.l3_offset;
    const auto bytes = step.at.from_offset(l3);
    const wire::Ip6Chain chain = wire::walk_ip6(bytes, step.at.length - l3);
    if (chain.fault != wire::Ip6ChainFault::none || !chain.has_fragment_header()) {
        return {};
    }
    const auto* header = wire::view<wire::Ip6FragmentHeader>(bytes.subspan(chain.fragment_offset));
    return fields_of(
        header->identification.value(), header->offset(),
        step.at.length - l3 - chain.fragment_offset - uint32_t(sizeof(wire::Ip6FragmentHeader)),
        header->more_fragments());
}

graph::TraceFields format_cut(const graph::TraceStep& step,
                              const fib::ForwardingTable& forwarding) {
    if (step.next == nullptr || step.next->dropped()) {
        return {};
    }
    const uint32_t l3 = step.at.meta.l3_offset;
    return {{"length", fmt::format("{}, the first fragment {} of {}", step.at.length - l3,
                                   step.next->length - l3,
                                   forwarding.adjacency(step.at.meta.adjacency).mtu)}};
}

std::string to_string(const Ports& ports) {
    const std::string_view known = wire::name(wire::IpProtocol(ports.protocol));
    std::string text =
        known.empty() ? fmt::format("protocol {}", ports.protocol) : std::string(known);
    if (ports.has(ports_flag::known)) {
        text += fmt::format(" {} -> {}", ports.source, ports.destination);
    }
    if (ports.has(ports_flag::fragment)) {
        text += ports.has(ports_flag::later_fragment) ? ", later fragment" : ", first fragment";
    }
    return text;
}

}  // namespace vnet::fragment
