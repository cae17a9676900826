// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/mailbox.hpp"
#include "plugins/dhcp-client/watch.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/punt/rate_limit.hpp"

namespace dhcp_client {

/// A feature of the arc "device-input", on while an interface has no lease: takes out what a server
/// sends to its client, which IPv4 would not take in without an address, and looks whether others
/// use the address that is offered.
class Listen {
public:
    enum class Next : graph::Edge { input };
    static constexpr auto info =
        graph::node<Next>("dhcp-client-listen", {{Next::input, "dhcp-client-input"}});

    Listen(const vnet::interface::Table& table, Watch& watch) : table_(table), watch_(watch) {}
    graph::To<Next> operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;

private:
    bool is_for_client(graph::Packet& packet) const noexcept;
    void look_at_arp(const graph::Packet& packet) const noexcept;

    const vnet::interface::Table& table_;
    Watch& watch_;
};

/// Checks what a DHCP server sends, and hands it to control. Takes IPv4 packets of UDP, whose
/// headers nobody may have looked at yet.
class Input {
public:
    enum class Drop : graph::Edge {
        malformed,
        bad_checksum,
        truncated,
        not_a_reply,
        bad_options,
        rate_limited,
        queue_full
    };
    static constexpr auto info = graph::node<Drop>(
        "dhcp-client-input",
        {{Drop::malformed, "malformed", "IPv4 or UDP lengths that cannot be true"},
         {Drop::bad_checksum, "bad-checksum", "the checksum of IPv4 or UDP is wrong"},
         {Drop::truncated, "truncated", "shorter than a DHCP message"},
         {Drop::not_a_reply, "not-a-reply", "not what a DHCP server sends over Ethernet"},
         {Drop::bad_options, "bad-options", "DHCP options that go beyond their field"},
         {Drop::rate_limited, "rate-limited", "more than a server would send in a second"},
         {Drop::queue_full, "queue-full", "more than control takes"}});

    static constexpr std::string_view effects = "handed to control, whose client waits for it";

    Input(graph::Mailbox& to_control, vnet::punt::RateLimit& limit)
        : to_control_(to_control), limit_(limit) {}
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept;
    /// Its checks alone.
    graph::To<graph::NoNext, Drop> preview(const graph::Packet& packet) const noexcept;

private:
    graph::Mailbox& to_control_;
    vnet::punt::RateLimit& limit_;
};

/// The DHCP message in a packet that Input let pass.
std::span<const std::byte> message_of(const graph::Packet& packet) noexcept;

}  // namespace dhcp_client
