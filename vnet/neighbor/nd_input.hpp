// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/mailbox.hpp"
#include "vnet/ip6/family.hpp"
#include "vnet/neighbor/known.hpp"
#include "vnet/punt/classes.hpp"

namespace vnet::neighbor {

/// Checks the messages of neighbor discovery (RFC 4861 6.1, 7.1, 8.1) and hands those that a router
/// listens to over to control, which answers and learns.
class NdInput {
public:
    enum class Drop : graph::Edge {
        truncated,
        hop_limit,
        code,
        source,
        destination,
        target,
        option,
        unspecified_link_address,
        not_for_router,
        queue_full,
        rate_limited,
    };
    static constexpr auto info = graph::node<Drop>(
        "nd-input",
        {{Drop::truncated, "truncated", "shorter than its fixed part"},
         {Drop::hop_limit, "bad-hop-limit", "a hop limit below 255: it came from beyond the link"},
         {Drop::code, "bad-code", "the ICMPv6 code is not 0"},
         {Drop::source, "bad-source", "not an address that may send such a message"},
         {Drop::destination, "bad-destination", "not an address that such a message may go to"},
         {Drop::target, "bad-target",
          "about a group, or not about a link-local address where only "
          "that is right"},
         {Drop::option, "bad-option", "an option of length 0, or one that goes beyond the message"},
         {Drop::unspecified_link_address, "unspecified-link-address",
          "from the unspecified address, and with a link-layer address"},
         {Drop::not_for_router, "not-for-router",
          "a router advertisement or a redirect, which routers do not follow"},
         {Drop::queue_full, "queue-full", "more messages than control takes"},
         {Drop::rate_limited, "rate-limited",
          "more messages than may come in a second (punt class neighbor)"}});

    static constexpr std::string_view effects =
        "handed to control, which answers solicitations and notes who is where";

    /// `limits` are asked for the class "neighbor".
    NdInput(graph::Mailbox& to_control, punt::Limits& limits, const Known<ip6::Family>& known)
        : to_control_(to_control), limits_(limits), known_(known) {}
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept;
    /// What it would do, without doing it.
    graph::To<graph::NoNext, Drop> preview(const graph::Packet& packet) const noexcept;

private:
    graph::Mailbox& to_control_;
    punt::Limits& limits_;
    Known<ip6::Family> known_;
};

}  // namespace vnet::neighbor
