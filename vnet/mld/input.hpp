// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/mailbox.hpp"
#include "vnet/punt/classes.hpp"

namespace vnet::mld {

/// Checks queries of multicast listener discovery (RFC 3810 6.2) and hands them over to control,
/// which answers them.
class Input {
public:
    enum class Drop : graph::Edge {
        truncated,
        hop_limit,
        source,
        no_router_alert,
        group,
        queue_full,
        rate_limited,
    };
    static constexpr auto info = graph::node<Drop>(
        "mld-input",
        {{Drop::truncated, "truncated", "shorter than its fixed part, or than its sources"},
         {Drop::hop_limit, "bad-hop-limit", "a hop limit other than 1"},
         {Drop::source, "bad-source", "not from a link-local address"},
         {Drop::no_router_alert, "no-router-alert",
          "without the router alert that every message has (RFC 3810 6)"},
         {Drop::group, "bad-group", "asks about what is no group"},
         {Drop::queue_full, "queue-full", "more queries than control takes"},
         {Drop::rate_limited, "rate-limited",
          "more queries than may come in a second (punt class neighbor)"}});

    static constexpr std::string_view effects =
        "handed to control, which reports the groups that are asked about";

    /// `limits` are asked for the class "neighbor".
    Input(graph::Mailbox& to_control, punt::Limits& limits)
        : to_control_(to_control), limits_(limits) {}
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept;
    /// What it would do, without doing it.
    graph::To<graph::NoNext, Drop> preview(const graph::Packet& packet) const noexcept;

private:
    graph::Mailbox& to_control_;
    punt::Limits& limits_;
};

}  // namespace vnet::mld
