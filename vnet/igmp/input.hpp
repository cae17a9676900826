// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/mailbox.hpp"
#include "vnet/punt/classes.hpp"

namespace vnet::igmp {

/// Checks queries of the internet group management protocol (RFC 3376 4.1, 9.1) and hands them over
/// to control, which answers them.
class Input {
public:
    enum class Drop : graph::Edge {
        truncated,
        checksum,
        no_query,
        ttl,
        group,
        queue_full,
        rate_limited,
    };
    static constexpr auto info = graph::node<Drop>(
        "igmp-input",
        {{Drop::truncated, "truncated", "shorter than its fixed part, or than its sources"},
         {Drop::checksum, "bad-checksum", "the checksum of the message is wrong"},
         {Drop::no_query, "not-a-query",
          "a report of another listener, which the router needs not"},
         {Drop::ttl, "bad-ttl", "a TTL other than 1"},
         {Drop::group, "bad-group",
          "asks about what is no group, or about all groups and not all systems"},
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

}  // namespace vnet::igmp
