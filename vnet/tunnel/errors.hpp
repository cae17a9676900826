// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/mailbox.hpp"
#include "graph/rate_limit.hpp"
#include "vnet/tunnel/decaps.hpp"
#include "vnet/tunnel/names.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::tunnel {

/// Takes ICMP errors about what tunnels sent, for control, who tells the inner sender and lowers
/// the tunnel's MTU: "tunnel4-errors" and "tunnel6-errors". Other errors go on to who takes the
/// rest.
template <class Family>
class Errors {
public:
    enum class Drop : graph::Edge { not_for_router, rate_limited, full };
    static constexpr auto info = graph::node<Drop>(
        Names<Family>::errors,
        {{Drop::not_for_router, "not-for-router", "an ICMP message that the router has no use for"},
         {Drop::rate_limited, "rate-limited", "more errors about tunnels than are looked at"},
         {Drop::full, "box-full", "control has not yet looked at those before"}});
    static constexpr std::string_view effects =
        "told to control, who tells the inner sender and lowers the tunnel's MTU";
    /// Of each worker.
    static constexpr graph::RateLimit::Limit limit{1000, 100};

    Errors(const Decaps& decaps, const ip4::LocalTable& local, graph::Mailbox& box,
           unsigned workers)
        : decaps_(decaps), local_(local), box_(box), limit_(workers, limit) {}

    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept {
        const auto quote = packet.from_offset(uint16_t(packet.meta().l4_offset + icmp_header));
        if (!is_of_tunnel(quote)) {
            const graph::NodeId rest = local_.rest();
            return rest == graph::no_node ? graph::To<graph::NoNext, Drop>(Drop::not_for_router)
                                          : graph::To<graph::NoNext, Drop>(graph::Hop::node(rest));
        }
        if (!limit_.allowed(dispatch)) {
            return Drop::rate_limited;
        }
        if (!box_.push(packet)) {
            return Drop::full;
        }
        return graph::Hop::consumed();
    }

    /// Bytes between the start of an error and its quote (RFC 792, RFC 4443).
    static constexpr uint16_t icmp_header = 8;

private:
    bool is_of_tunnel(std::span<const std::byte> quote) const noexcept {
        const auto* ip = wire::view<typename Names<Family>::Header>(quote);
        if (ip == nullptr || !Names<Family>::is_plain(*ip)) {
            return false;
        }
        const wire::IpProtocol protocol = Names<Family>::protocol(*ip);
        if (protocol != wire::IpProtocol::udp) {
            return decaps_.protocol(protocol) != graph::no_node;
        }
        const auto* udp = wire::view<wire::UdpHeader>(wire::after(quote, sizeof *ip));
        return udp != nullptr && decaps_.udp_port(udp->destination_port.value()) != graph::no_node;
    }

    const Decaps& decaps_;
    const ip4::LocalTable& local_;
    graph::Mailbox& box_;
    graph::RateLimit limit_;
};

}  // namespace vnet::tunnel
