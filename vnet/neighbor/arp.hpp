// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/icmp4/error.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/neighbor/cache.hpp"
#include "vnet/wire/arp.hpp"

namespace vnet::neighbor {

/// The neighbours of IPv4, by ARP (RFC 826, RFC 1122 2.3.2, RFC 5227): asks for them, answers for
/// the router's own addresses, announces and defends those. Control thread.
class Arp final : public Cache<ip4::Family> {
public:
    Arp(const Parts& parts, icmp4::ErrorSlot error_slot, const Nodes& nodes,
        const Settings& settings = {}, Now clock = &Clock::now);
    ~Arp() override;

    /// From the mailbox of arp-input; packets change hands.
    void take_arp(std::span<graph::Packet*> packets);
    /// Who says, for as long as it lives, which other addresses are answered for on an interface
    /// (RFC 1027).
    using AnswersFor = std::function<bool(interface::Index, wire::Ip4Address)>;
    void answer_for(std::weak_ptr<AnswersFor> answers) {
        answers_for_.push_back(std::move(answers));
    }

private:
    void ask(const Key& key, const std::optional<wire::MacAddress>& alone) override;
    void tell_unreachable(graph::Packet* packet) override;

    void answer(const wire::ArpHeader& request, interface::Index interface);
    void announce(interface::Index interface, wire::Ip4Address address);
    void defend(interface::Index interface, wire::Ip4Address address);
    void send_arp(interface::Index interface, const wire::ArpHeader& arp,
                  const wire::MacAddress& destination);

    bool is_answered_for(interface::Index interface, wire::Ip4Address address);

    icmp4::ErrorSlot error_slot_;
    std::vector<std::weak_ptr<AnswersFor>> answers_for_;
    /// When each of the router's addresses was last defended.
    absl::flat_hash_map<Key, Clock::time_point> defended_;
};

}  // namespace vnet::neighbor

extern template class vnet::neighbor::Cache<vnet::ip4::Family>;
