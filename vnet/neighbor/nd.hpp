// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>

#include "vnet/icmp6/error.hpp"
#include "vnet/ip6/addresses.hpp"
#include "vnet/neighbor/cache.hpp"
#include "vnet/neighbor/nd_message.hpp"

namespace vnet::neighbor {

/// The neighbours of IPv6, by neighbor discovery (RFC 4861): asks for them, answers for the
/// router's own addresses and announces those; and finds out whether an address that is new is
/// somebody else's before it is used (RFC 4862 5.4, RFC 7527). Control thread.
class Nd final : public Cache<ip6::Family> {
public:
    Nd(const Parts& parts, icmp6::ErrorSlot error_slot, const Nodes& nodes,
       const Settings& settings = {}, Now clock = &Clock::now);
    ~Nd() override;

    /// From the mailbox of nd-input; packets change hands.
    void take_nd(std::span<graph::Packet*> packets);
    void tick(Clock::time_point now) override;

    /// Calls back when a host on an interface asks for routers.
    using SolicitationObserver = std::function<void(interface::Index)>;
    void observe_solicitations(SolicitationObserver observer) {
        on_solicitation_ = std::move(observer);
    }
    /// Another station has the address; it stays tentative until the link or the address comes up
    /// anew.
    bool is_duplicate(interface::Index interface, wire::Ip6Address address) const {
        return duplicates_.contains({interface, address});
    }
    /// Sends a message to all who have a multicast address, or to one station.
    void send_message(interface::Index interface, NdMessage& message, wire::Ip6Address source,
                      wire::Ip6Address destination, const wire::MacAddress& mac);
    /// The interface's own link-local address, which is in use; `::`: there is none (yet).
    wire::Ip6Address link_local(interface::Index interface) const;

private:
    /// A detection that goes on.
    struct Detection {
        unsigned tries = 0;
        Clock::time_point due;
        std::array<std::byte, 6> nonce{};
    };

    void ask(const Key& key, const std::optional<wire::MacAddress>& alone) override;
    void tell_unreachable(graph::Packet* packet) override;

    void take(graph::Packet* packet);
    void take_solicitation(interface::Index interface, const wire::Ip6Header& ip,
                           std::span<const std::byte> message, const wire::MacAddress& sender);
    void take_advertisement(interface::Index interface, std::span<const std::byte> message);
    void take_router_solicitation(interface::Index interface, const wire::Ip6Header& ip,
                                  std::span<const std::byte> message);

    void detect(interface::Index interface, wire::Ip6Address address);
    void solicit_self(const Key& key, Detection& detection);
    void found_duplicate(const Key& key);
    void begin_use(const Key& key);

    void advertise(const Key& own, wire::Ip6Address destination, const wire::MacAddress& mac,
                   bool solicited);
    void announce(const Key& own);
    void defend(const Key& own);

    icmp6::ErrorSlot error_slot_;
    SolicitationObserver on_solicitation_;
    std::map<Key, Detection> detections_;
    std::set<Key> duplicates_;
    /// When each of the router's addresses was last defended.
    absl::flat_hash_map<Key, Clock::time_point> defended_;
};

}  // namespace vnet::neighbor

extern template class vnet::neighbor::Cache<vnet::ip6::Family>;
