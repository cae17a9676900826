// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/mailbox.hpp"
#include "vnet/ip4/family.hpp"
#include "vnet/neighbor/known.hpp"
#include "vnet/punt/classes.hpp"

namespace vnet::neighbor {

/// Checks ARP packets (RFC 826, RFC 5227) and hands the well-formed ones to control, which answers
/// and learns.
class ArpInput {
public:
    enum class Drop : graph::Edge {
        truncated,
        hardware_type,
        protocol_type,
        hardware_length,
        protocol_length,
        operation,
        sender_mac,
        sender_ip,
        spoofed_mac,
        queue_full,
        rate_limited,
    };
    static constexpr auto info = graph::node<Drop>(
        "arp-input",
        {{Drop::truncated, "truncated", "fewer bytes than an ARP packet for IPv4 over Ethernet"},
         {Drop::hardware_type, "bad-hardware-type", "the hardware type is not Ethernet"},
         {Drop::protocol_type, "bad-protocol-type", "the protocol type is not IPv4"},
         {Drop::hardware_length, "bad-hardware-length", "the hardware address length is not 6"},
         {Drop::protocol_length, "bad-protocol-length", "the protocol address length is not 4"},
         {Drop::operation, "bad-operation", "neither a request nor a reply"},
         {Drop::sender_mac, "bad-sender-mac",
          "the sender's MAC address is zero or a group address"},
         {Drop::sender_ip, "bad-sender-ip", "the sender's IPv4 address cannot be one host's"},
         {Drop::spoofed_mac, "spoofed-mac",
          "the sender in the ARP packet is not the sender of the frame"},
         {Drop::queue_full, "queue-full", "more ARP packets than control takes"},
         {Drop::rate_limited, "rate-limited",
          "more ARP packets than may come in a second (punt class neighbor)"}});

    static constexpr std::string_view effects =
        "handed to control, which learns the sender and answers for the router's own addresses";

    /// `limits` are asked for the class "neighbor".
    ArpInput(graph::Mailbox& to_control, punt::Limits& limits, const Known<ip4::Family>& known)
        : to_control_(to_control), limits_(limits), known_(known) {}
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept;
    /// Its checks alone.
    graph::To<graph::NoNext, Drop> preview(const graph::Packet& packet) const noexcept;

private:
    graph::Mailbox& to_control_;
    punt::Limits& limits_;
    Known<ip4::Family> known_;
};

}  // namespace vnet::neighbor
