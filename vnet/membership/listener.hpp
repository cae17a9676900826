// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/membership/joined_groups.hpp"
#include "vnet/membership/report.hpp"

namespace vnet::membership {

using Clock = std::chrono::steady_clock;

/// Tells the switches and routers of the links which groups the router listens to, by the newest
/// version of `Protocol` (mld::Protocol, igmp::Protocol), and by an older one where somebody asks
/// by that. Reports go out when a group is joined or left, twice, when a link comes up or what they
/// are sent from is another address, and when asked. Control thread.
template <class Protocol>
class Listener {
public:
    using Address = typename Protocol::Address;
    using Now = std::function<Clock::time_point()>;
    struct Parts {
        graph::Engine& engine;
        interface::Table& interfaces;
        typename Protocol::Addresses& addresses;
        JoinedGroups<Address>& groups;
    };
    /// Reports begin at the node `output`.
    Listener(const Parts& parts, graph::NodeId output, Now clock = &Clock::now);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Queries from the mailbox of the protocol's input node; packets change hands.
    void take(std::span<graph::Packet*> packets);
    /// Does what is due at `now`; a timer calls it.
    void tick(Clock::time_point now);

    /// Of one interface.
    struct State {
        interface::Index interface;
        /// Of the reports: that of who asks, and the newest where nobody has.
        unsigned version;
        /// Who asked last; unspecified: nobody.
        Address querier;
        uint64_t queries;
        uint64_t reports;
    };
    /// In order of interfaces.
    std::vector<State> list() const;
    /// Somebody is told of the group.
    static bool is_reported(Address group) noexcept { return Protocol::is_reported(group); }

private:
    struct Group {
        bool joined = false;
        /// Reports of the change that are still to be sent, and when.
        unsigned changes = 0;
        Clock::time_point change_due;
        /// When a query about this group is to be answered.
        std::optional<Clock::time_point> answer_due;
    };
    struct Link {
        std::map<Address, Group> groups;
        /// When a query about all groups is to be answered.
        std::optional<Clock::time_point> answer_due;
        unsigned version = Protocol::newest;
        /// Somebody who asks by an older version was heard, and counts until then.
        std::optional<Clock::time_point> old_until;
        Address querier;
        uint64_t queries = 0;
        uint64_t reports = 0;
    };
    void changed(interface::Index interface, Address group, bool joined);
    void report_anew(interface::Index interface);
    void take(const graph::Packet& packet);
    void answer(Link& link, const Query<Address>& query);
    void look(interface::Index interface, Link& link, Clock::time_point now);
    Clock::time_point within(std::chrono::milliseconds most) const;
    void send(const interface::Interface& interface, Link& link,
              std::span<const Record<Address>> records);

    graph::Engine& engine_;
    interface::Table& interfaces_;
    Protocol protocol_;
    graph::NodeId output_;
    Now clock_;
    std::map<interface::Index, Link> links_;
    graph::Control::Handle timer_;
};

}  // namespace vnet::membership
