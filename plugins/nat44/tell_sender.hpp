// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/rate_limit.hpp"
#include "plugins/nat44/drops.hpp"
#include "vnet/icmp4/error.hpp"

namespace nat44 {

/// Drops a packet from inside for which no session could be made, and has its sender told: host
/// unreachable where there is nothing left for him (RFC 6888 REQ-11), prohibited where he has had
/// as much as he may (RFC 5508 REQ-8). Only so many a second are told, fewer than icmp4-error
/// sends: a flood of packets that are refused costs no more than their drops, and leaves other
/// errors their share. icmp4-error tells nobody about what RFC 1122 3.2.2 excepts.
class TellSender {
public:
    /// Of each worker and node.
    static constexpr graph::RateLimit::Limit limit{100, 20};

    struct Parts {
        vnet::icmp4::ErrorSlot slot;
        /// The node icmp4-error.
        graph::NodeId icmp_error;
        unsigned workers;
    };
    explicit TellSender(const Parts& parts)
        : slot_(parts.slot), icmp_error_(parts.icmp_error), limit_(parts.workers, limit) {}

    graph::Hop operator()(graph::Packet& packet, Verdict verdict,
                          graph::Dispatch& dispatch) const noexcept;

private:
    const vnet::icmp4::ErrorSlot slot_;
    const graph::NodeId icmp_error_;
    const graph::RateLimit limit_;
};

}  // namespace nat44
