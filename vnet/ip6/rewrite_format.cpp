// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vnet/ip6/rewrite.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::ip6 {

graph::TraceFields Rewrite::format(const graph::TraceStep& step) const {
    if (step.next == nullptr || step.next->dropped()) {
        return {};
    }
    graph::TraceFields fields;
    const auto hops = [](const graph::TraceRecord& record) {
        const auto* ip = wire::view<wire::Ip6Header>(record.from_offset(record.meta.l3_offset));
        return ip == nullptr ? 0U : unsigned(ip->hop_limit);
    };
    const unsigned before = hops(step.at);
    const unsigned after = hops(*step.next);
    fields.emplace_back("hop-limit", before == after
                                         ? fmt::format("{} kept, since the router made it", before)
                                         : fmt::format("{} -> {}", before, after));
    if (const auto* header = wire::view<wire::EthernetHeader>(step.next->data())) {
        fields.emplace_back("link-layer", fmt::format("{} -> {}", header->source.to_string(),
                                                      header->destination.to_string()));
    }
    const uint32_t mtu = forwarding_.adjacency(step.at.meta.adjacency).mtu;
    fields.emplace_back("length",
                        fmt::format("{} of {}", step.at.length - step.at.meta.l3_offset, mtu));
    return fields;
}

}  // namespace vnet::ip6
