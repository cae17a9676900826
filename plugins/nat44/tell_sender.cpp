// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/tell_sender.hpp"

#include <optional>

namespace nat44 {

using vnet::wire::Icmp4Unreachable;

namespace {

/// What the sender is told; nothing where it is none of his business.
std::optional<Icmp4Unreachable> code_for(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::no_address:
        case Verdict::no_port:
        case Verdict::no_block:
        case Verdict::clash:
        case Verdict::table_full:
        case Verdict::hosts_full:
        case Verdict::mappings_full:
            return Icmp4Unreachable::host;
        case Verdict::host_ports:
        case Verdict::host_limit:
        case Verdict::host_rate:
            return Icmp4Unreachable::prohibited;
        default:
            return std::nullopt;
    }
}

}  // namespace

graph::Hop TellSender::operator()(graph::Packet& packet, Verdict verdict,
                                  graph::Dispatch& dispatch) const noexcept {
    const Drop reason = drop_for(verdict);
    const auto code = code_for(verdict);
    if (!code || !limit_.allowed(dispatch)) {
        return drop(reason);
    }
    dispatch.count_drop(graph::Edge(reason), packet);
    vnet::icmp4::ask(slot_, packet, vnet::wire::Icmp4Type::unreachable, uint8_t(*code));
    return graph::Hop::node(icmp_error_);
}

}  // namespace nat44
