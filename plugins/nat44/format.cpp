// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/format.hpp"

#include <fmt/format.h>

#include "plugins/nat44/tuple.hpp"

namespace nat44 {

namespace {

std::optional<Tuple> tuple_of(const graph::TraceRecord& record) {
    const auto bytes = record.from_offset(record.meta.l3_offset);
    const auto* ip = vnet::wire::view<vnet::wire::Ip4Header>(bytes);
    return ip == nullptr ? std::nullopt
                         : read_tuple(*ip, vnet::wire::after(bytes, ip->header_length()));
}

std::string change(const Endpoint& from, const Endpoint& to) {
    return fmt::format("{}:{} -> {}:{}", from.address, from.port.value(), to.address,
                       to.port.value());
}

}  // namespace

graph::TraceFields format_translation(const graph::TraceStep& step) {
    const auto before = tuple_of(step.at);
    const auto after = step.next == nullptr ? std::nullopt : tuple_of(*step.next);
    graph::TraceFields fields;
    if (before && after) {
        if (before->source != after->source) {
            fields.emplace_back("source", change(before->source, after->source));
        }
        if (before->destination != after->destination) {
            fields.emplace_back("destination", change(before->destination, after->destination));
        }
    }
    return fields;
}

}  // namespace nat44
